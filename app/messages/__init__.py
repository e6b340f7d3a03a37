"""Messages: what the house tells the people who work for a merchant.

Owns *notes* (one thing that happened and that somebody should look at, in everybody's words, never a code) and how far
each member of the staff has read. Promises: a note is written in the unit of what it tells; nobody's reading changes
what others see.
"""

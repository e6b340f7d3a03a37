"""Messages: by whom messages go out, and what the house tells the people who work for a merchant.

Owns the *carriers* (our accounts at the parties that carry messages, each by one *channel*) and *notes* (one thing that
happened and that somebody should look at, in everybody's words, never a code) and how far each member of the staff has
read. Promises: a note is written in the unit of what it tells; nobody's reading changes what others see; a carrier that
is broken or slow keeps no other from carrying; one that was removed carries nothing new, and tells for a month of what
it has. A carrier with an app of its own also *names* the person who stands before it, whom we know by nothing else.
"""

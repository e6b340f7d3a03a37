"""Finance: the meaning of the books. `postings.py` shows an accountant every entry we ever make, one function each.

Owns the *closed days* (what was sold, counted once a day is over; the entitlements stay the truth) and the *bills* of
payment channels with their lines. Promises: each sum opens just the rows that make it; a bill read twice corrects
nothing twice; a line that agrees with nothing waits for a person.
"""

"""Exchanges: a buyer gives a piece that nobody has looked at back, and has another one for it.

Owns the *exchange rule* of the shop (which pieces may become which, for how long, at which fee) and the *exchange*: one
piece, the order that has the other one, and how much of what was paid pays for that. Promises: while an exchange waits
for the rest of its price the piece is in its hand, so nobody looks at it or exchanges it twice; it is taken back in the
very unit that pays the other order; an exchange that is never paid leaves everything as it was; and however long a
chain becomes, no more money goes back than came, and only to where it came from.
"""

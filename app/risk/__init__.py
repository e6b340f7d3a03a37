"""Risk: whether an order may go ahead.

Owns the *fences*: rules of the shop, each with what it counts, of whom, in which *window* of time, how much it lets
pass, and its *mode*: off, watch, review or refuse. Owns the *verdict* over an order, and the *catches*: what a rule
caught, or, on watch, would have. Counts nothing itself: it judges what it is given.
"""

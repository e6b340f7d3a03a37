"""Balances: money that somebody paid the shop ahead, and what becomes of it.

Owns the *account* of a *holder* (a company, or a member of the shop) and its *movements*: each change of an account,
once for its *source*. A *top-up* is an order that pays ahead; a *part* is what a balance holds of an order until the
rest is paid another way. Promises: an account never goes below nothing, however many spend at once; money counts once
for each transfer, order and payback; what a balance held of an order that is never paid is back on it when that ends.
"""

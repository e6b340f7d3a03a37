"""Orders: what a buyer asked for, frozen at placement, and how far it got.

Owns the *order*, its *lines* (SKU, quantity, price), their *parts* (one component of a line: SKU, quantity, source,
price share, cost), its *tenders* (one way it is paid, with the amount due) and its *password* (opens it on another
device). Promises: placing holds the stock of all lines or refuses; nobody holds more unpaid than the shop allows; the
same form posted twice makes one order; paying an order twice changes nothing; an unpaid order ends once, and gives its
stock back; its status is derived from payment, fulfilment, review and closed, never stored.
"""

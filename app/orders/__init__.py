"""Orders: what a buyer asked for, frozen at placement, and how far it got.

Owns the *order*, its *lines* (SKU, quantity, price), their *parts* (one component of a line: SKU, quantity, source,
price share, cost) and its *tenders* (one way it is paid, with the amount due). Promises: placing holds the stock or
refuses; the same form posted twice makes one order; paying an order twice changes nothing; its status is derived
from payment, fulfilment, review and closed, never stored.
"""

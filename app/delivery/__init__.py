"""Telling the buyer, and letting nobody but the buyer in: messages about an order, and the links that lead to its page.

A delivery is one message to one buyer about one order. A link leads to the masked page of an order; who opens it proves
by something the message did not contain that the order is theirs, and only then asks for a code.
"""

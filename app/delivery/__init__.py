"""Telling the buyer, and letting nobody but the buyer in: messages about an order, and the links that lead to its page.

A delivery is one message to one buyer about one order. A link leads to the masked page of an order; who opens it proves
by something the message did not contain that the order is theirs, and only then asks for a code. A *one-time code* is
six digits by mail; who types them in the browser they were asked in is for a time the *owner* of that contact, where
the shop allows it. A *wording* is what the shop itself says with the delivery of a product, in a language, on a page
or in letters; its *versions* never change, and a buyer keeps reading the one that was in force when his code was
ready. The *plan* is a shop's order of ways and its quiet hours; its *guide* finds by it how anybody is told, buyer or
not.
"""

"""Payments: the ways to pay a merchant offers, and what their gateways told us.

Owns *payment methods* (a provider with its sealed credentials and the address of its notices), the *attempts* to pay
(one trade at a gateway each), the inbox of *notices* and the *paybacks* (money that paid for nothing, or is given
back). Promises: the money is recorded first and fulfilment decided second; a notice counts once, however often it
comes; one that is forged, short or meant for somebody else is stored as refused and changes nothing; an order ends
unpaid only after every gateway that was asked said so; an answer that got lost is asked for, never sent twice.
"""

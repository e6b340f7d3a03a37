"""Payments: the ways to pay a merchant offers, and what their gateways told us.

Owns *payment methods* (a provider with its sealed credentials and the address of its notices) and the inbox of
*notices*. Promises: the money is recorded first and fulfilment decided second; a notice counts once, however often
it comes; one that is forged, short or meant for somebody else is stored as refused and changes nothing.
"""

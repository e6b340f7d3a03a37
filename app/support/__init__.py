"""Support: help for a buyer whose code makes trouble, before and when a person of the shop has to look.

Owns the *problem* (what a buyer says is wrong), the *fix step* (what the shop itself says about one, per product and
language) and the *help call* (one buyer with one problem at one entitlement, and how it ended: *solved*, or *stuck*,
which the staff are told of). Promises: the steps follow from how the code really stands; a call holds no code; asking
the same again is the same call.
"""

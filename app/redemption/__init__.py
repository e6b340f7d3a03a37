"""Redemption: an entitlement is used, and is used no more often than it is good for.

Owns the *rule* of a SKU that we redeem ourselves (uses, window, blackout days, *locations*, self-service), the
*voucher* of each such entitlement (its window, frozen at delivery, and a guarded counter), the *redemption* (one act
of using, or of taking one back; only written), and the *bulk* (a list redeemed at once by a task). What only third
parties redeem has no rule; its use is *reported*. Promises: of any number of tries at once just as many succeed as
uses are left; the same key answers the same; a refusal says when, where and how it was used before; a bulk that is
killed uses no row twice and loses none; a code of somebody else looks like one that nobody knows.
"""

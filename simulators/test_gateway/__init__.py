"""The test payment gateway: takes no money, behaves like a gateway that does.

A shop sends the buyer's browser to a signed *start* (`GET /pay`), which opens a *trade*, one per merchant and
out_trade_no. The buyer pays or cancels it on our own page; a paid trade stays paid, a cancelled one opens again
only by a start signed later. A *notice* is the signed message that tells the shop of the payment; it is posted
until the shop answers `success`. A *query* (`GET /query`) is the shop asking. A *refund* (`POST /refund`) gives back
a part or all of what was paid, once for each out_refund_no, and `GET /refund_query` tells of it; `POST /close` ends a
trade that was not paid, seen or not, for good. *Faults* make the gateway ill on demand.

Every signature is HMAC-SHA256 in hex under the merchant's key, which is itself a hex text made from the gateway's
secret and the merchant number. A question is signed over its decoded parameters sorted by name, in the query of a GET
and in the form of a POST; an answer carries the headers of a notice, on refusals too once we know who asks.
"""

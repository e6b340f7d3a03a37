"""The test payment gateway: takes no money, behaves like a gateway that does.

A shop sends the buyer's browser to a signed *start* (`GET /pay`), which opens a *trade*, one per merchant and
out_trade_no. The buyer pays or cancels it on our own page; a paid trade stays paid, a cancelled one opens again
only by a start signed later. A *notice* is the signed message that tells the shop of the payment; it is posted
until the shop answers `success`. A *query* (`GET /query`) is the shop asking. Every signature is HMAC-SHA256 in hex
under the merchant's key, which is itself a hex text made from the gateway's secret and the merchant number.
"""

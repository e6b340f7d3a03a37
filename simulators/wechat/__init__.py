"""WeChat Pay's APIv3 as it is documented, without money: native, H5 and JSAPI orders, notices, refunds, bills.

Written from the facts, never from the connector: it checks the signature of every request from the wire (five lines,
five minutes, a nonce once, merchant and serial), keeps orders (NOTPAY → SUCCESS → REFUND, or CLOSED) and refunds
(PROCESSING → SUCCESS, ABNORMAL or CLOSED), signs its answers, and posts sealed and signed notices until the shop
says 200 or 204: fifteen times, 15 seconds to 6 hours apart, all scaled by `--pace`. A buyer pays on its own pages; the
web authorization that names buyers (snsapi_base) stands here too. *Faults* make it ill on demand.
"""

"""A site of the epay protocol (易支付): takes no money, behaves like the sites that do.

One *merchant* has a number (pid), an MD5 key for the first version and RSA keys for the second. A shop sends the
buyer's browser to `submit.php` or `/api/pay/submit`, or asks `mapi.php` or `/api/pay/create` for a QR code; each opens
a *trade*, one for each out_trade_no. The buyer pays it on our own page. A paid trade is told by a signed *notice*, by
GET or POST, until the shop answers `success`. *Habits* are how forks differ (codes as text, JSON in JSON, a BOM,
capital signatures); *faults* make the site ill or lying on demand.
"""

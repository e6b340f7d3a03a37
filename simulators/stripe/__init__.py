"""A Stripe to try the shop against: Checkout in payment mode, refunds, webhooks, the balance; no card and no money.

Written from Stripe's published API. A key opens an *account*; a *session* is one payment page (`/c/pay/<id>`), which
ends *complete* or *expired*; a paid one has a *payment intent* with a *charge*; *refunds* give back. Each change is
told by an *event* to the account's *endpoints*, signed by the endpoint's secret, again and again for three days until
the answer is a 2xx. A POST under an Idempotency-Key is done once a day, and its answer repeated, errors too.
*Faults* make it ill on demand.
"""

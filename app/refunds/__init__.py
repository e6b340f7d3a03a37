"""Refunds: money back for an order whose codes nobody has seen.

Owns the *refund*. It reads like the process: what the buyer owned is revoked, the codes are set aside, the money goes
back the way it came, the books are reversed. Promises: an order is refunded once; a code that was looked at is not
taken back silently; what a gateway refuses or leaves unknown is shown to people, never forgotten.
"""

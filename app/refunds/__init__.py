"""Refunds: money back for an order or some of it, and the goods taken back for it.

Owns the *refund* and its parts, one for each entitlement. It reads like the process: what the buyer owned is revoked,
the codes are set aside, the money goes back the way it came, the books are reversed. Promises: each piece is refunded
once, and never more goes back than was paid, whoever asks at the same moment; a code that was looked at is not taken
back silently, and never sold again; any series of refunds ends at exactly zero for each party; what a gateway refuses
or leaves unknown is shown to people, never forgotten.
"""

"""What can be done with entitlements, by family of verbs."""

from app.entitlements.service.granting import grant, grant_missing
from app.entitlements.service.revealing import MOST_REVEALS, Opening, Proof, reveal
from app.entitlements.service.revoking import revoke
from app.entitlements.service.serving import serve, serve_promised, serve_stocked
from app.entitlements.service.using import Used, mark_used

__all__ = [
    "MOST_REVEALS",
    "Opening",
    "Proof",
    "Used",
    "grant",
    "grant_missing",
    "mark_used",
    "reveal",
    "revoke",
    "serve",
    "serve_promised",
    "serve_stocked",
]

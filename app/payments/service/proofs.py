"""Proofs of transfers: what buyers give, made anew where it is a picture, and kept as it is where it is a PDF.

Slow, so it belongs outside of units.
"""

from dataclasses import dataclass

from app.kit.pictures import BadPicture, remake
from app.payments.errors import OddProof, ProofTooLarge

MEGABYTES = 5
PDF = "application/pdf"
PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF")


@dataclass(frozen=True)
class Proof:
    """A proof as it is kept: what it is by its own bytes, whatever it was called."""

    media: str
    content: bytes


def read_proof(raw: bytes) -> Proof:
    """Return what a buyer gave as proof; refuses with ProofTooLarge, and with OddProof what is no PDF or picture."""
    if len(raw) > MEGABYTES * 1024 * 1024:
        raise ProofTooLarge(MEGABYTES)
    if raw.startswith(b"%PDF-") and b"%%EOF" in raw[-2048:]:
        return Proof(PDF, raw)
    if not raw.startswith(PICTURES):
        raise OddProof
    try:
        made = remake(raw)
    except BadPicture:
        raise OddProof from None
    return Proof(made.media, made.whole)

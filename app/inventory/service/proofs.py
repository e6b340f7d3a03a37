"""Papers of origin: kept sealed, read by whoever may, each look told; none is ever removed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from app.inventory.errors import OddPaper, TooManyPapers
from app.inventory.events import ProofAdded, ProofDownloaded
from app.inventory.lives import get_proof
from app.inventory.models import Batch, Proof
from app.kit import crypto, db
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.secret import Secret

PAPERS = "proof of origin"
BYTES = "latin-1"  # maps each byte to one letter and back
MOST_PAPERS = 10
MAGIC = ((b"%PDF-", "application/pdf"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))


def add_proof(batch_id: UUID, name: str, content: bytes, *, now: datetime, by: By) -> Proof:
    """File a paper of a batch, sealed; refuses with OddPaper what is no PDF or picture, and with TooManyPapers."""
    media = media_of(content)
    batch = db.session().scalars(select(Batch).where(Batch.id == batch_id).with_for_update()).one()
    if (db.session().scalar(select(func.count()).where(Proof.batch_id == batch.id)) or 0) >= MOST_PAPERS:
        raise TooManyPapers(MOST_PAPERS)
    number, key = new_id(), crypto.key_for(PAPERS, batch.id.hex)
    proof = Proof(
        id=number,
        batch_id=batch.id,
        name=name,
        media=media,
        size=len(content),
        key_id=key.id,
        sealed=key.seal("proof", "sealed", number, Secret(content.decode(BYTES))),
        added_at=now,
        added_by=by.id,
    )
    db.session().add(proof)
    publish(ProofAdded(subject_id=batch.id, proof_id=number, file=name, size=len(content), at=now, by=by))
    return proof


def take_proof(batch_id: UUID, proof_id: UUID | None, *, network: str, now: datetime, by: By) -> tuple[Proof, bytes]:
    """Return a paper and what is in it, and tell that it was taken."""
    proof = get_proof(batch_id, proof_id)
    place = crypto.Sealed("proof", "sealed", proof.merchant_id, proof.id, proof.key_id, proof.sealed)
    content = crypto.unseal(place, PAPERS).expose().encode(BYTES)
    publish(ProofDownloaded(subject_id=batch_id, proof_id=proof.id, file=proof.name, network=network, at=now, by=by))
    return proof, content


def media_of(content: bytes) -> str:
    """Return what a paper is by its first bytes, whatever it calls itself."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    media = next((media for magic, media in MAGIC if content.startswith(magic)), None)
    if media is None:
        raise OddPaper
    return media

"""Consents of a mini program: each tap on "allow" buys one message of one template to one person, and is counted here.

Who is meant stands in the database as a keyed digest; an openid itself is nowhere but sealed, where people are told.
"""

from sqlalchemy import delete, select, update

from app.kit import crypto, db
from app.kit.secret import Secret
from app.messages.models import MiniConsent

PURPOSE = "mini program openid"


def grant_consent(openid: Secret, template: str, count: int = 1) -> None:
    """Count consents that somebody gave for a template."""
    fresh = db.insert_or(MiniConsent).values(
        merchant_id=db.merchant_id(), person=_person(openid), template=template, remaining=count
    )
    more = {"remaining": MiniConsent.remaining + count}
    db.session().execute(fresh.on_conflict_do_update(index_elements=["merchant_id", "person", "template"], set_=more))


def spend_consent(openid: Secret, template: str) -> bool:
    """Use up one consent; tell whether there was one."""
    mine = (MiniConsent.person == _person(openid), MiniConsent.template == template, MiniConsent.remaining > 0)
    return bool(db.changed(update(MiniConsent).where(*mine).values(remaining=MiniConsent.remaining - 1)))


def withdraw_consents(openid: Secret) -> None:
    """Forget all that somebody consented to."""
    db.session().execute(delete(MiniConsent).where(MiniConsent.person == _person(openid)))


def count(openid: Secret, template: str) -> int:
    """Return how many messages of a template somebody may still be sent."""
    mine = (MiniConsent.person == _person(openid), MiniConsent.template == template)
    return db.session().scalar(select(MiniConsent.remaining).where(*mine)) or 0


def _person(openid: Secret) -> bytes:
    return crypto.fingerprint_key(PURPOSE).fingerprint(openid.expose())

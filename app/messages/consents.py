"""Consents of a mini program: each tap on "allow" buys one message of one template to one person, and is counted here.

WeChat tells of the taps at the address for receipts. A consent is spent before its message goes; what certainly did not
go gives it back. Who is meant stands in the database as a keyed digest; an openid itself is nowhere but sealed, where
people are told.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, literal, or_, select, update

from app.kit import crypto, db
from app.kit.secret import Secret
from app.messages.models import MiniConsent
from app.messages.providers import Consent

PURPOSE = "mini program openid"
KEY = ("merchant_id", "person", "template")


def grant_consent(openid: Secret, template: str, *, at: datetime) -> bool:
    """Count one consent that somebody gave for a template at a moment; tell whether it was news."""
    return _tell(openid, template, at, fresh=1, count=MiniConsent.remaining + 1)


def withdraw_consents(openid: Secret, template: str, *, at: datetime) -> bool:
    """Forget what somebody consented to before a moment; tell whether it was news."""
    return _tell(openid, template, at, fresh=0, count=literal(0))


def record_consents(consents: Sequence[Consent]) -> None:
    """Take in what people said to messages of templates; the same told again changes nothing."""
    for one in consents:
        verb = grant_consent if one.given else withdraw_consents
        verb(one.person, one.template, at=one.at)


def spend_consent(openid: Secret, template: str) -> bool:
    """Use up one consent; tell whether there was one."""
    mine = (*_mine(openid, template), MiniConsent.remaining > 0)
    return bool(db.changed(update(MiniConsent).where(*mine).values(remaining=MiniConsent.remaining - 1)))


def give_back(openid: Secret, template: str) -> None:
    """Count a consent again whose message certainly did not go."""
    mine = update(MiniConsent).where(*_mine(openid, template))
    db.changed(mine.values(remaining=MiniConsent.remaining + 1))


def drop_consents(openid: Secret, template: str) -> None:
    """Forget all consents to a template that we have counted: the other side knows of none."""
    db.changed(update(MiniConsent).where(*_mine(openid, template)).values(remaining=0))


def count(openid: Secret, template: str) -> int:
    """Return how many messages of a template somebody may still be sent."""
    return db.session().scalar(select(MiniConsent.remaining).where(*_mine(openid, template))) or 0


def _tell(openid: Secret, template: str, at: datetime, *, fresh: int, count: ColumnElement[int]) -> bool:
    """Write down what somebody said, unless it is as old as what they said last: then it was told twice."""
    row = {"merchant_id": db.merchant_id(), "person": _person(openid), "template": template}
    put = db.insert_or(MiniConsent).values(row | {"remaining": fresh, "told_at": at})
    news = or_(MiniConsent.told_at.is_(None), MiniConsent.told_at < at)
    said = {"remaining": count, "told_at": at}
    return bool(db.changed(put.on_conflict_do_update(index_elements=KEY, set_=said, where=news)))


def _mine(openid: Secret, template: str) -> tuple[ColumnElement[bool], ...]:
    return (MiniConsent.person == _person(openid), MiniConsent.template == template)


def _person(openid: Secret) -> bytes:
    return crypto.fingerprint_key(PURPOSE).fingerprint(openid.expose())

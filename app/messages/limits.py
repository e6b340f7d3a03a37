"""Limits of one-time codes by SMS: whoever asks for them, a number is not called more often than people can read.

Every carrier counts by itself; we count before any of them, over all. How often somebody may ask is the business of
who lets them ask.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select

from app.kit import crypto, db
from app.kit.secret import Secret
from app.messages.models import DigitsSent

LIMITS = ((1, timedelta(minutes=1)), (5, timedelta(hours=1)), (10, timedelta(days=1)))
PURPOSE = "digits"
LONGEST = max(span for _, span in LIMITS)


def may_send(key: UUID, to: Secret, *, now: datetime) -> bool:
    """Tell whether a number may get one more code; of one that it got already, trying again is none more."""
    key_of_index = crypto.find_fingerprint_key(PURPOSE)
    if key_of_index is None:
        return True  # nobody got one yet
    mine = DigitsSent.to_index == key_of_index.fingerprint(to.expose())
    rows = db.session().execute(select(DigitsSent.id, DigitsSent.at).where(mine, DigitsSent.at > now - LONGEST)).all()
    if any(row.id == key for row in rows):
        return True
    return all(sum(row.at > now - span for row in rows) < most for most, span in LIMITS)


def count_sent(key: UUID, to: Secret, *, now: datetime) -> None:
    """Remember that a code went to a number, once, and forget what counts no more."""
    index = crypto.fingerprint_key(PURPOSE).fingerprint(to.expose())
    db.session().execute(delete(DigitsSent).where(DigitsSent.to_index == index, DigitsSent.at <= now - LONGEST))
    row = {"merchant_id": db.merchant_id(), "id": key, "to_index": index, "at": now}
    db.session().execute(db.insert_or(DigitsSent).values(row).on_conflict_do_nothing())

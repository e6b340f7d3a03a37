"""Outside calls of delivery: letters to buyers, and messages by carriers (app/delivery/carried.py).

A letter cannot be asked about and must not come twice, so one that a dying worker left in the middle of its call is
listed as unknown, for a person to decide. Its words are made from how the order stands when it is sent.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from app.delivery import carried
from app.delivery.contents import Posted, list_posted, list_waiting
from app.delivery.models import Channel, State
from app.delivery.plan import OPTIONAL
from app.delivery.rules import mail_address
from app.delivery.service import ending
from app.delivery.service.ending import Told
from app.delivery.service.routing import KINDS as KINDS_OF
from app.delivery.trials import TRIALS
from app.kit import bounces, clock, mail
from app.kit.effects import Answer, Done, GaveUp, Intent, Kind, Lane, Refused, Temporary, Unknown

log = structlog.get_logger()
LEASE = timedelta(minutes=5)  # a slow server may take this long with one letter
AT_RISK = 10  # letters of a batch, listed as unknown after a hard kill; each batch costs three commits


def load_mail(intents: Sequence[Intent]) -> Mapping[UUID, Posted]:
    """Return the letters that have not left yet, each with how its order stands now."""
    waiting = list_waiting(intents, {State.QUEUED})
    posted = list_posted(waiting.values())
    return {number: posted[row.id] for number, row in waiting.items()}


def call_mail(posted: Posted, transport: mail.Transport) -> Answer:
    """Write a letter and hand it over; a fault in the writing of one is no fault of the others."""
    if posted.facts is None:
        return Done()
    if posted.to is None:
        return Temporary("the contact cannot be opened, for its key is missing")
    to = mail_address(posted.to.expose())
    if not to:
        return Refused("the contact is no e-mail address")
    try:
        letter = _written(posted, to, posted.facts)
    except Exception as error:
        log.exception("delivery.not_written", delivery=str(posted.told.delivery_id))
        return Temporary(f"the letter cannot be written: {type(error).__name__}")
    return _handed_over(letter, posted.told, transport)


def _written(posted: Posted, to: str, facts: Mapping[str, Any]) -> mail.Letter:
    more = {name: secret.expose() for name, secret in posted.secrets.items()}
    written = mail.write(f"delivery/{posted.told.about.name.lower()}", to=to, lang=posted.lang, facts={**facts, **more})
    about = posted.told.about
    unsubscribe = mail.link("hooks.unsubscribe", way=facts["way"]) if about in OPTIONAL else ""
    back = bounces.address_for(facts["merchant_id"], posted.told.delivery_id)
    return mail.Letter(
        to, written.subject, written.text, written.html, facts["shop"], facts["reply_to"], unsubscribe, back
    )


def _handed_over(letter: mail.Letter, told: Told, transport: mail.Transport) -> Answer:
    try:
        transport.send(letter, key=told.delivery_id)
    except mail.NotSent as error:
        return Temporary(str(error))
    except ValueError as error:  # a head that cannot be written: nothing of the letter has left
        log.exception("delivery.not_put_together", delivery=str(told.delivery_id))
        return Temporary(f"the letter cannot be put together: {type(error).__name__}")
    except mail.NotTaken as error:
        return Refused(str(error))
    except mail.Doubtful as error:
        return Unknown(str(error))
    return Done(told)


def settle_mail(intent: Intent, answer: Answer) -> None:
    """Record how a letter ended, or why it has not left yet."""
    now = clock.now()
    match answer:
        case Done(None):
            ending.record_dropped(intent.subject_id)
        case Done(told):
            ending.record_sent(told, now=now)
        case Refused(reason):
            ending.record_failed(intent.subject_id, reason=reason, unknown=False, now=now)
        case GaveUp(reason, unknown):
            ending.record_failed(intent.subject_id, reason=reason, unknown=unknown, now=now)
        case Temporary(reason) | Unknown(reason):
            ending.record_delay(intent.subject_id, reason=reason)


LETTER = Kind(
    KINDS_OF[Channel.EMAIL],
    load_mail,
    call_mail,
    settle_mail,
    client=mail.opened,
    lease=LEASE,
    at_risk=AT_RISK,
    lane=Lane.MAIL,
    door=mail.DOOR,
)
KINDS = (LETTER, TRIALS, *carried.KINDS)

"""Letters as outside calls: one kind of effect each, for letters of which nothing is kept but whether they left.

What becomes of a letter to a buyer is kept, so those have kinds of their own (app/delivery/effects.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

from app.kit import mail
from app.kit.effects import Answer, Done, GaveUp, Intent, Kind, Lane, Refused, Temporary, Unknown
from app.kit.secret import Secret

BY_MAIL: dict[str, Any] = {"client": mail.opened, "lane": Lane.MAIL, "door": mail.DOOR, "repeatable": True}


@dataclass(frozen=True)
class Posted:
    """What a letter needs to be written; `token` opens its link, `back` is where it comes back to."""

    key: UUID
    to: Secret
    lang: str
    facts: Mapping[str, Any]
    token: Secret | None = None
    back: str = ""


def letter(
    kind: str,
    template: str,
    load: Callable[[Sequence[Intent]], Mapping[UUID, Posted]],
    settle: Callable[[Intent, bool], None] | None = None,
) -> Kind:
    """Return the kind of one letter; a second copy of it does less harm than none, so it may be repeated.

    `settle` hears whether it left, and nothing in doubt: it may have arrived.
    """
    return Kind(
        kind,
        load,
        partial(_post, template),
        partial(_tell, settle) if settle else _settle,
        client=mail.opened,
        repeatable=True,
        lane=Lane.MAIL,
        door=mail.DOOR,
    )


def circular(kind: str, template: str, load: Callable[[Sequence[Intent]], Mapping[UUID, Sequence[Posted]]]) -> Kind:
    """Return the kind of a letter that goes to several people; who got it before the last one did may get it again."""
    return Kind(
        kind,
        load,
        partial(_post_all, template),
        _settle,
        client=mail.opened,
        repeatable=True,
        lane=Lane.MAIL,
        door=mail.DOOR,
    )


def _post_all(template: str, letters: Sequence[Posted], transport: mail.Transport) -> Answer:
    """Hand over all letters, and return the answer for one that did not leave, or else Done."""
    answers = [_post(template, posted, transport) for posted in letters]
    return next((answer for answer in answers if not isinstance(answer, Done)), Done())


def _post(template: str, posted: Posted, transport: mail.Transport) -> Answer:
    secret = {"token": posted.token.expose()} if posted.token else {}
    try:
        written = mail.write(template, to=posted.to.expose(), lang=posted.lang, facts={**posted.facts, **secret})
        transport.send(replace(written, return_path=posted.back), key=posted.key)
    except mail.NotSent as error:
        return Temporary(str(error))
    except mail.NotTaken as error:
        return Refused(str(error))
    except mail.Doubtful as error:
        return Unknown(str(error))
    return Done()


def _tell(settle: Callable[[Intent, bool], None], intent: Intent, answer: Answer) -> None:
    match answer:
        case Done():
            settle(intent, True)
        case Refused() | GaveUp(unknown=False):
            settle(intent, False)


def _settle(_intent: Intent, _answer: Answer) -> None:
    """Nothing of ours changes: the effect's own row tells whether the letter left."""

"""`mail bounce`."""

import sys
from typing import Any

import click

from app.commands.answer import answers
from app.delivery import service as delivery
from app.gifting import service as gifting
from app.kit import bounces, clock, db
from app.kit.bounces import Bounce

LARGEST = 1024 * 1024


@click.group()
def mail() -> None:
    """Letters."""


@mail.command()
@answers
def bounce() -> Any:
    """Read a letter that came back from standard input, and have whom it was for told by another channel.

    What is no report of a letter of ours is left alone; a mail server takes that for an answer too.
    """
    found = bounces.read(sys.stdin.buffer.read(LARGEST))
    if found is None:
        return {"ok": True, "ours": False}
    return {"ok": True, "ours": True, "news": db.write(found.merchant_id, lambda: _record(found))}


def _record(found: Bounce) -> bool:
    now = clock.now()
    to_buyer = delivery.record_bounced(found.letter, reason=found.reason, for_good=found.for_good, now=now)
    return to_buyer or gifting.record_bounced(found.letter, for_good=found.for_good, now=now)

"""Outside calls of finance: a gateway is asked for the bill of a day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select

from app.finance import service
from app.finance.bills import FETCH
from app.finance.models import Bill, BillState
from app.kit import clock, db
from app.kit.effects import Answer, Done, GaveUp, Intent, Kind, Refused
from app.kit.http import Client
from app.payments import queries as paying

SECONDS = 60  # the file of a busy day takes a while


@dataclass(frozen=True)
class Wish:
    """An open line to a gateway, and the day whose bill is wanted."""

    channel: paying.Channel
    day: date


def load_bill(intents: Sequence[Intent]) -> Mapping[UUID, Wish]:
    """Return the bills to ask for; one that was uploaded since needs no asking."""
    query = select(Bill).where(
        Bill.id.in_([intent.subject_id for intent in intents]), Bill.state == BillState.ASKED, Bill.chunks == 0
    )
    bills = {bill.id: bill for bill in db.session().scalars(query)}
    methods = paying.list_methods_by_id({bill.method_id for bill in bills.values()})
    return {
        intent.id: Wish(paying.channel(methods[bill.method_id]), bill.day)
        for intent in intents
        if (bill := bills.get(intent.subject_id))
    }


def call_bill(wish: Wish, http: Client) -> Answer:
    """Ask for a bill."""
    return paying.speaker(wish.channel).bill(wish.day, wish.channel.account, http)


def settle_bill(intent: Intent, answer: Answer) -> None:
    """Take the bill in, or note why there is none."""
    if isinstance(answer, Done):
        service.take_fetched(intent.subject_id, answer.value, now=clock.now())
    elif isinstance(answer, Refused | GaveUp):
        service.fail_bill(intent.subject_id, answer.reason, now=clock.now())


KINDS = (
    Kind(
        FETCH,
        load_bill,
        call_bill,
        settle_bill,
        client=lambda: Client(SECONDS),
        repeatable=True,
        lease=timedelta(minutes=3),
    ),
)

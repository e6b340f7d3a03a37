"""Outside calls of payments: start one, ask about it, close it, give money back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.kit import clock, db
from app.kit.effects import Answer, Done, GaveUp, Intent, Kind, Refused
from app.kit.http import Client
from app.kit.ids import base32
from app.orders import queries as orders
from app.payments import queries, service
from app.payments.models import Attempt, AttemptState, Payback, PaybackState
from app.payments.providers import Closed, Paid, Start, Trade, Unpaid, provider
from app.payments.providers import Payback as Wish
from app.payments.service import closing, paybacks, starting


@dataclass(frozen=True)
class Call:
    """An open line to a gateway, and what is to be said on it."""

    channel: queries.Channel
    said: Any

    def on(self, verb: str, http: Client) -> Answer:
        """Say it by one of the gateway's verbs."""
        gateway = provider(self.channel.provider)
        answer: Answer = getattr(gateway, verb)(self.said, self.channel.account, self.channel.credentials, http)
        return answer


# Starting --------------------------------------------------------------------------------------------------------


def load_start(intents: Sequence[Intent]) -> Mapping[UUID, Call]:
    """Return what each gateway must know to ask a buyer for money; an attempt that went on needs nothing."""
    due = orders.list_tenders([attempt.tender_id for attempt in _attempts(intents).values()])

    def say(attempt: Attempt) -> Start:
        tender = due[attempt.tender_id]
        pages = (attempt.notify_url, attempt.return_url)
        return Start(base32(tender.id), tender.due, attempt.subject, *pages, attempt.started_at)

    return _calls(intents, say, lambda attempt: attempt.state is AttemptState.STARTING)


def settle_start(intent: Intent, answer: Answer) -> None:
    """Keep the address of the gateway's page, or why there is none."""
    if isinstance(answer, Done):
        service.record_start(intent.subject_id, url=answer.value)
    elif isinstance(answer, Refused | GaveUp):
        service.record_start(intent.subject_id, reason=answer.reason)


# Asking and closing ----------------------------------------------------------------------------------------------


def load_trade(intents: Sequence[Intent]) -> Mapping[UUID, Call]:
    """Return the trades to ask about; those that ended, or that met their tender themselves, need no question.

    Of an order paid another way the trade is asked about all the same: it may have been paid as well, or be yet.
    """
    tenders = orders.list_tenders([attempt.tender_id for attempt in _attempts(intents).values()])
    paid = {(told.tender_id, told.method_id) for told in queries.list_applied(list(tenders))}

    def matters(attempt: Attempt) -> bool:
        return attempt.is_live and (attempt.tender_id, attempt.method_id) not in paid

    return _calls(intents, lambda attempt: Trade(base32(attempt.tender_id)), matters)


def call_close(call: Call, http: Client) -> Answer:
    """Ask whether a trade was paid, and close it when it was not; a payment that slipped in between is told."""
    answer = call.on("query", http)
    return call.on("close", http) if isinstance(answer, Done) and isinstance(answer.value, Unpaid) else answer


def settle_trade(intent: Intent, answer: Answer) -> None:
    """Let a payment that was told of count, and a closed trade free its stock."""
    if not isinstance(answer, Done):
        return
    if isinstance(answer.value, Paid):
        last = intent.kind == queries.CLOSE
        service.settle_told(intent.subject_id, answer.value.told, now=clock.now(), last=last)
    elif isinstance(answer.value, Closed):
        service.settle_closed(intent.subject_id, now=clock.now())


def _calls(
    intents: Sequence[Intent], say: Callable[[Attempt], Any], matters: Callable[[Attempt], bool]
) -> dict[UUID, Call]:
    attempts = {number: attempt for number, attempt in _attempts(intents).items() if matters(attempt)}
    methods = queries.list_methods_by_id({attempt.method_id for attempt in attempts.values()})
    return {
        intent.id: Call(queries.channel(methods[attempt.method_id]), say(attempt))
        for intent in intents
        if (attempt := attempts.get(intent.subject_id))
    }


def _attempts(intents: Sequence[Intent]) -> dict[UUID, Attempt]:
    query = select(Attempt).where(Attempt.id.in_([intent.subject_id for intent in intents]))
    return {attempt.id: attempt for attempt in db.session().scalars(query)}


# Giving back -----------------------------------------------------------------------------------------------------


def load_payback(intents: Sequence[Intent]) -> Mapping[UUID, Call]:
    """Return the money to give back; what went back already needs no call."""
    query = select(Payback).where(Payback.id.in_([intent.subject_id for intent in intents]))
    wanted = {row.id: row for row in db.session().scalars(query) if row.state is not PaybackState.DONE}
    methods = queries.list_methods_by_id({row.method_id for row in wanted.values()})
    return {
        intent.id: Call(queries.channel(methods[row.method_id]), _wish(row))
        for intent in intents
        if (row := wanted.get(intent.subject_id))
    }


def _wish(row: Payback) -> Wish:
    return Wish(base32(row.id), base32(row.tender_id or UUID(int=0)), row.trade_no, row.money)


def settle_payback(intent: Intent, answer: Answer) -> None:
    """Record how a payback ended; while it may still end well nothing is said."""
    now = clock.now()
    match answer:
        case Done():
            service.record_payback(intent.subject_id, PaybackState.DONE, now=now)
        case Refused(reason):
            service.record_payback(intent.subject_id, PaybackState.REFUSED, reason=reason, now=now)
        case GaveUp(reason):
            service.record_payback(intent.subject_id, PaybackState.UNKNOWN, reason=reason, now=now)


KINDS = (
    Kind(
        starting.START,
        load_start,
        lambda call, http: call.on("start", http),
        settle_start,
        client=Client,
        repeatable=True,  # the same trade number again is the same payment
    ),
    Kind(
        closing.QUERY,
        load_trade,
        lambda call, http: call.on("query", http),
        settle_trade,
        client=Client,
        repeatable=True,
    ),
    Kind(queries.CLOSE, load_trade, call_close, settle_trade, client=Client, repeatable=True),
    Kind(
        paybacks.REFUND,
        load_payback,
        lambda call, http: call.on("refund", http),
        settle_payback,
        query=lambda call, http: call.on("refund_query", http),
        client=Client,
    ),
)

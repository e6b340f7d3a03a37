"""Outside calls of payments: start one, ask about it, close it, give money back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.kit import clock, db, reach
from app.kit.effects import Answer, Done, GaveUp, Intent, Kind, Refused
from app.kit.errors import words
from app.kit.http import Client
from app.kit.ids import base32
from app.kit.money import Money
from app.kit.reach import Door
from app.merchants import queries as merchants
from app.orders import queries as orders
from app.orders.queries import TenderState
from app.payments import queries, service
from app.payments.models import Attempt, AttemptState, Payback, PaybackState
from app.payments.providers import Closed, Finding, Paid, Start, Trade, Unpaid, WaitsLong, provider
from app.payments.providers import Payback as Wish
from app.payments.service import asking, methods, paybacks, starting


@dataclass(frozen=True)
class Call:
    """An open line to a gateway, and what is to be said on it."""

    channel: queries.Channel
    said: Any

    def on(self, verb: str, http: Client) -> Answer:
        """Say it by one of the gateway's verbs."""
        gateway = provider(self.channel.provider)
        answer: Answer = getattr(gateway, verb)(self.said, self.channel.account, http)
        return answer


# Starting --------------------------------------------------------------------------------------------------------


def load_start(intents: Sequence[Intent]) -> Mapping[UUID, Call]:
    """Return what each gateway must know to ask a buyer for money; an attempt that went on needs nothing."""
    attempts = _attempts(intents).values()
    due = orders.list_tenders([attempt.tender_id for attempt in attempts])
    ends = orders.list_expiries([attempt.order_id for attempt in attempts])

    def say(attempt: Attempt) -> Start:
        tender = due[attempt.tender_id]
        pages = (attempt.notify_url, attempt.return_url)
        return Start(
            base32(tender.id),
            tender.due,
            attempt.subject,
            *pages,
            attempt.started_at,
            ends[attempt.order_id],
            attempt.scene,
            ip=attempt.ip,
            payer=attempt.payer,
            trade_no=attempt.number,
        )

    def matters(attempt: Attempt) -> bool:
        return attempt.state is AttemptState.STARTING and due[attempt.tender_id].state is not TenderState.REPLACED

    return _calls(intents, say, matters)


def settle_start(intent: Intent, answer: Answer) -> None:
    """Keep the address of the gateway's page, or why there is none."""
    if isinstance(answer, Done):
        opened = answer.value
        service.record_start(intent.subject_id, way=opened.way, url=opened.page, number=opened.number)
    elif isinstance(answer, Refused | GaveUp):
        refused = isinstance(answer, Refused)  # not: a gateway that was away
        service.record_start(intent.subject_id, reason=answer.reason, refused=refused)


# Asking and closing ----------------------------------------------------------------------------------------------


def load_trade(intents: Sequence[Intent]) -> Mapping[UUID, Call]:
    """Return the trades to ask about; those that ended, or that met their tender themselves, need no question.

    Where a notice waits for the gateway's word, it is asked in any case.

    Of an order paid another way the trade is asked about all the same: it may have been paid as well, or be yet.
    """
    tenders = orders.list_tenders([attempt.tender_id for attempt in _attempts(intents).values()])
    paid = {(told.tender_id, told.method_id) for told in queries.list_applied(list(tenders))}
    unconfirmed = queries.list_unconfirmed(list(tenders))
    ends = orders.list_expiries([tender.order_id for tender in tenders.values()])

    def matters(attempt: Attempt) -> bool:
        place = (attempt.tender_id, attempt.method_id)
        return place in unconfirmed or (attempt.is_live and place not in paid)

    def say(attempt: Attempt) -> Trade:
        due, ends_at = tenders[attempt.tender_id].due, ends[attempt.order_id]
        return Trade(base32(attempt.tender_id), attempt.number, due, ends_at)

    return _calls(intents, say, matters)


def call_close(call: Call, http: Client) -> Answer:
    """Ask whether a trade was paid, and close it when it was not; a payment that slipped in between is told."""
    answer = call.on("query", http)
    return call.on("close", http) if isinstance(answer, Done) and isinstance(answer.value, Unpaid) else answer


def settle_trade(intent: Intent, answer: Answer) -> None:
    """Let a payment that was told of count, and a closed trade free its stock."""
    said = answer.value if isinstance(answer, Done) else None
    if isinstance(said, Paid):
        last = intent.kind == queries.CLOSE
        service.settle_told(intent.subject_id, said.told, now=clock.now(), last=last)
    elif isinstance(said, Closed):
        service.settle_closed(intent.subject_id, now=clock.now())
    elif isinstance(answer, Done | Refused | GaveUp):  # a gateway that was silent for a moment is asked on
        if intent.kind == asking.SWEEP:
            service.watch_on(intent.subject_id, now=clock.now())
        elif intent.kind == asking.QUERY:
            service.settle_unpaid(intent.subject_id, now=clock.now())


def _calls(
    intents: Sequence[Intent], say: Callable[[Attempt], Any], matters: Callable[[Attempt], bool]
) -> dict[UUID, Call]:
    attempts = {number: attempt for number, attempt in _attempts(intents).items() if matters(attempt)}
    rows = queries.list_methods_by_id({attempt.method_id for attempt in attempts.values()})
    return {
        intent.id: Call(queries.channel(rows[attempt.method_id]), say(attempt))
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
    rows = queries.list_methods_by_id({row.method_id for row in wanted.values()})
    paid, told_at = queries.list_paid(wanted.values()), queries.list_notify_urls(wanted.values())
    return {
        intent.id: Call(queries.channel(rows[row.method_id]), _wish(row, paid[row.id], told_at[row.id]))
        for intent in intents
        if (row := wanted.get(intent.subject_id))
    }


def _wish(row: Payback, paid: Money, notify_url: str) -> Wish:
    return Wish(base32(row.id), base32(row.tender_id or UUID(int=0)), row.trade_no, row.money, paid, notify_url)


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


# Trying an account out ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trial:
    """An account to try out, and the door at which its gateway would tell us."""

    call: Call
    door: Door


def load_trial(intents: Sequence[Intent]) -> Mapping[UUID, Trial]:
    """Return the accounts to try out."""
    rows = queries.list_methods_by_id({intent.subject_id for intent in intents})
    is_sandbox = merchants.current().sandbox
    return {
        intent.id: Trial(Call(queries.channel(method), None), Door(method.notify_url, NOT_HERE, is_sandbox))
        for intent in intents
        if (method := rows.get(intent.subject_id))
    }


def call_trial(trial: Trial, http: Client) -> Answer:
    """Try an account out, and whether gateways can reach the shop."""
    channel = trial.call.channel
    gateway = provider(channel.provider)
    answer = gateway.probe(channel.account, http)
    if isinstance(gateway, WaitsLong):
        return answer  # nobody tells us anything there
    found = answer.value if isinstance(answer, Done) else (Finding("query", well=False, message=NO_ANSWER),)
    return Done((*found, reach.tried("callback", trial.door, http)))


NO_ANSWER = words("The gateway does not answer.")
NOT_HERE = words("Gateways cannot reach this shop, so payments would only be found by asking.")


def settle_trial(intent: Intent, answer: Answer) -> None:
    """Keep what was found."""
    found = answer.value if isinstance(answer, Done) else (Finding("query", well=False, message=NO_ANSWER),)
    service.record_test(intent.subject_id, found, now=clock.now())


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
        asking.QUERY,
        load_trade,
        lambda call, http: call.on("query", http),
        settle_trade,
        client=Client,
        repeatable=True,
        asks=True,
    ),
    Kind(
        asking.SWEEP,
        load_trade,
        lambda call, http: call.on("query", http),
        settle_trade,
        client=Client,
        repeatable=True,
        asks=True,
    ),
    Kind(queries.CLOSE, load_trade, call_close, settle_trade, client=Client, repeatable=True),
    Kind(methods.PROBE, load_trial, call_trial, settle_trial, client=Client, repeatable=True),
    Kind(
        paybacks.REFUND,
        load_payback,
        lambda call, http: call.on("refund", http),
        settle_payback,
        query=lambda call, http: call.on("refund_query", http),
        client=Client,
    ),
)

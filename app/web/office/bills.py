"""Bills of payment channels in the office: asked for or uploaded, each line matched, every difference worked off."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from flask import g, request
from flask_babel import gettext as _

from app.finance import queries, service
from app.finance.queries import BILL_LINES, Bill, BillLine, BillState, LineKind, Outcome
from app.kit import clock, db, effects, events, tasks
from app.kit.errors import Invalid, NotFound, Refusal, words
from app.kit.ids import from_public, public
from app.kit.listing import listed
from app.payments import queries as paying
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs, streams, unit
from app.web.language import here
from app.web.office import bp
from app.web.office.gateways import method_shown
from app.web.office.lists import tools_of
from app.web.office.shown import steps
from app.web.render import Page, Redirect, page
from app.web.times import business_day
from app.web.upload import Upload

LISTED, LARGEST_UPLOAD = 60, 64
WAIT, SMALL_BILL = 8.0, 3.0  # seconds somebody waits for a gateway, and for a small bill to be read
STATES: Mapping[BillState, tuple[str, str]] = {
    BillState.ASKED: (words("Being fetched"), "info"),
    BillState.READ: (words("Being read"), "info"),
    BillState.DONE: (words("Read"), "ok"),
    BillState.FAILED: (words("No bill"), "bad"),
}
OUTCOMES: Mapping[Outcome, tuple[str, str]] = {
    Outcome.MATCHED: (words("Agrees"), "ok"),
    Outcome.OURS_ONLY: (words("Only in our records"), "bad"),
    Outcome.THEIRS_ONLY: (words("Only in the bill"), "bad"),
    Outcome.AMOUNT_DIFFERS: (words("The amount differs"), "bad"),
    Outcome.FEE_DIFFERS: (words("The fee differed, corrected"), "warn"),
    Outcome.OTHER: (words("Not our payment"), "mute"),
}
REASONS: Mapping[str, str] = {
    "not offered": words("This gateway gives no bills: download yours there and upload it here."),
}
FIELDS: Mapping[str, str] = {
    "number": words("Our order number"),
    "trade_no": words("Number of the channel"),
    "amount": words("Amount"),
    "fee": words("Fee"),
    "at": words("Time"),
    "kind": words("Payment or refund"),
    "refund_no": words("Our refund number"),
}


@dataclass(frozen=True)
class BillShown:
    """One bill: whose it is, of which day, how it stands and how many differences are open."""

    number: str
    method: str
    bill: Bill
    state: str
    tone: str
    reason: str
    open: int

    @property
    def runs(self) -> bool:
        return self.bill.state in (BillState.ASKED, BillState.READ)


@dataclass(frozen=True)
class LineShown:
    """One line, what became of it, and which actions it has."""

    line: BillLine
    number: str
    state: str
    tone: str
    counts: bool
    returns: bool


@bp.get("/<shop>/bills")
@needs("bills.view")
def bills() -> Page:
    rows = queries.list_bills(limit=LISTED)
    methods = paying.list_connected()
    yesterday = business_day(clock.now(), frame().zone) - timedelta(days=1)
    return page(
        "office/bills/bills.html",
        fragments={"bills": "office/bills/_bills.html"},
        rows=_shown(rows),
        methods=[(public("pay", method.id), method_shown(method).name) for method in methods],
        yesterday=yesterday.isoformat(),
        fields=[(name, _(label)) for name, label in FIELDS.items()],
        megabytes=LARGEST_UPLOAD,
    )


@bp.get("/<shop>/bills/lines")
@needs("bills.view")
def bill_lines() -> Page:
    found = listed(BILL_LINES, request.args)
    number = from_public("bil", found.filters["bill"])
    bill = queries.get_bill(number) if number else None
    return page(
        "office/bills/lines.html",
        fragments={"lines": "office/bills/_lines.html"},
        bill=_shown([(bill, 0)])[0] if bill else None,
        task=tasks.find("bill.read", bill.id) if bill else None,
        totals=[(total, *_outcome(total.outcome)) for total in _totals(bill)],
        listed=found,
        list=tools_of(BILL_LINES, found),
        rows=[_line(line) for line in found.page.rows],
        trail=steps(events.timeline(subject=("bill", bill.id))) if bill else [],
    )


def _totals(bill: Bill | None) -> Sequence[queries.Total]:
    return queries.list_totals(bill.id, frame().currency) if bill else []


@bp.post("/<shop>/bills/fetch")
@needs("bills.edit")
@unit(None)
@corrects(bills)
def fetch_bill() -> Redirect:
    """Ask a gateway for a bill while the person waits; what takes longer is on the page later."""
    form, merchant = Form(request.form), frame().merchant_id
    method, day = form.text("method", most=64, required=True), form.date("day")
    form.done()
    if day is None:
        raise Invalid({"day": service.NoDay()})
    ask = partial(service.ask_bill, _number("pay", method), day, now=clock.now(), by=actor().by)
    bill_id = db.write(merchant, lambda: _correcting("day", ask))
    asked = db.read(merchant, lambda: [effect.id for effect in effects.list_of([bill_id])[bill_id]])
    effects.perform(merchant, asked[-1:], within=WAIT)
    return _read(bill_id)


@bp.post("/<shop>/bills/upload")
@needs("bills.edit")
@unit(None)
@streams
@corrects(bills)
def upload_bill() -> Redirect:
    upload = Upload(megabytes=LARGEST_UPLOAD)
    upload.check_csrf()
    g.typed = upload.fields
    form, merchant, now = Form(upload.fields), frame().merchant_id, clock.now()
    method, day = _number("pay", form.text("of_method", most=64, required=True)), form.date("of_day")
    mapped = {name: form.text(f"column_{name}", most=60) for name in FIELDS}
    form.done()
    db.read(merchant, lambda: paying.get_method(method))
    taken = _correcting("file", partial(service.open_bill, upload.pieces(), mapped, frame().currency))
    take = partial(service.take_bill, merchant, method, taken, day=day, now=now, by=actor().by)
    return _read(_correcting("file", take))


def _correcting(field: str, verb: Callable[[], Any]) -> Any:
    """Do something, and set a refusal beside the field of the form that caused it."""
    try:
        return verb()
    except Invalid:
        raise
    except Refusal as refusal:
        raise Invalid({field: refusal}) from refusal


def _read(bill_id: UUID) -> Redirect:
    """Lead to a bill; a small one is read by then."""
    merchant = frame().merchant_id
    task = db.read(merchant, lambda: tasks.find("bill.read", bill_id))
    if task is not None:
        tasks.run(merchant, task.id, seconds=SMALL_BILL)
    return Redirect(here(".bill_lines", bill=public("bil", bill_id)))


@bp.post("/<shop>/bills/lines/<line>/count")
@needs("bills.edit")
def count_line(line: str) -> Redirect:
    service.count_line(_number("bln", line), now=clock.now(), by=actor().by)
    return _back(line, _("Counted, as if the gateway had reported it"))


@bp.post("/<shop>/bills/lines/<line>/return")
@needs("bills.edit")
def return_line(line: str) -> Redirect:
    service.return_line(_number("bln", line), now=clock.now(), by=actor().by)
    return _back(line, _("Money on its way back"))


@bp.post("/<shop>/bills/lines/<line>/explain")
@needs("bills.edit")
def explain_line(line: str) -> Redirect:
    found = queries.get_line(_number("bln", line))
    form = Form(request.form)
    note = form.text("note", most=300, required=True)
    form.done()
    service.explain_line(found.id, note, now=clock.now(), by=actor().by)
    return _back(line, _("Taken off the list"))


def _back(line: str, said: str) -> Redirect:
    bill_id = queries.get_line(_number("bln", line)).bill_id
    return Redirect(here(".bill_lines", bill=public("bil", bill_id), open="1"), toast=said)


def _number(prefix: str, text: str) -> UUID:
    number = from_public(prefix, text)
    if number is None:
        raise NotFound
    return number


def _shown(rows: Sequence[tuple[Bill, int]]) -> list[BillShown]:
    methods = paying.list_methods_by_id({bill.method_id for bill, _open in rows})
    return [
        BillShown(
            public("bil", bill.id),
            method_shown(methods[bill.method_id]).name,
            bill,
            str(_(STATES[bill.state][0])),
            STATES[bill.state][1],
            str(_(REASONS.get(bill.reason, bill.reason))) if bill.reason else "",
            left,
        )
        for bill, left in rows
    ]


def _outcome(outcome: Outcome) -> tuple[str, str, str]:
    name, tone = OUTCOMES[outcome]
    return outcome.name.lower(), str(_(name)), tone


def _line(line: BillLine) -> LineShown:
    explained = line.explained_at is not None
    theirs = line.outcome is Outcome.THEIRS_ONLY and line.is_open
    paid = line.kind is LineKind.PAYMENT
    state = _("Explained") if explained else _outcome(line.outcome)[1]
    return LineShown(
        line,
        public("bln", line.id),
        str(state),
        "mute" if explained else OUTCOMES[line.outcome][1],
        counts=theirs and (paid or line.subject_id is not None),
        returns=theirs and paid,
    )

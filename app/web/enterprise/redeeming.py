"""Redeeming in bulk: a list becomes a preview, is confirmed with its count, and worked off before one's eyes."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from uuid import UUID

from flask import Response, g, request
from flask_babel import gettext as _

from app.accounts import queries as accounts
from app.gifting import queries as gifting
from app.kit import clock, db, tasks
from app.kit.errors import Invalid, NotFound
from app.kit.ids import from_public, public
from app.kit.listing import listed
from app.redemption import queries, service
from app.redemption.queries import Bulk, BulkState, Channel, Result
from app.redemption.service import Asked, Draft, Via
from app.web.enterprise import bp, lists
from app.web.enterprise.acting import check_company, company_id
from app.web.enterprise.batches import find_batch, free_batches, written
from app.web.firms import NotSoMany, reason_words, row_state
from app.web.forms import Form
from app.web.guard import actor, client_network, corrects, frame, needs, streams, unit
from app.web.language import here
from app.web.render import Page, Redirect, page
from app.web.saving import FORMATS, saved

SMALL_LIST = 4.0  # seconds that the sender of a confirmed list waits for all of it; longer ones show how far they are


@bp.get("/redeem")
@needs("company.wallet")
def redeem() -> Page:
    """Show the lists so far to everybody of the company, and the forms for new ones to those who may redeem."""
    return page(
        "enterprise/redeem/redeem.html",
        batches=free_batches() if actor().can("company.redeem") else (),
        places=queries.list_locations(),
        chosen=request.args.get("batch", ""),
        lists=listed(queries.bulks(company_id()), request.args),
        most=service.MOST_ROWS,
        megabytes=lists.LARGEST_UPLOAD,
        secret=True,
    )


@bp.post("/redeem/pasted")
@needs("company.redeem")
@unit(None)
@corrects(redeem)
def redeem_pasted() -> Redirect:
    check_company(request.form.get("company", ""))
    return _drafted(lists.read_text(request.form.get("rows", "")), _("Pasted list"), request.form)


@bp.post("/redeem/file")
@needs("company.redeem")
@unit(None)
@streams
@corrects(redeem)
def redeem_file() -> Redirect:
    upload = lists.open_upload()
    g.typed = upload.fields
    check_company(upload.fields.get("company", ""))
    return _drafted(lists.read_file(lists.content_of(upload)), upload.file_name, upload.fields)


@bp.post("/redeem/batch")
@needs("company.redeem")
@unit(None)
@corrects(redeem)
def redeem_batch() -> Redirect:
    check_company(request.form.get("company", ""))
    form = Form(request.form)
    batch, reference = form.text("batch", most=64, required=True), form.text("reference", most=120)
    quantity = form.number("quantity", default=0)
    form.done()
    name, chosen = db.read(frame().merchant_id, partial(_some_of, batch, quantity))
    return _drafted((Asked(entitlement_id=each, reference=reference) for each in chosen), name, form.fields)


def _some_of(batch: str, quantity: int) -> tuple[str, list[UUID]]:
    """Return what a batch is called and as many of its entitlements as are wanted, given to nobody; or refuse."""
    order = find_batch(batch)
    wanted = quantity if quantity > 0 else service.MOST_ROWS
    free = gifting.list_free(order.id, limit=wanted, now=clock.now())
    if not 0 < quantity <= len(free):
        raise Invalid({"quantity": NotSoMany(len(free))})
    return f"{order.lines[0].title} · {order.number}", free


def _drafted(rows: Iterable[Asked], name: str, fields: Mapping[str, str]) -> Redirect:
    """Take a list in, for the place where its codes are used if one was chosen, and lead to its preview."""
    via = Via(Channel.ENTERPRISE, actor().by, from_public("loc", fields.get("place", "")), client_network())
    made = service.draft_bulk(frame().merchant_id, Draft(via, name, company_id()), rows, now=clock.now())
    return Redirect(here(".bulk", bulk=public("blk", made)))


@bp.get("/redeem/<bulk>")
@needs("company.wallet")
def bulk(bulk: str) -> Page:
    found = find_bulk(bulk)
    answer = page(
        "enterprise/redeem/bulk.html",
        fragments={"bulk": "enterprise/redeem/_bulk.html"},
        secret=True,
        bulk=found,
        number=bulk,
        progress=queries.progress_of(found),
        **_rows_shown(found),
    )
    answer.is_news = found.state is BulkState.DONE and request.headers.get("HX-Target") == "bulk"
    return answer


def _rows_shown(found: Bulk) -> dict[str, object]:
    """Return the figures of a list, problems first, and its rows with why each is refused."""
    some, counts = listed(queries.rows_of(found.id), request.args), queries.count_rows(found.id)
    return {
        "counts": [(state, row_state(state), count) for state, count in counts.items()],
        "listed": some,
        "rows": [(row, reason_words(row.reason)) for row in some.page.rows],
    }


@bp.post("/redeem/<bulk>/confirmation")
@needs("company.redeem")
@unit(None)
@corrects(bulk)
def confirm(bulk: str) -> Redirect:
    form = Form(request.form)
    count = form.number("count", default=0)
    form.done()
    merchant_id, now, by = frame().merchant_id, clock.now(), actor().by
    number = db.read(merchant_id, lambda: find_bulk(bulk).id)
    refusal = db.write(merchant_id, lambda: service.confirm_bulk(number, count=count, now=now, by=by))
    if refusal is not None:
        raise refusal
    task = db.read(merchant_id, lambda: tasks.find(queries.BULK, number))
    if task is not None:
        tasks.run(merchant_id, task.id, seconds=SMALL_LIST)
    return Redirect(here(".bulk", bulk=bulk))


@bp.post("/redeem/<bulk>/retry")
@needs("company.redeem")
def retry(bulk: str) -> Redirect:
    service.retry_bulk(find_bulk(bulk).id, now=clock.now())
    return Redirect(here(".bulk", bulk=bulk), toast=_("It goes on"))


@bp.get("/redeem/<bulk>/export.<kind>")
@needs("company.export")
@unit(None)
def export_bulk(bulk: str, kind: str) -> Response:
    if kind not in FORMATS:
        raise NotFound
    merchant_id, mine = frame().merchant_id, company_id()
    found = db.read(merchant_id, lambda: queries.get_bulk(from_public("blk", bulk), company_id=mine))
    return saved(kind, f"{_('Redeemed')} {written(found.created_at)[:10]}", _header(), _records(merchant_id, found))


def find_bulk(name: str) -> Bulk:
    """Return a list of the company one acts for; anybody else's does not exist."""
    return queries.get_bulk(from_public("blk", name), company_id=company_id())


def _header() -> list[str]:
    return [
        _("Line"), _("Person or reference"), _("Code"), _("Result"), _("Why not"), _("Redeemed"), _("Place"),
        _("Operator"),
    ]  # fmt: skip


def _records(merchant_id: int, found: Bulk) -> Iterator[list[str]]:
    """Yield what became of each row, some at a time, a read unit each."""
    line, operator = 0, _operator(found)
    while some := db.read(merchant_id, partial(queries.results, found.id, after_line=line)):
        line = some[-1].row.line
        yield from (_record(each, operator) for each in some)


def _operator(found: Bulk) -> str:
    user_id = found.actor_id
    emails = db.read(frame().merchant_id, lambda: accounts.list_emails([user_id])) if user_id else {}
    return emails.get(user_id, "") if user_id else ""


def _record(result: Result, operator: str) -> list[str]:
    row, made = result.row, result.redemption
    return [
        str(row.line),
        row.reference,
        f"…{row.tail}" if row.tail else "…",
        row_state(row.state.name.lower()),
        reason_words(row.reason),
        written(made.at if made else None),
        result.place,
        operator if made else "",
    ]

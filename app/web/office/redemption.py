"""Reconciling in the office: what was sold and what became of it; every total opens its rows."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Response, request
from flask_babel import gettext as _

from app.catalog import queries as catalog
from app.companies import queries as companies
from app.entitlements.queries import Entitlement, State
from app.kit import clock, db
from app.kit.errors import NotFound
from app.kit.ids import from_public, public
from app.kit.listing import listed
from app.orders import queries as orders
from app.redemption import queries
from app.redemption.queries import Channel, Redemption, Verdict
from app.web.firms import channel_name
from app.web.guard import frame, needs, unit
from app.web.language import lang
from app.web.office import bp
from app.web.office.shown import class_name
from app.web.render import Page, page
from app.web.saving import FORMATS, saved
from app.web.times import business_day

USUAL_DAYS, MOST_DAYS = 30, 92
BY = ("day", "sku", "company")
NOBODYS = "none"  # what a filter says for no company
KINDS = {"sku": "sku", "company": "com"}  # filters, and the prefix of their ids


@dataclass(frozen=True)
class Asked:
    """Which days are looked at, and by what they are counted."""

    first: date
    last: date
    by: str
    sku: str
    company: str

    @property
    def days(self) -> str:
        return f"{self.first}..{self.last}"

    @property
    def place(self) -> dict[str, str]:
        said = {"first": str(self.first), "last": str(self.last), "by": self.by}
        return said | {name: value for name, value in (("sku", self.sku), ("company", self.company)) if value}


@dataclass(frozen=True)
class Line:
    """One line of the reconciliation: its counts by class, and the filters that open its rows."""

    name: str
    counts: Mapping[str, int]
    filters: Mapping[str, str]


@bp.get("/<shop>/redemption")
@needs("redemption.view")
def redemption() -> Page:
    asked = _asked()
    lines = _lines(asked)
    return page(
        "office/redemption/redemption.html",
        fragments={"reconciliation": "office/redemption/_reconciliation.html"},
        asked=asked,
        lines=lines,
        total=_total(asked, lines),
        uses=_uses(asked),
        narrowed=narrowed({"company": asked.company}),
        **_choices(),
    )


def _choices() -> dict[str, Any]:
    skus = catalog.list_skus()
    named = titles({sku.id for sku in skus})
    return {
        "classes": [(name, class_name(name)) for name in queries.CLASSES],
        "heads": [(class_name(name), "num") for name in queries.CLASSES],
        "skus": [(public("sku", sku.id), f"{named.get(sku.id, '')} · {sku.code}") for sku in skus],
        "formats": list(FORMATS),
    }


@bp.get("/<shop>/redemption/export")
@needs("redemption.view")
@unit(None)
def export_redemption() -> Response:
    kind = kind_of_file()
    lines, asked = db.read(frame().merchant_id, lambda: (_lines(_asked()), _asked()))
    head = {"day": _("Day"), "sku": _("Product"), "company": _("Company")}[asked.by]
    header = [head, *(class_name(name) for name in queries.CLASSES)]
    rows = ([line.name, *(str(line.counts[name]) for name in queries.CLASSES)] for line in lines)
    return saved(kind, f"redemption-{asked.first}-{asked.last}", header, rows)


@bp.get("/<shop>/redemption/entitlements")
@needs("redemption.view")
def entitlements() -> Page:
    found = listed(queries.ENTITLEMENTS, request.args)
    return page(
        "office/redemption/entitlements.html",
        fragments={"entitlements": "office/redemption/_entitlements.html"},
        listed=found,
        narrowed=narrowed(found.filters),
        rows=_owned(found.page.rows),
        classes=[("", _("All")), *((name, class_name(name)) for name in queries.CLASSES if name != "sold")],
        formats=list(FORMATS),
    )


@bp.get("/<shop>/redemption/entitlements/export")
@needs("redemption.view")
@unit(None)
def export_entitlements() -> Response:
    kind = kind_of_file()
    chosen = {name: request.args.get(name, "") for name in queries.ENTITLEMENTS.filters}
    header = [_("Order"), _("Product"), _("Code"), _("Status"), _("Company"), _("Sold at"), _("First seen"), _("Uses"),
              _("Last used"), _("Redeemed by way of")]  # fmt: skip
    return saved(kind, "entitlements", header, _file(frame().merchant_id, chosen))


def kind_of_file() -> str:
    """Return which kind of file is asked for."""
    kind = request.args.get("kind", "csv")
    if kind not in FORMATS:
        raise NotFound
    return kind


def channel_title(channel: Channel) -> str:
    """Return what a channel is called where its name stands alone."""
    name = channel_name(channel)
    return name[:1].upper() + name[1:]


def narrowed(filters: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what a list or a count is narrowed to, in words, by the filters that have no entry in its form."""
    sku, company = (from_public(kind, filters.get(name, "")) for name, kind in KINDS.items())
    words = {
        "day": filters.get("day", "").replace("..", " – "),
        "sku": titles({sku}).get(sku, "") if sku else "",
        "company": companies.list_names([company]).get(company, "") if company else "",
    }
    if filters.get("company") == NOBODYS:
        words["company"] = _("Private buyers")
    return [(name, said or filters[name]) for name, said in words.items() if filters.get(name)]


# Counting ---------------------------------------------------------------------------------------------------------


def _asked() -> Asked:
    """Return what the address asks for; what is no day, or the wrong way round, is the last month."""
    today = business_day(clock.now(), frame().zone)
    last = min(_day("last") or today, today)
    first = _day("first") or last - timedelta(days=USUAL_DAYS - 1)
    first = max(min(first, last), last - timedelta(days=MOST_DAYS - 1))
    by = request.args.get("by", "")
    sku, company = (_arg(name) if from_public(kind, _arg(name)) else "" for name, kind in KINDS.items())
    return Asked(first, last, by if by in BY else "day", sku, company)


def _arg(name: str) -> str:
    return request.args.get(name, "")


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def _lines(asked: Asked) -> list[Line]:
    sku_id, company_id = from_public("sku", asked.sku), from_public("com", asked.company)
    wanted: Any = {"first": asked.first, "last": asked.last, "sku_id": sku_id, "company_id": company_id}
    if asked.by == "company":
        counted = queries.tallies_by_company(**wanted, now=clock.now())
        names = companies.list_names([number for number, _counts in counted if number])
        return [_of_company(number, counts, names, asked) for number, counts in counted]
    found = queries.tallies(**wanted, now=clock.now())
    summed: dict[Any, dict[str, int]] = {}
    for tally in found:
        line = summed.setdefault(tally.day if asked.by == "day" else tally.sku_id, dict.fromkeys(queries.CLASSES, 0))
        for name, count in tally.counts.items():
            line[name] += count
    if asked.by == "day":
        return [Line(str(day), counts, _kept(asked) | {"day": str(day)}) for day, counts in summed.items()]
    named = titles(set(summed))
    lines = [
        Line(named.get(number, ""), counts, _kept(asked) | {"sku": public("sku", number), "day": asked.days})
        for number, counts in summed.items()
    ]
    return sorted(lines, key=lambda line: (-line.counts["sold"], line.name))


def _of_company(number: UUID | None, counts: Mapping[str, int], names: Mapping[UUID, str], asked: Asked) -> Line:
    name = names.get(number, "") if number else _("Private buyers")
    owner = public("com", number) if number else NOBODYS
    return Line(name, counts, _kept(asked) | {"company": owner, "day": asked.days})


def _kept(asked: Asked) -> dict[str, str]:
    return {name: value for name, value in (("sku", asked.sku), ("company", asked.company)) if value}


def _total(asked: Asked, lines: Sequence[Line]) -> Line:
    counts = {name: sum(line.counts[name] for line in lines) for name in queries.CLASSES}
    return Line(_("Total"), counts, _kept(asked) | {"day": asked.days})


def _uses(asked: Asked) -> list[tuple[Mapping[str, str], str, int]]:
    """Return the filters, the name and the uses of each channel in these days."""
    zone = ZoneInfo(frame().zone)
    since = datetime.combine(asked.first, datetime.min.time(), zone)
    until = datetime.combine(asked.last + timedelta(days=1), datetime.min.time(), zone)
    sku_id, company_id = from_public("sku", asked.sku), from_public("com", asked.company)
    counted = queries.count_uses(since=since, until=until, company_id=company_id)
    sums: Counter[Channel] = Counter()
    for (sku, channel), uses in counted.items():
        sums[channel] += uses if sku_id in (None, sku) else 0
    shown = _kept(asked) | {"day": asked.days}
    return [(shown | {"channel": each.name.lower()}, channel_title(each), sums[each]) for each in Channel if sums[each]]


# Rows -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OwnedShown:
    """One entitlement with what became of it."""

    row: Entitlement
    title: str
    number: str
    company: str
    state: str
    last: Redemption | None
    channel: str


def _owned(rows: Sequence[Entitlement]) -> list[OwnedShown]:
    verdicts = queries.validate([row.id for row in rows], now=clock.now())
    named, numbers = titles({row.sku_id for row in rows}), orders.list_numbers(row.order_id for row in rows)
    owners = orders.list_companies(row.order_id for row in rows)
    names = companies.list_names(list(set(owners.values())))
    return [
        OwnedShown(
            row,
            named.get(row.sku_id, ""),
            numbers.get(row.order_id, ""),
            names.get(owners[row.order_id], "") if row.order_id in owners else "",
            _state(row, verdict),
            verdict.last_use,
            channel_title(verdict.last_use.channel) if verdict.last_use else "",
        )
        for row, verdict in zip(rows, verdicts, strict=True)
    ]


def _state(row: Entitlement, verdict: Verdict) -> str:
    if row.state is not State.READY:
        return row.state.name.lower()
    if row.used:
        return "redeemed"
    facts = verdict.standing.facts if verdict.standing else None
    return "expired" if facts and facts.valid_until and facts.valid_until <= clock.now() else "ready"


def _file(merchant_id: int, chosen: dict[str, str]) -> Iterator[list[str]]:
    """Yield the rows of a list page by page, a read unit each."""
    cursor: str | None = ""
    while cursor is not None:
        some, cursor = db.read(merchant_id, partial(_some, chosen | {"cursor": cursor, "size": "200"}))
        yield from map(_cells, some)


def _some(args: dict[str, str]) -> tuple[list[OwnedShown], str | None]:
    found = listed(queries.ENTITLEMENTS, args)
    return _owned(found.page.rows), found.page.next


def _cells(shown: OwnedShown) -> list[str]:
    row = shown.row
    words = [shown.number, shown.title, f"…{row.tail}", class_name(shown.state), shown.company, written(row.granted_at)]
    return [*words, written(row.first_revealed_at), str(row.used), written(row.last_used_at), shown.channel]


def written(at: datetime | None) -> str:
    """Return a moment as files say it, on the clocks of the shop."""
    return f"{at.astimezone(ZoneInfo(frame().zone)):%Y-%m-%d %H:%M:%S}" if at else ""


def titles(sku_ids: set[UUID]) -> dict[UUID, str]:
    """Return what SKUs are called, in the reader's language."""
    return catalog.titles(sku_ids, lang(), frame().lang)

"""Turnover in the office: what came, what went, what it cost and brought; every total opens its codes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Response, request
from flask_babel import gettext as _

from app.catalog import queries as catalog
from app.finance import queries as counting
from app.finance.queries import NARROWING, Group, Span, Sums, UsesShown
from app.inventory import queries as inventory
from app.inventory.queries import Code
from app.kit import clock, db
from app.kit.errors import words
from app.kit.ids import from_public, public
from app.kit.listing import listed
from app.kit.money import Money
from app.orders import queries as orders
from app.web.guard import frame, needs, unit
from app.web.office import bp
from app.web.office.redemption import kind_of_file, titles
from app.web.office.weeks import chart
from app.web.render import Page, page
from app.web.saving import FORMATS, saved
from app.web.times import business_day

USUAL_DAYS, MOST_SHOWN = 30, 200
BY: Mapping[str, str] = {
    "sku": words("Product"),
    "batch": words("Batch"),
    "supplier": words("Supplier"),
    "tag": words("Tag"),
}
NAMES: Mapping[str, str] = {
    "opening": words("Opening stock"),
    "in": words("Came in"),
    "sold": words("Sold"),
    "set_aside": words("Set aside"),
    "void": words("Void"),
    "expired": words("Expired"),
    "closing": words("Closing stock"),
    "returned": words("Taken back"),
}


@dataclass(frozen=True)
class Asked:
    """Which days are looked at, by what they are counted, and what they are narrowed to."""

    span: Span
    by: str
    narrowed: Mapping[str, str]

    @property
    def days(self) -> str:
        return f"{self.span.first}..{self.span.last}"

    @property
    def place(self) -> dict[str, str]:
        said = {"first": str(self.span.first), "last": str(self.span.last), "by": self.by}
        return said | {name: value for name, value in self.narrowed.items() if value}


@dataclass(frozen=True)
class Line:
    """One line of the report, with the filters that open its codes and the report narrowed to it."""

    name: str
    sums: Sums
    filters: Mapping[str, str]


@bp.get("/<shop>/turnover")
@needs("reports.view")
def turnover() -> Page:
    asked = _asked()
    return page(
        "office/turnover/turnover.html",
        fragments={"turnover": "office/turnover/_turnover.html"},
        asked=asked,
        narrowed=_narrowed(asked),
        **_figures(asked),
        **_choices(asked),
    )


def _figures(asked: Asked) -> dict[str, Any]:
    lines, total = _lines(asked)
    shown = [_shown(line, asked) for line in lines[:MOST_SHOWN]]
    return {"lines": shown, "total": _shown(total, asked), "chart": chart(asked.span, total.sums), "most": MOST_SHOWN}


def _choices(asked: Asked) -> dict[str, Any]:
    return {
        "first": _(BY[asked.by]),
        "whats": [(name, _(text)) for name, text in NAMES.items()],
        "heads": [(_(text), "num") for text in NAMES.values()],
        "by_choices": [(name, _(text)) for name, text in BY.items()],
        "formats": list(FORMATS),
    }


@bp.get("/<shop>/turnover/export")
@needs("reports.view")
@unit(None)
def export_turnover() -> Response:
    kind = kind_of_file()
    asked, (lines, total) = db.read(frame().merchant_id, lambda: (_asked(), _lines(_asked())))
    header = [_(BY[asked.by]), *(_(name) for name in NAMES.values()), *(_(name) for name in FIGURES.values())]
    rows = (_cells(line, asked) for line in [*lines, total])
    return saved(kind, f"turnover-{asked.span.first}-{asked.span.last}", header, rows)


@bp.get("/<shop>/turnover/codes")
@needs("reports.view")
def turnover_codes() -> Page:
    found = listed(counting.MOVED, request.args)
    what, _dot, days = found.filters["moved"].partition(".")
    return page(
        "office/turnover/codes.html",
        fragments={"turnover-codes": "office/turnover/_codes.html"},
        listed=found,
        what=_(NAMES[what]) if what in NAMES else "",
        days=days.replace("..", " – "),
        **_codes(found.page.rows),
        uses=_uses(),
    )


def _uses() -> list[tuple[UsesShown, str]]:
    """Return the shared codes behind a figure with what they are sold as, above the first page of codes."""
    found = [] if request.args.get("cursor") else counting.uses_of(request.args)
    named = titles({each.shared.sku_id for each in found})
    return [(each, named.get(each.shared.sku_id, "")) for each in found]


def _codes(codes: Sequence[Code]) -> dict[str, Any]:
    owned = counting.sold_of(codes)
    return {
        "rows": [(code, owned.get(code.id)) for code in codes],
        "batches": inventory.list_batches_by_id({code.batch_id for code in codes}),
        "titles": titles({code.sku_id for code in codes}),
        "numbers": orders.list_numbers({row.order_id for row in owned.values()}),
    }


# What is asked ----------------------------------------------------------------------------------------------------


def _asked() -> Asked:
    """Return what the address asks for; what is no day, or the wrong way round, is the last month."""
    today = business_day(clock.now(), frame().zone)
    last = min(_day("last") or today, today)
    first = min(_day("first") or last - timedelta(days=USUAL_DAYS - 1), last)
    by = request.args.get("by", "")
    narrowed = {name: request.args.get(name, "")[:200] for name in NARROWING}
    return Asked(Span.of(first, last), by if by in BY else "sku", narrowed)


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def _narrowed(asked: Asked) -> list[tuple[str, str]]:
    """Return what the report is narrowed to, in words."""
    said = {name: value for name, value in asked.narrowed.items() if value}
    return [
        (name, _("%(label)s: %(words)s", label=_(BY[name]), words=_name_of(name, value)))
        for name, value in said.items()
    ]


def _name_of(by: str, said: str) -> str:
    number = from_public({"sku": "sku", "batch": "bat"}.get(by, ""), said)
    if by == "sku":
        return titles({number}).get(number, said) if number else said
    if by == "batch":
        found = inventory.list_batches_by_id([number]) if number else {}
        return found[number].name if number in found else said
    return said.removeprefix("=") or _("No supplier named")


# Lines ------------------------------------------------------------------------------------------------------------


def _lines(asked: Asked) -> tuple[list[Line], Line]:
    """Return the lines, what brought most first, and the total, which counts each code once."""
    summed: dict[Any, Sums] = {}
    total = Sums()
    for group in counting.groups(asked.span, **asked.narrowed):
        total.add(group.sums)
        for key in _keys(group, asked.by):
            summed.setdefault(key, Sums()).add(group.sums)
    named = _names(asked.by, summed)
    kept = {name: value for name, value in asked.narrowed.items() if value}
    lines = [Line(named[key], sums, kept | _filter(asked.by, key)) for key, sums in summed.items()]
    lines.sort(key=lambda line: (-line.sums.revenue, -line.sums.counts["closing"], line.name))
    return lines, Line(_("Total"), total, kept)


def _keys(group: Group, by: str) -> Sequence[Any]:
    if by == "tag":
        return sorted(group.tags) or [""]
    return [{"sku": group.sku_id, "batch": group.batch_id, "supplier": group.supplier}[by]]


def _names(by: str, keys: Any) -> dict[Any, str]:
    if by == "sku":
        named: dict[UUID, str] = titles(set(keys))
        codes = {number: sku.code for number, sku in catalog.list_skus_by_id(keys).items()}
        return {key: " · ".join(filter(None, (named.get(key), codes.get(key)))) for key in keys}
    if by == "batch":
        return {number: batch.name for number, batch in inventory.list_batches_by_id(keys).items()}
    none = _("No supplier named") if by == "supplier" else _("No tag")
    return {key: key or none for key in keys}


def _filter(by: str, key: Any) -> dict[str, str]:
    if by in {"sku", "batch"}:
        return {by: public({"sku": "sku", "batch": "bat"}[by], key)}
    return {"supplier": f"={key}"} if by == "supplier" else {"tag": key or "="}


# Shown ------------------------------------------------------------------------------------------------------------

FIGURES: Mapping[str, str] = {
    "age": words("Average age, days"),
    "lasts": words("Days of stock"),
    "revenue": words("Revenue"),
    "goods": words("Cost of goods"),
    "margin": words("Margin"),
    "lost": words("Lost by expiry and void"),
    "value": words("Closing stock at cost"),
}


@dataclass(frozen=True)
class LineShown:
    """One line as people read it."""

    name: str
    counts: Mapping[str, int]
    filters: Mapping[str, str]
    age: str
    lasts: str
    money: Mapping[str, Money]
    share: float | None  # of the margin in the revenue, in per cent


def _shown(line: Line, asked: Asked) -> LineShown:
    sums = line.sums
    share = sums.margin * 100 / sums.revenue if sums.revenue > 0 else None
    return LineShown(line.name, sums.counts, line.filters, *_paces(sums, asked.span), _money(sums), share)


def _paces(sums: Sums, span: Span) -> tuple[str, str]:
    """Return the average age and how long the stock lasts, in days with one decimal; "" where there is none."""
    age, lasts = (
        "" if tenths is None else f"{tenths // 10}.{tenths % 10}"
        for tenths in (sums.average_age, sums.days_left(len(span.days)))
    )
    return age, lasts


def _money(sums: Sums) -> dict[str, Money]:
    currency = frame().currency
    return {name: Money(getattr(sums, name), currency) for name in ("revenue", "goods", "margin", "lost", "value")}


def _cells(line: Line, asked: Asked) -> list[str]:
    sums = line.sums
    counts = [str(sums.counts[name]) for name in NAMES]
    return [line.name, *counts, *_paces(sums, asked.span), *(money.major for money in _money(sums).values())]

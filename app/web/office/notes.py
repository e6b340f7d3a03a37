"""Notes to the staff, in words of the reader's language: what dipped, and where to look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext

from app.catalog import queries as catalog
from app.kit import clock
from app.kit.errors import words
from app.kit.ids import public
from app.kit.listing import listed
from app.messages import queries, service
from app.messages.queries import StaffNote
from app.web.guard import actor, frame, needs
from app.web.language import here, lang
from app.web.office import bp
from app.web.problems import problem_name
from app.web.render import Page, Redirect, page

NAMES: Mapping[str, tuple[str, str]] = {
    "stock.few": (words("Stock is low"), "warn"),
    "stock.days": (words("Stock will not last"), "warn"),
    "order.review": (words("Paid orders wait for a decision"), "warn"),
    "stock.expiring": (words("Codes expire soon"), "info"),
    "help.stuck": (words("A buyer is stuck"), "warn"),
    "transfer.told": (words("A buyer has sent a transfer"), "info"),
    "carrier.failed": (words("A message channel is out of order"), "warn"),
}


@dataclass(frozen=True)
class NoteShown:
    """One thing to look at: its name, what it is about, what is to be known, and where to look."""

    at: datetime
    name: str
    tone: str
    title: str
    said: str
    url: str
    is_new: bool


@bp.get("/<shop>/notes")
@needs("home.view")
def notes() -> Page:
    found = listed(queries.NOTES, request.args)
    return page(
        "office/notes/notes.html",
        fragments={"notes": "office/notes/_notes.html"},
        listed=found,
        rows=_shown(found.page.rows, queries.read_until(actor().user_id)),
    )


@bp.post("/<shop>/notes/read")
@needs("notes.read")
def read_notes() -> Redirect:
    service.mark_read(actor().user_id, until=clock.now())
    return Redirect(here(".notes"), toast=_("Marked as read"))


def _shown(rows: Sequence[StaffNote], until: datetime) -> list[NoteShown]:
    skus = {row.subject_id for row in rows if row.subject_type == "sku"}
    titles = catalog.titles(skus, lang(), frame().lang) if skus else {}
    return [_note(row, titles, is_new=row.at > until) for row in rows]


def _note(row: StaffNote, titles: Mapping[UUID, str], *, is_new: bool) -> NoteShown:
    facts = queries.facts_of(row)
    name, tone = NAMES.get(row.kind, (row.kind, ""))
    title = titles.get(row.subject_id, facts.get("title", facts.get("number", "")))
    url = _place(row)
    return NoteShown(row.at, _(name) if row.kind in NAMES else name, tone, title, _said(row.kind, facts), url, is_new)


def _place(row: StaffNote) -> str:
    """Return where to look, for who may."""
    if row.kind == "order.review":
        return here(".reviews") if actor().can("orders.review") else ""
    if row.subject_type == "help":
        return here(".helping") if actor().can("orders.view") else ""
    if row.subject_type == "carrier":
        return here(".carrier", carrier=public("carrier", row.subject_id)) if actor().can("channels.edit") else ""
    if row.subject_type == "transfer":
        return here(".transfer", transfer=public("transfer", row.subject_id)) if actor().can("payments.match") else ""
    is_open = row.subject_type == "sku" and actor().can("stock.view")
    return here(".sku_stock", sku=public("sku", row.subject_id)) if is_open else ""


def _said(kind: str, facts: Mapping[str, Any]) -> str:
    """Return what is to be known, in one line."""
    return str(_words(kind, facts))


def _words(kind: str, facts: Mapping[str, Any]) -> Any:
    if kind == "stock.few":
        return _("%(left)s left of %(sku)s, fewer than %(limit)s", **_of(facts, "left", "sku", "limit"))
    if kind == "stock.days":
        return _(
            "%(left)s left of %(sku)s: enough for %(days)s days, less than %(limit)s",
            **_of(facts, "left", "sku", "days", "limit"),
        )
    if kind == "order.review":
        return ngettext(
            "%(num)s order is paid and not delivered",
            "%(num)s orders are paid and not delivered",
            facts.get("count", 0),
        )
    if kind == "stock.expiring":
        count = ngettext("%(num)s code", "%(num)s codes", facts.get("count", 0))
        return _("%(count)s of %(sku)s expire within %(limit)s days", count=count, **_of(facts, "sku", "limit"))
    if kind == "help.stuck":
        return problem_name(facts.get("problem", ""))
    if kind == "transfer.told":
        return _("%(amount)s, with a proof to look at", **_of(facts, "amount"))
    if kind == "carrier.failed":
        return _(str(facts.get("reason", "")).partition(" · ")[0])
    return ""


def _of(facts: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: facts.get(name, "–") for name in names}

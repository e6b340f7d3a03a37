"""What a member was told in the shop; the words are made here, in the language of whoever reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import request
from flask_babel import gettext as _

from app.kit import clock
from app.kit.ids import from_public
from app.kit.listing import listed
from app.kit.money import Money
from app.members import queries
from app.members import service as members
from app.members.queries import InboxMessage
from app.orders import queries as orders
from app.orders.queries import Order
from app.web.language import here, money
from app.web.render import Page, Redirect, page
from app.web.shop import bp
from app.web.shop.me.present import me
from app.web.shop.placing import token_of

MARKS = {"ready": ("ok", "check"), "partly": ("warn", "package"), "queued": ("info", "clock")}
OTHER = ("mute", "arrow-back-up")


@dataclass(frozen=True)
class TidingShown:
    """One message of the inbox, in words."""

    key: str
    name: str
    note: str
    url: str
    at: datetime
    unread: bool
    tone: str
    mark: str


@bp.get("/me/inbox")
def inbox() -> Page:
    member = me()
    found = listed(queries.inbox_of(member.id), request.args)
    about = orders.list_with_lines(row.order_id for row in found.page.rows if row.order_id)
    rows = [_shown(row, about.get(row.order_id) if row.order_id else None) for row in found.page.rows]
    newest = found.page.rows[0].id if found.page.rows else None
    return page("shop/me/inbox.html", secret=True, listed=found, rows=rows, newest=newest)


@bp.post("/me/inbox/read")
def read_inbox() -> Redirect:
    """Mark everything as read that the page showed; what came since stays unread."""
    until = from_public("msg", request.form.get("until", ""))
    if until:
        members.mark_read(me().id, until=until, now=clock.now())
    return Redirect(here(".inbox"))


def _shown(row: InboxMessage, order: Order | None) -> TidingShown:
    tone, mark = MARKS.get(row.about, OTHER)
    what = ", ".join(f"{line.title} × {line.quantity}" for line in order.lines) if order else ""
    url = here(".order", token=token_of(order.id)) if order else ""
    return TidingShown(row.id.hex, name_of(row.about, row.facts), what, url, row.at, row.read_at is None, tone, mark)


def name_of(about: str, facts: Mapping[str, Any]) -> str:
    """Return what a message says, in the reader's language; one that is new here says that there is news."""
    back = money(Money(facts["amount"], facts["currency"])) if "amount" in facts else ""
    said = {
        "ready": _("It has arrived: you can open it now"),
        "partly": _("Some of it has arrived"),
        "queued": _("Paid; it appears on the order page as soon as it is ready"),
        "refunded": _("%(amount)s is on its way back to you", amount=back),
    }
    return str(said.get(about) or _("News of your order"))

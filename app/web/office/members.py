"""Members in the office: who has an account, found by the contact, and signing somebody out everywhere. Contacts stay
masked: who may see one in clear finds it with an order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import request
from flask_babel import ngettext

from app.balances import queries as balances
from app.kit import clock, events
from app.kit.ids import from_public
from app.kit.listing import listed, place
from app.members import queries
from app.members import service as accounts
from app.members.queries import Member
from app.orders import queries as orders
from app.orders.queries import Order
from app.web.guard import actor, needs
from app.web.language import here
from app.web.office import bp
from app.web.office.shown import steps
from app.web.render import Page, Redirect, page
from app.web.standing import with_standing


@dataclass(frozen=True)
class MemberShown:
    """One member as the people of the shop see them."""

    member: Member
    contacts: tuple[str, ...]
    orders: int
    seen_at: datetime | None


@bp.get("/<shop>/members")
@needs("members.view")
def members() -> Page:
    found = listed(queries.MEMBERS, request.args)
    return page(
        "office/members/members.html",
        fragments={"members": "office/members/_members.html"},
        listed=found,
        rows=_shown(found.page.rows),
    )


@bp.get("/<shop>/members/<buyer>")
@needs("members.view")
def member(buyer: str) -> Page:
    found = queries.get(from_public("mem", buyer))
    (shown,) = _shown([found])
    return page(
        "office/members/member.html",
        shown=shown,
        orders=_orders(found),
        wallet=balances.find_account(found.id) if actor().can("wallets.view") else None,
        steps=steps(events.timeline(subject=("member", found.id))),
        back=place(queries.MEMBERS, request.args),
    )


@bp.post("/<shop>/members/<buyer>/sessions/end")
@needs("members.sign_out")
def sign_member_out(buyer: str) -> Redirect:
    found = queries.get(from_public("mem", buyer))
    ended = accounts.end_all(found.id, now=clock.now(), by=actor().by)
    toast = ngettext("%(num)s browser signed out", "%(num)s browsers signed out", ended)
    return Redirect(here(".member", buyer=buyer), toast=toast)


def _shown(found: Sequence[Member]) -> list[MemberShown]:
    ids = [row.id for row in found]
    contacts, seen = queries.list_contacts_of(ids), queries.last_seen(ids)
    bought = orders.count_bought({one.contact_index for own in contacts.values() for one in own})
    return [
        MemberShown(
            row,
            tuple(one.mask for one in contacts[row.id]),
            sum(bought.get(one.contact_index, 0) for one in contacts[row.id]),
            seen.get(row.id),
        )
        for row in found
    ]


def _orders(found: Member) -> list[tuple[Order, str]]:
    """Return the latest orders of a member, each with its status."""
    contacts = queries.list_contacts(found.id)
    rows = listed(queries.orders_of([one.contact_index for one in contacts]), {}).page.rows
    return with_standing([order for order in rows if queries.owners(order, contacts)], now=clock.now())

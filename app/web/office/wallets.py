"""Members' wallets in the office: what each holds, what moved it, and putting it right."""

import uuid
from collections.abc import Sequence
from uuid import UUID

from flask import request
from flask_babel import gettext as _

from app.balances import queries, service
from app.balances.queries import Account, HolderKind
from app.kit import clock, events
from app.kit.errors import NotFound
from app.kit.ids import from_public, public
from app.kit.listing import listed
from app.members import queries as members
from app.orders.queries import list_numbers
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs
from app.web.language import here
from app.web.office import bp
from app.web.office.shown import steps
from app.web.render import Page, Redirect, page


@bp.get("/<shop>/wallets")
@needs("wallets.view")
def wallets() -> Page:
    found = listed(queries.ACCOUNTS, request.args)
    return page(
        "office/wallets/wallets.html",
        fragments={"wallets": "office/wallets/_wallets.html"},
        listed=found,
        holders=_holders([row.holder_id for row in found.page.rows]),
        total=queries.sum_of_members(frame().currency),
    )


@bp.get("/<shop>/wallets/<holder>")
@needs("wallets.view")
def wallet(holder: str) -> Page:
    found = find(holder)
    moved = listed(queries.movements_of(found.holder_id), request.args)
    return page(
        "office/wallets/wallet.html",
        fragments={"movements": "office/wallets/_movements.html"},
        number=holder,
        holder=_holders([found.holder_id])[found.holder_id],
        balance=found.money,
        listed=moved,
        numbers=list_numbers(row.order_id for row in moved.page.rows if row.order_id),
        steps=steps(events.timeline(subject=("member", found.holder_id))),
        idem=str(uuid.uuid4()),
    )


@bp.post("/<shop>/wallets/<holder>/corrections")
@needs("wallets.correct")
@corrects(wallet)
def correct_wallet(holder: str) -> Redirect:
    """Put money into a wallet, take some out, or note that some went back by bank."""
    found, form = find(holder), Form(request.form)
    money, reason = form.money("amount", found.currency), form.text("reason", most=120, required=True)
    key, what = form.text("idem", most=64, required=True), request.form.get("what", "")
    form.done()
    known = {"key": key, "now": clock.now(), "by": actor().by}
    if what == "out":
        service.pay_out(found.holder_id, money, reason, field="amount", **known)  # type: ignore[arg-type]
    else:
        service.correct(found.holder_id, -money if what == "less" else money, reason, **known)  # type: ignore[arg-type]
    return Redirect(here(".wallet", holder=public("mem", found.holder_id)), toast=_("Balance corrected"))


def find(name: str) -> Account:
    """Return the account of a member of the shop, or refuse with NotFound."""
    found = queries.find_account(from_public("mem", name))
    if found is None or found.holder_kind is not HolderKind.MEMBER:
        raise NotFound
    return found


def _holders(ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the masked contacts of members; who deleted their account has none left."""
    contacts = members.list_contacts_of(ids)
    return {number: _(", ").join(one.mask for one in contacts[number]) or _("Deleted account") for number in ids}

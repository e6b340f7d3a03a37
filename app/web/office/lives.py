"""The life of one code: where it comes from, whose it is, what was done with it; and what may be done with it now."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext

from app.entitlements import queries as entitled
from app.entitlements import service as entitlements
from app.entitlements.queries import Entitlement
from app.inventory import queries, service
from app.inventory.queries import Code, Status, class_of
from app.kit import clock, events
from app.kit.events import EventRow
from app.kit.ids import from_public, public
from app.kit.money import Money
from app.orders import queries as orders
from app.orders.queries import Order
from app.payments.queries import Notice
from app.redemption import queries as uses
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs
from app.web.language import here
from app.web.office import bp, disputes
from app.web.office.shown import Step, steps
from app.web.office.stock import titles
from app.web.office.stocked import CHANGES
from app.web.render import Page, Redirect, page
from app.web.times import business_day

LONGEST_REASON = 200
OF_ORDER = {  # what an order's own timeline says of each of its codes
    "order.placed", "order.paid", "order.delivered", "order.partly_delivered", "promises.kept", "order.refunded",
    "exchange.asked", "exchange.done", "exchange.ended", "order.piece_traded",
    "refund.done", "payback.done",
}  # fmt: skip


@dataclass(frozen=True)
class LifeShown:
    """A code with what is known of it; `owner` is what its buyer has, or had before it was set aside."""

    code: Code
    status: str
    owner: Entitlement | None
    order: Order | None
    looks: int
    is_owned: bool
    before: EventRow | None  # what told that it was given in the stead of another
    disputes: list[Notice]

    @property
    def replaced_id(self) -> UUID | None:
        """Return the code in whose stead it was given."""
        return self.before.subject_id if self.before else None

    @property
    def now(self) -> UUID | None:
        """Return the code that its buyer has in its stead."""
        return self.owner.code_id if self.owner and self.owner.code_id != self.code.id else None

    @property
    def acts(self) -> list[str]:
        """Return what may be done with it as it stands."""
        can = {
            "freeze": not self.code.frozen and self.code.status is not Status.VOID,
            "unfreeze": self.code.frozen,
            "replace": self.is_owned and self.owner is not None and not self.owner.used,
            "put_back": self.was_unseen,
            "void": self.code.status in (Status.FREE, Status.QUARANTINED),
            "restore": self.code.status is Status.VOID and self.owner is None,
        }
        return [name for name, may in can.items() if may and actor().can(f"codes.{PERMISSIONS.get(name, name)}")]

    @property
    def was_unseen(self) -> bool:
        """Tell whether it was taken back from a buyer who never saw it, and waits for a decision."""
        return self.code.status is Status.QUARANTINED and self.code.entitlement_id is not None and not self.code.frozen


PERMISSIONS = {"unfreeze": "freeze", "restore": "void", "put_back": "void"}


@bp.get("/<shop>/codes/<code>")
@needs("codes.view")
def code(code: str) -> Page:
    found = queries.get_code(from_public("cod", code))
    shown, batch = _life(found), queries.get_batch(found.batch_id)
    return page(
        "office/codes/code.html",
        secret=True,
        life=shown,
        batch=batch,
        cost=Money(found.cost, batch.cost_currency),
        title=titles([found.sku_id]).get(found.sku_id, ""),
        steps=_chain(shown),
        dispute=disputes.dispute_shown(shown.disputes),
        number=code,
        labels={"reason": _("Reason")},
    )


@bp.post("/<shop>/codes/<code>/freeze")
@needs("codes.freeze")
@corrects(code)
def freeze_code(code: str) -> Redirect:
    return _do(code, service.freeze, _("The code is frozen: it is neither sold nor shown."))


@bp.post("/<shop>/codes/<code>/unfreeze")
@needs("codes.freeze")
@corrects(code)
def unfreeze_code(code: str) -> Redirect:
    return _do(code, service.unfreeze, _("The code has returned to the status it had before it was frozen."))


@bp.post("/<shop>/codes/<code>/void")
@needs("codes.void")
@corrects(code)
def void_code(code: str) -> Redirect:
    return _do(code, service.void, _("The code is void, and its cost is booked as a loss."))


@bp.post("/<shop>/codes/<code>/restore")
@needs("codes.void")
@corrects(code)
def restore_code(code: str) -> Redirect:
    return _do(code, service.restore, _("The code is back in stock."))


@bp.post("/<shop>/codes/<code>/put-back")
@needs("codes.void")
@corrects(code)
def put_back_code(code: str) -> Redirect:
    return _do(code, service.put_back, _("The code is for sale again."))


@bp.post("/<shop>/codes/<code>/replace")
@needs("codes.replace")
@corrects(code)
def replace_code(code: str) -> Redirect:
    found, reason = queries.get_code(from_public("cod", code)), _reason()
    new = entitlements.replace(found.entitlement_id or found.id, reason=reason, now=clock.now(), by=actor().by)
    return Redirect(here(".code", code=public("cod", new)), toast=_("The buyer has this code now."))


def _do(said: str, verb: Callable[..., None], toast: str) -> Redirect:
    found, reason = queries.get_code(from_public("cod", said)), _reason()
    verb(found.id, reason=reason, now=clock.now(), by=actor().by)
    return Redirect(here(".code", code=said), toast=toast)


def _reason() -> str:
    form = Form(request.form)
    reason = form.text("reason", most=LONGEST_REASON, required=True)
    form.done()
    return reason


# What is shown ---------------------------------------------------------------------------------------------------


def _life(found: Code) -> LifeShown:
    """Return a code with whose it is, or had been before it was replaced, or for whose order it is kept."""
    is_held = found.status is Status.HELD
    owner_id = found.entitlement_id or (None if is_held else found.held_by)
    owner = entitled.list_by_id([owner_id]).get(owner_id) if owner_id else None
    order_id = owner.order_id if owner else orders.order_of_part(found.held_by) if is_held and found.held_by else None
    happened = events.timeline(subject=("code", found.id))
    return LifeShown(
        code=found,
        status=class_of(found, business_day(clock.now(), frame().zone)),
        owner=owner,
        order=orders.get(order_id) if order_id else None,
        looks=sum(row.name == "code.revealed" for row in happened),
        is_owned=found.status is Status.SOLD and owner is not None and owner.code_id == found.id,
        before=_replacement(found.id, order_id) if order_id else None,
        disputes=disputes.list_told(order_id) if order_id else [],
    )


def _replacement(code_id: UUID, order_id: UUID) -> EventRow | None:
    """Return what told that a code was given in the stead of another."""
    rows = (row for row in events.timeline(order_id=order_id) if row.name == "code.replaced")
    return next((row for row in rows if row.data["new_code_id"] == str(code_id)), None)


def _chain(life: LifeShown) -> Sequence[Step]:
    """Return the life of a code from its purchase on, the oldest first."""
    own = _told(events.timeline(subject=("code", life.code.id)))
    bought = _bought(queries.get_batch(life.code.batch_id), life.code)
    chain = [*bought, *own, *_together(life.code.id), *_used(life)]
    if life.order:
        chain += _told([row for row in events.timeline(order_id=life.order.id) if row.name in OF_ORDER])
    if life.before:
        chain.append(Step(life.before.at, _("Given in place of another code"), life.before.data["reason"], "ok"))
    return disputes.among(chain, life.disputes)


def _told(rows: Sequence[EventRow]) -> list[Step]:
    return [step for row in rows for step in steps([row])]


def _bought(batch: queries.Batch, found: Code) -> list[Step]:
    said = _("%(name)s, line %(line)s", name=batch.file_name or batch.name, line=found.line)
    imported = Step(batch.created_at, _("Imported"), said, "")
    if batch.purchased_on is None:
        return [imported]
    return [Step(_morning(batch.purchased_on), _("Purchased"), batch.supplier, ""), imported]


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(frame().zone)).astimezone(UTC)


def _together(code_id: UUID) -> list[Step]:
    """Return what was done to a code together with others."""
    return [
        Step(done.at, _(CHANGES[done.action]), " · ".join(filter(None, (_among(done.count), done.reason))), "warn")
        for done in queries.list_done(code_id)
    ]


def _among(count: int) -> str:
    return str(ngettext("%(num)s code at once", "%(num)s codes at once", count))


def _used(life: LifeShown) -> list[Step]:
    """Return when a code was redeemed, and when that was taken back."""
    if not life.is_owned or life.owner is None:
        return []
    return [
        Step(act.row.at, _("Redemption rolled back") if act.row.undoes_id else _("Redeemed"), act.place or "", "ok")
        for act in uses.history(life.owner.id)
    ]

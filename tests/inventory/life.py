"""What tests of the life of codes need: looks at codes, books and events of a shop."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from app.entitlements import queries as entitled
from app.entitlements.queries import Entitlement
from app.inventory import queries, service
from app.inventory.changes import Action, ChangeState, CodeChange
from app.inventory.models import Batch, Code
from app.kit import clock, db, tasks
from app.kit.events import SYSTEM, EventRow
from app.kit.ids import public
from app.ledger.models import Entry
from app.orders.models import Order
from tests.inventory.pool import today
from tests.make import Shop

KNOWN: dict[str, Any] = {"reason": "the supplier says so", "by": SYSTEM}


def now_known() -> dict[str, Any]:
    return KNOWN | {"now": clock.now()}


def codes_of(shop: Shop, batch: Batch) -> list[Code]:
    """Return the codes of a batch as they are now, in the order of sale."""
    return shop.read(
        lambda: list(db.session().scalars(select(Code).where(Code.batch_id == batch.id).order_by(Code.pick)))
    )


def code(shop: Shop, number: UUID) -> Code:
    return shop.read(lambda: queries.get_code(number))


def counts(shop: Shop, batch: Batch) -> dict[str, int]:
    """Return the classes of a batch that have codes."""
    now_there = today()
    found = shop.read(lambda: queries.count_of_batch(queries.get_batch(batch.id), today=now_there))
    return {name: count for name, count in found.items() if count}


def sold(shop: Shop, sku: str = "") -> tuple[Order, Entitlement]:
    """Sell one code and return the order and what its buyer has."""
    order = shop.place(sku=sku)
    assert shop.pay(order)
    return order, shop.read(lambda: entitled.list_of_order(order.id))[0]


def events(shop: Shop, subject: UUID) -> list[str]:
    """Return the names of what happened to a subject."""
    query = select(EventRow.name).where(EventRow.subject_id == subject).order_by(EventRow.at, EventRow.id)
    return shop.read(lambda: list(db.session().scalars(query)))


def account(shop: Shop, name: str) -> int:
    """Return what the books say of an account, in minor units."""
    query = select(func.coalesce(func.sum(Entry.amount), 0)).where(Entry.account == name)
    return int(shop.read(lambda: db.session().scalar(query)) or 0)


def stock_is_worth_its_codes(shop: Shop) -> bool:
    """Tell whether the books hold the stock at what its codes cost: free, held and set aside."""
    there = Code.status.in_((0, 1, 3))
    query = select(func.coalesce(func.sum(Code.cost), 0)).where(there)
    return account(shop, "asset:stock") == int(shop.read(lambda: db.session().scalar(query)) or 0)


def change(shop: Shop, action: Action, filters: dict[str, str], **more: Any) -> CodeChange:
    """Have the codes of a list changed to the end, and return the change."""
    count = more.pop("count", None)
    count = shop.read(lambda: queries.count_chosen(action, filters)) if count is None else count
    task_id = shop.write(lambda: service.change_codes(action, filters, count=count, **now_known(), **more))
    return finish(shop, task_id)


def finish(shop: Shop, task_id: UUID) -> CodeChange:
    task = tasks.run(shop.merchant_id, task_id)
    row = shop.read(lambda: queries.get_change(task.subject_id))
    assert row.state is ChangeState.DONE
    return row


def of_batch(batch: Batch) -> dict[str, str]:
    return {"batch": public("bat", batch.id)}

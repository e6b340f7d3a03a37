"""Questions about balances."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select

from app.balances.models import Account as Account
from app.balances.models import HolderKind as HolderKind
from app.balances.models import Movement as Movement
from app.balances.models import MovementKind as MovementKind
from app.balances.rules import LEAST_OF_MEMBER as LEAST_OF_MEMBER
from app.balances.rules import MOST_OF_MEMBER as MOST_OF_MEMBER
from app.balances.rules import MOST_TOP_UP as MOST_TOP_UP
from app.balances.rules import SUGGESTED as SUGGESTED
from app.kit import db
from app.kit.listing import Listing
from app.kit.money import Money
from app.merchants import queries as merchants
from app.orders.queries import Order


def balance(holder_id: UUID) -> Money:
    """Return what somebody has paid ahead and not spent; nothing where there is no account yet."""
    found = db.session().execute(select(Account.amount, Account.currency).where(Account.holder_id == holder_id)).first()
    return Money(found.amount, found.currency) if found else Money(0, merchants.current().currency)


def spendable(holder_id: UUID, currency: str) -> Money:
    """Return what of a balance can pay in a currency: nothing, in another than its own."""
    found = balance(holder_id)
    return found if found.currency == currency else Money(0, currency)


def balances(holder_ids: Sequence[UUID]) -> dict[UUID, Money]:
    """Return the balances of those who have an account."""
    rows = db.session().scalars(select(Account).where(Account.holder_id.in_(holder_ids)))
    return {row.holder_id: row.money for row in rows}


def movements_of(holder_id: UUID) -> Listing:
    """Return the list of all that changed one balance, newest first."""
    return Listing(query=lambda: select(Movement).where(Movement.holder_id == holder_id), keys=(Movement.id,))


ACCOUNTS = Listing(
    query=lambda: select(Account).where(Account.holder_kind == HolderKind.MEMBER), keys=(Account.holder_id,)
)


def sum_of_members(currency: str) -> Money:
    """Return what all members together have in a currency."""
    theirs = (Account.holder_kind == HolderKind.MEMBER, Account.currency == currency)
    return Money(int(db.session().scalar(select(func.sum(Account.amount)).where(*theirs)) or 0), currency)


def find_account(holder_id: UUID | None) -> Account | None:
    """Return the account of somebody, or None."""
    return db.find(Account, holder_id) if holder_id else None


def list_movements_about(order: Order) -> list[UUID]:
    """List what an order moved on the balance that pays it, or that it tops up."""
    mine = (Movement.holder_id == order.holder_id, Movement.order_id == order.id)
    return list(db.session().scalars(select(Movement.id).where(*mine))) if order.holder_id else []

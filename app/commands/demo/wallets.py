"""What the demo's members have on their balances and did with it, and two of them who need help with a code."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from app.balances import service as balances
from app.commands.demo.members import CONTACTS
from app.commands.demo.novelties import MADE, deal
from app.commands.demo.plan import AGENTS, NETWORKS, Deal
from app.commands.demo.story import Teller, Told
from app.entitlements import queries as entitled
from app.entitlements import service as entitlements
from app.kit import clock, db
from app.kit.events import SYSTEM, By
from app.kit.listing import listed
from app.kit.money import Money
from app.members import queries as members
from app.members.queries import Member
from app.orders import queries as orders
from app.support import queries as helping
from app.support import service as support
from app.support.queries import Problem

OWNER, COUPON, CURRENCY = CONTACTS[0], "HC-COUPON", "CNY"
LOADED, SORRY = Money(20_000, CURRENCY), Money(500, CURRENCY)
REASON = "换货补偿 · Sorry for the exchange"
STUCK = "提示已被使用，可我还没用过。 It says used, but I have not used it."
BOUGHT = ((9, "TOP-UP"), (8, MADE), (3, COUPON), (1, COUPON))  # days ago; the middle ones from the balance
FIRST = 30_000  # the number of the first deal; the story and the novelties have theirs below


def fill(merchant_id: int, *, now: datetime) -> None:
    """Let a member pay ahead, buy from it and ask for help; a shop in which they bought before stays as it is."""
    if db.read(merchant_id, lambda: bool(orders.list_of_contact(orders.contact_index(OWNER)))):
        return
    member = db.read(merchant_id, _owner)
    teller, by = Teller(merchant_id), By("buyer", member)
    deals = [deal(FIRST + place, now - timedelta(days=days), sku, OWNER) for place, (days, sku) in enumerate(BOUGHT)]
    _at(deals[0], lambda then: _load(teller, deals[0], member, then, by))
    for bought in deals[1:-1]:
        _at(bought, lambda then: _spend(teller, bought, member, then, by))  # noqa: B023 (within this turn)
    _at(deals[-1], lambda then: teller.tell([deals[-1]]))
    db.write(merchant_id, lambda: balances.correct(member, SORRY, REASON, key="demo", now=now, by=SYSTEM))
    db.write(merchant_id, lambda: _ask_help(now, by))
    teller.leave_word()


def _at(one: Deal, act: Callable[[datetime], object]) -> None:
    with clock.running(lambda: one.at):
        act(one.at)


def _owner() -> UUID:
    """Return the member whose address is the owner's."""
    rows: list[Member] = list(listed(members.MEMBERS, {}).page.rows)
    return next(row.id for row in rows if OWNER in map(_address, members.list_contacts(row.id)))


def _address(contact: members.MemberContact) -> str:
    return members.address_in(contact).expose()


def _load(teller: Teller, top_up: Deal, member: UUID, now: datetime, by: By) -> None:
    """Top the balance up, and let the gateway say that it was paid."""
    wish = balances.Ahead(LOADED, "zh", "demo")
    asked = partial(balances.ask_top_up, member, wish, OWNER, now=now, by=by)
    teller.pay(Told(top_up, db.write(teller.merchant_id, asked)))


def _spend(teller: Teller, bought: Deal, member: UUID, now: datetime, by: By) -> None:
    """Buy something and pay it from the balance."""
    (one,) = db.write(teller.merchant_id, lambda: teller.place([bought]))
    paid = partial(balances.pay_part, one.order.id, member, now=now + bought.paid_after, by=by)
    db.write(teller.merchant_id, paid)


def _ask_help(now: datetime, by: By) -> None:
    """Have the owner ask about two codes: one was helped by the steps, with the other the shop has to look."""
    found = [order for order in orders.list_of_contact(orders.contact_index(OWNER)) if order.lines]
    (solved, stuck) = [entitled.list_of_order(order.id)[0] for order in found[:2]]
    begun = now - timedelta(hours=2)
    for item in (solved, stuck):  # nobody says that it does not work who has not seen it
        proof = entitlements.Proof("member", by, NETWORKS[0], AGENTS[0])
        entitlements.reveal(item.order_id, proof=proof, now=begun)
    support.ask(solved, Problem.INVALID, now=begun, by=by)
    support.solve(solved.id, Problem.INVALID, now=begun + timedelta(minutes=3), by=by)
    support.ask(stuck, Problem.USED, now=begun, by=by)
    condition = helping.condition_of(orders.get(stuck.order_id), stuck, None, now=now)
    support.tell_shop(stuck.id, Problem.USED, STUCK, condition, now=begun + timedelta(minutes=9), by=by)

"""The stories: what people and a gateway do with one shop, and how their paid orders may end."""

import random
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from tests.torture.world import Run

DELIVERED, REFUNDED = "delivered", "refunded"


@dataclass
class Buyer:
    """Somebody with a browser: what it remembers is lost with no process of the shop."""

    run: Run
    quantity: int = 1
    contact: str = ""
    idem: str = ""
    page: dict[str, str] = field(default_factory=dict)
    url: str = ""

    def __post_init__(self) -> None:
        self.contact = self.contact or f"{secrets.token_hex(5)}@example.com"
        self.idem = self.idem or secrets.token_hex(8)

    def place(self) -> bool:
        """Order; False when the shop refuses."""
        device = self.page.get("device", "")
        placed = self.run.life.place(quantity=self.quantity, contact=self.contact, idem=self.idem, device=device)
        self.page = placed if placed["location"] else {}
        return bool(self.page)

    def start(self, way: int = 0) -> bool:
        """Choose a way to pay and look at the gateway's page."""
        self.url = self.run.life.start(**self.page, way=way)
        if self.url.startswith(self.run.bank.url):
            self.run.bank.visit(self.url)
            return True
        self.url = ""
        return False

    def pay(self) -> bool:
        """Pay, and let the notice come."""
        paid = self.run.bank.pay(self.url)
        self.run.bring_letters()
        return paid

    def press(self, button: str) -> int:
        """Press a button of the order's page."""
        status: int = self.run.life.press(button=button, **self.page)
        return status

    def buy(self) -> bool:
        """Order, pay and be done; a buyer who comes back does again what did not work."""
        return (bool(self.page) or self.place()) and (bool(self.url) or self.start()) and self.pay()


@dataclass(frozen=True)
class Story:
    """What is arranged before, what happens while processes may die, and how paid orders may end."""

    arrange: Callable[[Run, random.Random], Any]
    happen: Callable[[Run, Any], None]
    ends: Collection[str] = (DELIVERED,)
    soon: bool = False  # whether a minute is enough, however it was disturbed
    undisturbed: Collection[str] = (DELIVERED,)
    calls: Collection[str] = ()  # which of the gateway's verbs it takes, when undisturbed


def one_buyer(run: Run, chance: random.Random) -> Buyer:
    run.life.stock(count=4)
    return Buyer(run, quantity=chance.randint(1, 3))


def main(run: Run, buyer: Buyer) -> None:
    """Order, pay, let the sweeper come, see the codes."""
    if buyer.buy():
        run.sweep()
        buyer.press("reveal")
        run.sweep()


def abandoned(run: Run, buyer: Buyer) -> None:
    """Somebody orders and goes away."""
    if buyer.place():
        run.sweep()


def two_buyers(codes: int) -> Callable[[Run, random.Random], tuple[Buyer, Buyer]]:
    def arrange(run: Run, chance: random.Random) -> tuple[Buyer, Buyer]:
        run.life.stock(count=codes)
        return Buyer(run), Buyer(run)

    return arrange


def late(run: Run, buyers: tuple[Buyer, Buyer]) -> None:
    """The first lets the time run out, the second buys, and then the money of the first arrives all the same."""
    first, second = buyers
    if not (first.place() and first.start()):
        return
    run.pass_time(minutes=16)
    run.sweep()
    second.buy()
    if not run.bank.is_paid(first.url):
        run.bank.pay_late(first.url)
    run.bring_letters()
    run.sweep()


def restock(run: Run, buyers: tuple[Buyer, Buyer]) -> None:
    """Money comes for an order whose code is gone; it waits until codes come in."""
    late(run, buyers)
    run.life.stock(count=2)
    run.sweep()


def paid_twice(run: Run, buyer: Buyer) -> None:
    """One order is paid two times; the second money goes back."""
    if buyer.buy() and DELIVERED in run.words():
        run.bank.pay_twice(buyer.url)
        run.bring_letters()
        run.sweep()


def one_with_a_choice(run: Run, chance: random.Random) -> Buyer:
    run.accounts.append(f"{run.shop['slug']}-b")
    run.life.offer(account=run.accounts[1])
    return one_buyer(run, chance)


def both_ways(run: Run, buyer: Buyer) -> None:
    """Somebody opens the pages of two ways to pay and pays by both; of the first the notice never comes."""
    if not (buyer.place() and buyer.start()):
        return
    first = buyer.url
    if buyer.start(way=1) and buyer.pay():
        run.bank.faults.cause("silent", times=1)
        run.bank.pay(first)
        run.sweep()
        run.pass_time(minutes=16)
        run.sweep()


def unheard(run: Run, buyer: Buyer) -> None:
    """The notice never comes; the buyer says so."""
    run.bank.faults.cause("silent", times=1)
    if buyer.buy():
        run.pass_time(seconds=20)
        buyer.press("check")
        run.sweep()


def taken_back(run: Run, buyer: Buyer) -> None:
    """A paid order is refunded before anybody looked at its codes."""
    if buyer.buy():
        run.sweep()
        run.life.refund(location=buyer.page["location"])
        run.sweep()


def cancelled(run: Run, buyer: Buyer) -> None:
    """A buyer looks at the gateway's page, cancels, and another one gets the codes."""
    if buyer.place() and buyer.start():
        buyer.press("cancellation")
        run.sweep()
        Buyer(run, quantity=2).buy()


def a_file(run: Run, chance: random.Random) -> str:
    """Write a file with lines that come twice, lines that are in stock and lines that are no codes."""
    old = run.life.lines(count=3)
    run.life.imports(text=old)
    lines = run.life.lines(count=60).split("\n")
    return "\n".join([*lines[:6], lines[0], old.split("\n")[1], "", "x" * 501, *lines[6:]])


def filled(run: Run, text: str) -> None:
    """Somebody imports a file, and somebody buys of it."""
    run.life.imports(text=text)
    Buyer(run, quantity=3).buy()
    run.sweep()


STORIES = {
    "sale": Story(one_buyer, main, soon=True),
    "abandoned": Story(one_buyer, abandoned, undisturbed=("expired",)),
    "late money finds another code": Story(two_buyers(2), late, undisturbed=(DELIVERED, DELIVERED)),
    "late money waits for stock": Story(
        two_buyers(1), restock, ends=(DELIVERED, REFUNDED), undisturbed=(DELIVERED, DELIVERED)
    ),
    "late money goes back": Story(two_buyers(1), late, ends=(DELIVERED, REFUNDED), undisturbed=(REFUNDED, DELIVERED)),
    "paid twice": Story(one_buyer, paid_twice, soon=True, calls=("payment.refund",)),
    "paid both ways": Story(one_with_a_choice, both_ways, calls=("payment.close", "payment.refund")),
    "unheard": Story(one_buyer, unheard, calls=("payment.query",)),
    "taken back": Story(
        one_buyer, taken_back, ends=(DELIVERED, REFUNDED), undisturbed=(REFUNDED,), calls=("payment.refund",)
    ),
    "cancelled": Story(one_buyer, cancelled, undisturbed=("cancelled", DELIVERED), calls=("payment.close",)),
    "filled": Story(a_file, filled, soon=True),
}

"""What a child can be asked for: the acts of buyers, gateway, office and sweeper, each through the shop's own doors."""

import os
import re
import signal
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select

import worker
from app.kit import clock, db, effects, events, failpoint, tasks
from app.kit.effects import Effect
from app.kit.effects.models import ALIVE
from app.kit.errors import Refusal
from app.kit.events import SYSTEM, Outbox
from app.kit.tasks import State, Task
from app.orders import queries as orders
from app.payments import service as payments
from app.refunds import service as refunds
from app.web.dispatch import Miaofa
from app.web.guard import DEVICE_COOKIE
from app.web.shop.placing import read_token
from tests.make import GATEWAY, Browser, Shop, fresh_code, make_shop
from tests.torture import reckoning
from tests.torture.wire import Wire


@dataclass
class Acts:
    """One process of the installation, and the shop that the story is about."""

    app: Miaofa
    wire: Wire | None = None
    reached: list[str] = field(default_factory=list)
    _shop: Shop | None = None

    @property
    def shop(self) -> Shop:
        assert self._shop, "open_shop or know comes first"
        return self._shop

    # The process itself --------------------------------------------------------------------------------------------

    def open_shop(self) -> dict[str, Any]:
        """Open a fresh shop and tell how another process finds it."""
        self._shop = make_shop(self.app)
        return {name: str(getattr(self._shop, name)) for name in ("slug", "merchant_id", "owner", "sku", "method_id")}

    def know(self, slug: str, merchant_id: str, owner: str, sku: str, method_id: str) -> None:
        """Take over a shop that another process opened."""
        self._shop = Shop(self.app, slug, int(merchant_id), owner, sku, UUID(method_id))

    def close_down(self) -> None:
        """Let nothing be done for this shop any more, so that later stories' sweeps find those alone."""
        self.shop.write(lambda: db.session().execute(delete(Task)))

    def arm(self, die_at: int | None) -> None:
        """Count failpoints from now on, and die at the one with this number."""
        self.reached.clear()

        def die(name: str) -> None:
            self.reached.append(name)
            if len(self.reached) == die_at and self.wire:
                self.wire.say(dying=name)
                os.kill(os.getpid(), signal.SIGKILL)

        failpoint.arm(die)

    def disarm(self) -> list[str]:
        """Count no more, and return the failpoints that were reached."""
        failpoint.arm(None)
        return list(self.reached)

    # Buyers ----------------------------------------------------------------------------------------------------------

    def place(self, *, quantity: int, contact: str, idem: str, device: str) -> dict[str, str]:
        """Send the order form; an empty location says that the shop refused."""
        buyer, page = self._browser(device), f"/s/{self.shop.slug}/p/{self.shop.sku.lower()}"
        form = {"product": self.shop.sku.lower(), "sku": self.shop.sku, "quantity": str(quantity)}
        form |= {"contact": contact, "idem": idem}
        answer = buyer.post(f"/s/{self.shop.slug}/orders", form, page=page)
        return {"location": answer.location or "", "device": buyer.device}

    def start(self, *, location: str, device: str, way: int = 0) -> str:
        """Choose a way to pay, and return where the buyer is sent; nothing when the order is not payable."""
        buyer = self._browser(device)
        methods = re.findall(r'name="method" value="(pay_\w+)"', buyer.get(location).get_data(as_text=True))
        if not methods:
            return ""
        answer = buyer.post(f"{location}/payments", {"method": methods[way]}, page=location)
        return answer.location or ""

    def press(self, *, location: str, device: str, button: str) -> int:
        """Press a button of the order's page: `check`, `cancellation` or `reveal`."""
        return int(self._browser(device).post(f"{location}/{button}", {}, page=location).status_code)

    def _browser(self, device: str) -> Browser:
        browser = self.shop.client()
        if device:
            browser.client.set_cookie(DEVICE_COOKIE, device)
        return browser

    # Gateway and office ----------------------------------------------------------------------------------------------

    def notice(self, *, path: str, body: str, headers: dict[str, str]) -> bool:
        """Bring a notice to the shop's hook, and tell whether the gateway may stop telling."""
        answer = self.app.test_client().post(path, data=body.encode(), headers=headers)
        return (answer.status_code, answer.get_data(as_text=True)) == (200, "success")

    def offer(self, *, account: str) -> None:
        """Offer a second way to pay, by another account at the gateway."""
        adding = partial(
            payments.add_method, provider_name="test", account=GATEWAY.account_of(account), now=clock.now()
        )
        db.write(self.shop.merchant_id, adding)

    def stock(self, *, count: int) -> None:
        """Import so many fresh codes, in this process."""
        self.shop.codes(count)

    def imports(self, *, text: str) -> None:
        """Import a file."""
        self.shop.imports(text)

    def lines(self, *, count: int) -> str:
        """Return a file of so many fresh codes."""
        return "\n".join(fresh_code() for _ in range(count))

    def refund(self, *, location: str) -> bool:
        """Give the money of an order back, if it may be."""
        order_id, now = read_token(location.rsplit("/", 1)[1]), clock.now()
        try:
            db.write(self.shop.merchant_id, partial(refunds.refund, order_id, reason="asked for", now=now, by=SYSTEM))
        except Refusal:
            return False
        return True

    # Sweeping and looking --------------------------------------------------------------------------------------------

    def sweep(self) -> datetime | None:
        """Do a round of the sweeper, and return when the shop has something to do next.

        The lanes of calls go one after the other, so that a story takes the same way each time it is told.
        """
        worker._swept(events.drain)
        worker._swept(lambda *, seconds: effects.drain())
        worker._swept(tasks.drain)
        return self.shop.read(_next_due)

    def words(self) -> dict[str, str]:
        """Return the shop's word for each order, by its id."""
        return self.shop.read(lambda: reckoning.words())

    def reckon(self, *, kept: dict[str, int]) -> list[str]:
        """Return what is wrong, given the money that lies at the gateway."""
        return self.shop.read(lambda: reckoning.faults(kept))

    def happened(self) -> list[str]:
        """Return the latest orders with all that happened to them, for whoever looks into a failure."""
        return self.shop.read(lambda: [reckoning.told(order) for order in orders.latest(20)])


def _next_due() -> datetime | None:
    due = [
        select(func.min(Outbox.due_at)),
        select(func.min(Effect.due_at)).where(ALIVE),
        select(func.min(Task.due_at)).where(Task.state == State.WAITING, Task.kind.not_in(reckoning.STANDING)),
    ]
    return min((moment for query in due if (moment := db.session().scalar(query))), default=None)

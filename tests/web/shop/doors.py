"""What the tests of links and look-ups share: an order with a link, browsers of other networks, answers compared."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import event, select

from app.delivery import queries as links
from app.delivery import service as delivery
from app.delivery.links import read_token
from app.delivery.models import Link
from app.entitlements import queries as entitled
from app.kit import clock, db
from app.kit.throttle import WINDOW_MINUTES
from tests.make import Browser, Shop
from tests.web.shop.test_order_password import Bought
from tests.web.shop.test_purchase import latest

NOW_AND_THEN = re.compile(r"data_key|FROM directory|merchant\.slug")  # read into memory, whatever is asked
FRESH = re.compile(r'(name="csrf_token" value=|name="csrf-token" content=|nonce=)"[^"]*"')


class Linked(Bought):
    """An order that Dora paid, with the link that was mailed to her."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop)
        self.order = latest(shop)
        self.link = shop.write(lambda: delivery.make_link(self.order.id, now=clock.now()))

    @property
    def url(self) -> str:
        return f"/s/{self.shop.slug}/r/{links.token_of(self.link.id)}"

    def is_at(self, url: str) -> bool:
        """Tell whether an address is that of the link, in whichever second it was signed."""
        return undated(url) == undated(self.url)

    def prove(self, browser: Browser, typed: str = "", **more: Any) -> Any:
        return browser.post(f"{self.url}/proof", {"password": typed or self.password}, page=self.url, **more)

    def reveal(self, browser: Browser, **more: Any) -> Any:
        return browser.post(f"{self.url}/reveal", {}, page=self.url, **more)

    def used(self) -> tuple[int, int]:
        """Return how many browsers the link let in, and how often a code was looked at."""
        devices = self.shop.read(
            lambda: db.session().scalars(select(Link.devices).where(Link.id == self.link.id)).one()
        )
        owned = self.shop.read(lambda: entitled.list_of_order(self.order.id))
        return devices, sum(item.reveals for item in owned)


def undated(url: str) -> str:
    return url.rsplit(".", 2)[0]


def from_network(number: int) -> dict[str, Any]:
    """Return what to add to a request so that it comes from a network of its own."""
    return {"environ_overrides": {"REMOTE_ADDR": f"10.{number >> 8 & 255}.{number & 255}.7"}}


def alike(answer: Any, *typed: str) -> tuple[Any, ...]:
    """Return what an answer tells: its status, its headers and its body, without what is fresh or was sent to it."""
    body = FRESH.sub(r'\1""', answer.get_data(as_text=True))
    headers = [(name, value) for name, value in answer.headers if name in {"Cache-Control", "Location", "Content-Type"}]
    names = sorted(name for name, _ in answer.headers if name != "Set-Cookie")
    names += [cookie for cookie in answer.headers.getlist("Set-Cookie") if cookie.startswith("device=")]
    for text in sorted(filter(None, typed), key=len, reverse=True):
        body = body.replace(text, "…")
    return answer.status_code, names, headers, body


@contextmanager
def statements() -> Iterator[list[str]]:
    """Note the SQL of what happens inside the block, in all threads."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not NOW_AND_THEN.search(statement):
            seen.append(statement)

    engine = db.engine()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def linked_by(url: str) -> UUID | None:
    """Return the link that an address leads to; two addresses of one link may be signed a second apart."""
    return read_token(url.rpartition("/")[2])


@contextmanager
def in_one_window() -> Iterator[None]:
    """Let time stand still inside the block, in the middle of a window in which tries are counted."""
    now = clock.now()
    begins = now.timestamp() // (WINDOW_MINUTES * 60) * WINDOW_MINUTES * 60
    still = datetime.fromtimestamp(begins, UTC) + timedelta(minutes=WINDOW_MINUTES / 2)
    with clock.running(lambda: still):
        yield


@contextmanager
def later(**passed: float) -> Iterator[None]:
    """Let time have passed inside the block."""
    with clock.running(lambda: clock._system() + timedelta(**passed)):
        yield

"""WeChat, WeCom and DingTalk in a test: the simulator over HTTP, and a shop connected to it."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from app.kit import clock
from app.kit.effects import Answer
from app.kit.http import Client
from app.kit.ids import new_id
from app.kit.party import Account
from app.kit.secret import Secret
from app.messages import carrying, connecting, providers
from app.messages.carrying import Trip
from app.messages.models import Carrier
from app.messages.providers import Channel, Message, Template
from app.messages.providers.outside import CHATS, outside
from simulators.chats.__main__ import Keys, make_desk, new_keys, serve
from simulators.chats.desk import Desk
from tests.make import Shop
from tests.payments.gate import reachable

OPENID = "oSimulatedBuyer0000000000001"


@dataclass
class Chats:
    """The simulator that runs, and the accounts it knows."""

    desk: Desk
    keys: Keys
    url: str

    def account(self, name: str, **changes: str) -> Account:
        """Return what a merchant would enter for a party."""
        known, party = {**self.keys[name], **changes}, providers.provider(name)
        secret = {field.name for field in party.fields if field.is_secret}
        plain = {key: value for key, value in known.items() if key not in secret and key != party.numbered_by}
        return Account(known[party.numbered_by], plain, {key: Secret(known[key]) for key in secret if key in known})

    def connect(self, shop: Shop, name: str, **changes: str) -> Carrier:
        """Let a shop's messages go by a party."""
        account = self.account(name, **changes)
        return shop.write(lambda: connecting.add_carrier(provider_name=name, account=account, now=clock.now()))

    def connect_with(self, shop: Shop, name: str, templates: Mapping[tuple[str, str], Template]) -> Carrier:
        carrier = self.connect(shop, name)
        shop.write(lambda: connecting.set_templates(carrier.id, templates))
        return carrier

    def said(self, place: str) -> list[str]:
        """Return what was said at a place, in order."""
        return [str(message["said"]) for message in self.desk.sent_at(place)]


@contextmanager
def running() -> Iterator[Chats]:
    """Let the simulator run, and the parties of this process be there."""
    keys = new_keys()
    desk = make_desk(keys)
    desk.clock = lambda: clock.now().timestamp()
    server = serve(desk)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.port}"
    before = {name: providers.provider(name) for name in providers.names()}
    providers.configure({**before, **outside({CHATS: url})})
    try:
        with reachable(url):
            yield Chats(desk, keys, url)
    finally:
        providers.configure(before)
        server.shutdown()
        thread.join()
        server.server_close()


def message(to: str = OPENID, **changes: object) -> Message:
    """Return a message to somebody."""
    known = {
        "key": new_id(),
        "about": "ready",
        "to": Secret(to),
        "lang": "zh",
        "title": "订单 42 可以取码了",
        "text": "三件商品已经准备好。",
        "values": {"number": "42", "title": "Steam Card 50", "amount": "¥19.99", "shop": "Shop"},
        "url": "https://shop.example/o/x",
    }
    return Message(**{**known, **changes})  # type: ignore[arg-type]


def carry(shop: Shop, channel: Channel, said: Message) -> Trip:
    """Have a message carried as effects do, faults recorded."""
    ways = shop.read(lambda: carrying.lines(channel, now=clock.now()))
    with Client() as client:
        trip = carrying.carry(said, ways, client)
    shop.write(lambda: carrying.record_faults(trip.faults, now=clock.now()))
    return trip


def ask(shop: Shop, carrier: Carrier, number: str, said: Message) -> Answer:
    """Ask a carrier what became of a message."""
    way = shop.read(lambda: carrying.line(carrier))
    party = providers.provider(carrier.provider)
    with Client() as client:
        return way.asked(client, lambda account: party.query(number, said, account, client))

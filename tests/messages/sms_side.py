"""The simulator of SMS services in a thread, and a shop whose messages go by it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.kit.effects import Answer
from app.kit.http import Client
from app.kit.ids import new_id
from app.kit.party import Account
from app.kit.secret import Secret
from app.messages.providers import Message, Template
from app.messages.providers.aliyun import Aliyun
from app.messages.providers.tencent import Tencent
from simulators.sms.book import Book, Taken
from simulators.sms.faults import SmsFaults
from simulators.sms.keys import ALIYUN, TENCENT, Keys, make_keys
from simulators.sms.service import Due, Service
from simulators.sms.web import create_app
from simulators.test_gateway.door import Door
from tests.payments.gate import reachable

PHONE = "+8613912345678"
VALUES = {"number": "42AB", "digits": "123456", "minutes": "10", "amount": "19.90 CNY", "shop": "Shop", "title": "Card"}
READY = {ALIYUN: Template("SMS_1002", (("number", "number"),)), TENCENT: Template("2002", (("1", "number"),))}
CODE = {
    ALIYUN: Template("SMS_1001", (("code", "digits"), ("minutes", "minutes"))),
    TENCENT: Template("2001", (("1", "digits"), ("2", "minutes"))),
}


def account_of(vendor: str, keys: Keys) -> Account:
    """Return what a merchant enters for one of the two."""
    if vendor == ALIYUN:
        return Account(keys.key_id, {"sign_name": keys.sign_name}, {"key_secret": Secret(keys.key_secret)})
    settings = {"secret_id": keys.secret_id, "sign_name": keys.sign_name, "region": keys.region}
    return Account(keys.app_id, settings, {"secret_key": Secret(keys.secret_key)})


def message(about: str = "ready", to: str = PHONE, **values: str) -> Message:
    return Message(new_id(), about, Secret(to), "zh", "Ready", "Ready", VALUES | values)


@dataclass
class Side:
    """Both services, and one of them as the shop speaks to it."""

    vendor: str
    service: Service
    url: str
    client: Client = field(default_factory=Client)

    @property
    def party(self) -> Aliyun | Tencent:
        return self.parties[self.vendor]

    def __post_init__(self) -> None:
        self.parties: dict[str, Aliyun | Tencent] = {ALIYUN: Aliyun(self.url), TENCENT: Tencent(self.url)}

    @property
    def account(self) -> Account:
        return account_of(self.vendor, self.service.keys)

    def send(
        self, sent: Message | None = None, template: Template | None = None, account: Account | None = None
    ) -> Answer:
        sent = sent or message()
        known = template or (CODE if sent.about == "code" else READY)[self.vendor]
        return self.party.send(sent, known, account or self.account, self.client)

    def query(self, sent: Message, number: str = "") -> Answer:
        return self.party.query(number, sent, self.account, self.client)

    def end_all(self) -> None:
        """Let every message end that is under way, and tell the shop."""
        for taken in self.service.book.untold():
            self.service.tell(Due(taken.number, 0, ended=False))

    @property
    def taken(self) -> list[Taken]:
        return self.service.book.newest()

    def cause(self, name: str, **more: object) -> None:
        self.service.faults.cause(name, **more)


@contextmanager
def served(vendor: str) -> Iterator[Side]:
    """Both services over HTTP; nothing ends before the test says so."""
    service = Service(make_keys(), Book(), SmsFaults())
    door = Door(create_app(service), service.faults)
    thread = threading.Thread(target=door.serve, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{door.port}"
    try:
        with reachable(url):
            yield Side(vendor, service, url)
    finally:
        door.stop()
        thread.join(5)
        service.book.close()

"""What the tests of members share: a browser of somebody who asks for digits, and who is in after typing them."""

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import func, select

from app.accounts.service import Browser
from app.delivery.service import Asking
from app.kit import clock, db
from app.kit.errors import Refusal
from app.kit.ids import new_id
from app.kit.onetime import digits_of
from app.members import queries, service
from app.members.models import Member, MemberCode
from app.members.queries import MemberSeen
from app.orders.models import Order
from tests.make import Shop

DORA = "dora@example.com"
PHONE = "138 0013 8000"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0"


@dataclass
class Visitor:
    """A browser of a person who signs in, or tries to."""

    shop: Shop
    network: str = "192.0.2.0/24"
    device: str = ""
    token: str = ""
    asked: list[MemberCode] = field(default_factory=list)

    @property
    def asking(self) -> Asking:
        return Asking(self.device, Browser(self.network, FIREFOX))

    def asks(self, contact: str = DORA) -> "Visitor":
        """Ask for digits to sign in, or, signed in, to add a contact."""
        seen = self.seen if self.token else None
        adds = seen.id if seen and contact != DORA else None
        self.device = self.shop.write(
            lambda: service.ask_code(contact, self.asking, lang="en", now=clock.now(), member_id=adds)
        )
        newest = select(MemberCode).order_by(MemberCode.id.desc()).limit(1)
        self.asked.append(self.shop.read(lambda: db.session().scalars(newest).one()))
        return self

    @property
    def digits(self) -> str:
        return digits_of(self.asked[-1].id).expose()

    @property
    def wrong(self) -> str:
        return f"{(int(self.digits) + 1) % 10**6:06d}"

    def types(self, digits: str) -> service.SignedIn | Refusal:
        said = self.shop.write(lambda: service.prove(digits, self.asking, token=self.token, now=clock.now()))
        if isinstance(said, service.SignedIn):
            self.token = said.token
        return said

    def signs_in(self, contact: str = DORA) -> "Visitor":
        said = self.asks(contact).types(self.digits)
        assert isinstance(said, service.SignedIn), said
        return self

    @property
    def seen(self) -> MemberSeen | None:
        return self.shop.read(lambda: queries.find_present(self.token, now=clock.now()))

    @property
    def present(self) -> MemberSeen:
        seen = self.seen
        assert seen
        return seen


def count_members(shop: Shop) -> int:
    return shop.read(lambda: db.session().scalar(select(func.count()).select_from(Member))) or 0


def sell(shop: Shop, contact: str = DORA, count: int = 1) -> Order:
    shop.codes(count)
    order = shop.place(count, contact=contact)
    assert shop.pay(order)
    return order


def make_busy_member(shop: Shop) -> UUID:
    """Make a member who was asked for, signed in, and told of something; of every table there is a row."""
    visitor = Visitor(shop).signs_in("meg@example.com")
    member_id = visitor.present.id
    source = new_id()
    shop.write(lambda: service.leave(member_id, "ready", source=source, order_id=None, facts={}, now=clock.now()))
    return member_id

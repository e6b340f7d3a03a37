"""The demo's company: money paid ahead, a member to sign in as, and 500 lunch vouchers of which some are used and some
were never in time. It bought, redeemed and handed out by the verbs of real companies, each at its time.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID

from app.accounts import service as accounts
from app.catalog import queries as catalog
from app.commands.demo.opening import SLUG
from app.companies import queries, service
from app.companies.queries import Role
from app.gifting import queries as gifts
from app.gifting import service as gifting
from app.kit import clock, db, tasks
from app.kit.events import SYSTEM, By
from app.kit.listing import listed
from app.kit.money import Money
from app.redemption import queries as uses
from app.redemption import service as redemption

SKU = "WC-LUNCH"
NAME = "山海科技有限公司"
ADMINISTRATOR, PASSWORD = "hr@demo.example", "miaofa-demo-hr"
PIECES, USED, LAPSED, LEFT = 400, 120, 100, 500_000  # ready ones, of which used; those never in time; fen unspent
VALID = 30  # days from delivery
FIRST, SECOND = timedelta(days=41), timedelta(days=9)  # when they ordered, counted back
PLACES = (("NJ-01", "南京路店"), ("XH-02", "徐汇店"))
PEOPLE = ("陈思远 1001", "林小雨 1002", "周明 1003", "吴佳宁 1004", "何一凡 1005", "许文 1006")

T = TypeVar("T")


def login() -> dict[str, str]:
    """Return how to sign in as the company's administrator."""
    return {"role": "company", "email": ADMINISTRATOR, "password": PASSWORD, "enterprise": f"/enterprise/{SLUG}/"}


def found(merchant_id: int, *, now: datetime) -> None:
    """Found the company in the demo's shop and tell what it did; one that is there stays as it is."""
    if not db.read(merchant_id, lambda: listed(queries.COMPANIES, {"q": NAME}).page.rows):
        Founder(merchant_id, now).tell()


class Founder:
    """Tells the story of the company."""

    def __init__(self, merchant_id: int, now: datetime) -> None:
        self.merchant_id, self.now = merchant_id, now

    def tell(self) -> None:
        """Tell it from the first transfer to the last voucher, and let the rest of it be ready."""
        password_hash = accounts.hash_password(PASSWORD)
        company_id, user_id = self._at(FIRST, lambda then: _open(password_hash, then))
        self._at(FIRST, partial(_order, company_id, LAPSED))
        bought = self._at(SECOND, partial(_order, company_id, PIECES))
        by = By("member", user_id)
        self._redeem(company_id, bought, by)
        self._at(timedelta(days=1), lambda then: _hand_out(company_id, bought, then, by))

    def _at(self, back: timedelta, act: Callable[[datetime], T]) -> T:
        """Do something in one unit as if it was so long ago."""
        then = self.now - back
        with clock.running(lambda: then):
            return db.write(self.merchant_id, lambda: act(then))

    def _redeem(self, company_id: UUID, bought: UUID, by: By) -> None:
        """Let the administrator redeem some in bulk, each for somebody."""
        then = self.now - timedelta(days=3)
        with clock.running(lambda: then):
            chosen = db.read(self.merchant_id, lambda: queries.list_ready(bought, limit=USED, now=then))
            rows = [redemption.Asked(entitlement_id=one, reference=f"员工 {2000 + n}") for n, one in enumerate(chosen)]
            draft = redemption.Draft(redemption.Via(uses.Channel.ENTERPRISE, by), "员工午餐", company_id)
            bulk = redemption.draft_bulk(self.merchant_id, draft, rows, now=then)
            db.write(self.merchant_id, lambda: redemption.confirm_bulk(bulk, count=USED, now=then, by=by))
            task = db.read(self.merchant_id, lambda: tasks.find(uses.BULK, bulk))
            assert task is not None
            tasks.run(self.merchant_id, task.id, seconds=60)


def _open(password_hash: str, now: datetime) -> tuple[UUID, UUID]:
    """Open the places that take the vouchers, and the company with its administrator and its money."""
    sku = catalog.get_sku(SKU)
    for code, name in PLACES:
        redemption.open_location(code=code, name=name, now=now, by=SYSTEM)
    redemption.set_rule(sku.id, uses.Rule(valid_days=VALID, self_service=True), now=now, by=SYSTEM)
    company = service.create(name=NAME, email=ADMINISTRATOR, note="演示", now=now, by=SYSTEM)
    user = accounts.create_user(email=ADMINISTRATOR, password_hash=password_hash, now=now)
    service.add_member(company.id, user.id, Role.ADMINISTRATOR, now=now, by=SYSTEM)
    money = sku.price * (PIECES + LAPSED) + Money(LEFT, sku.price.currency)
    service.top_up(company.id, money, "DEMO-0001", now=now, by=SYSTEM)
    return company.id, user.id


def _order(company_id: UUID, quantity: int, now: datetime) -> UUID:
    """Order vouchers from the balance, and have them made out."""
    wanted = service.Wanted([(SKU, quantity)], "zh", f"demo-{quantity}")
    order = service.place(company_id, wanted, now=now, by=SYSTEM)
    redemption.issue_missing(queries.list_ready(order.id, limit=quantity, now=now))
    return order.id


def _hand_out(company_id: UUID, bought: UUID, now: datetime, by: By) -> None:
    """Give some people one each; they have no address, so no letters are written."""
    people = list(gifts.people_of("\n".join(person.replace(" ", ",") for person in PEOPLE)))
    plan = gifting.Plan(company_id, bought, "新员工入职礼", gifts.ProofKind.REFERENCE, "zh")
    number = gifting.draft(plan, people, now=now, by=by)
    gifting.confirm(number, company_id=company_id, count=len(people), now=now, by=by)

"""A shop in which every table that belongs to a merchant has a row."""

from datetime import timedelta

from app.accounts import service as accounts
from app.accounts import throttle as tries
from app.accounts.models import PasswordReset
from app.catalog import queries as catalog
from app.catalog import service as shelving
from app.catalog.models import Kind, ProductStatus
from app.delivery import queries as sent
from app.delivery import service as delivery
from app.delivery.models import WHOLE_SHOP, ContactOwner, Medium, OneTimeCode
from app.delivery.plan import Plan
from app.delivery.queries import Place, Words
from app.delivery.service import Wanted, ending
from app.finance import days
from app.finance import service as billing
from app.inventory.models import ImportChunk
from app.kit import clock, db, pictures, throttle
from app.kit.events import SYSTEM
from app.kit.ids import new_id
from app.kit.money import Money
from app.kit.secret import Secret
from app.ledger import service as ledger
from app.merchants import service as merchants
from app.messages import limits
from app.messages import queries as messaging
from app.messages import service as messages
from app.messages.events import MessageReceipt
from app.messages.providers import Channel
from app.orders.models import Order
from app.refunds import service as refunds
from app.risk import service as risk
from app.risk.queries import HOUSE, Mode, Policy
from app.support import service as support
from app.support.queries import Problem
from tests.catalog.shelf import dress
from tests.companies.firm import make_busy_firm
from tests.doors import get_stuck
from tests.exchanges.trading import exchange_one
from tests.gifting.gifts import hand_out
from tests.gifting.giving import give_away
from tests.inventory.filling import fill_stock
from tests.make import Shop, fresh_code
from tests.members.people import make_busy_member
from tests.messages.carriers import connect_fake
from tests.messages.filling import fill_chats
from tests.payments.transferring import Counter, connect
from tests.redemption.goods import redeem_a_list


def fill(shop: Shop) -> None:
    """Let everything happen in a shop that leaves a row somewhere."""
    again = fresh_code()
    batch = shop.imports(f"{again}\n{again}\n{fresh_code()}")
    order = shop.place()
    assert shop.start(order)
    assert shop.pay(order)
    shop.write(lambda: refunds.refund(order.id, reason="", now=clock.now(), by=SYSTEM))
    shop.write(lambda: ledger.roll(now=clock.now() + timedelta(days=3)))
    shop.write(lambda: days.close_next(now=clock.now() + timedelta(days=3)))
    chunk = ImportChunk(batch_id=batch.id, number=9, key_id=new_id(), sealed=b"cut off")
    named = shelving.SkuDraft(fresh_code(), Kind.CODE, Money(100, "CNY"), {"en": "Large"})
    known = {"texts": {"en": shelving.Texts("Card")}, "status": ProductStatus.DRAFT, "now": clock.now(), "by": SYSTEM}
    dress(shop)
    picture = shop.write(lambda: pictures.keep_drawn('<svg viewBox="0 0 9 9"/>', now=clock.now()))
    known |= {"cover_id": picture, "steps": (picture,)}
    shop.write(lambda: shelving.create_product(slug="named", skus=(named,), **known))  # type: ignore[arg-type]
    now = clock.now()
    reset = PasswordReset(id=new_id(), user_id=new_id(), created_at=now, expires_at=now)  # in real life the platform's
    shop.write(lambda: db.session().add_all([chunk, reset]))
    ((device_id, _),) = shop.write(lambda: accounts.remember_devices([""], now=clock.now()))
    told = shop.place()
    assert shop.pay(told)
    shop.write(lambda: delivery.send_link_again(told.id, now=now, by=SYSTEM))
    browser = accounts.Browser("192.0.2.0/24", "a browser")
    shop.write(lambda: delivery.admit(delivery.make_link(told.id, now=now), device_id, browser=browser, now=now))
    ours = {"device_id": device_id, "contact_index": b"index", "expires_at": now}
    code = OneTimeCode(id=new_id(), created_at=now, tries=0, **ours)
    shop.write(lambda: db.session().add_all([code, ContactOwner(proved_at=now, **ours)]))
    shop.write(lambda: throttle.count(tries.keys("alice", "network"), now=clock.now()))
    opened = billing.open_bill(["商户订单号,交易号,金额\nours,theirs,5.00\n".encode()], {}, "CNY")
    taken = billing.take_bill(shop.merchant_id, shop.method_id, opened, day=now.date(), now=now, by=SYSTEM)
    shop.write(lambda: billing.read_some(taken, now=now))
    known_risk = {name: risk.Setting(Mode.WATCH, 1, rule.minutes) for name, rule in HOUSE.items()}
    shop.write(lambda: risk.set_rules(known_risk, now=now, by=SYSTEM))
    shop.write(lambda: risk.set_policy(Policy(3, True), now=now, by=SYSTEM))
    shop.codes(3)
    for _ in range(2):
        shop.place(contact="dora@example.com")
    till, waiting = Counter(shop, connect(shop)), shop.place()
    till.begin(waiting)
    till.confirm(waiting, 5)
    till.tell(waiting)
    redeem_a_list(shop)
    connect_fake(shop, Channel.SMS)
    spot = Place(WHOLE_SHOP, "en", Medium.PAGE)
    shop.write(lambda: delivery.save_wording(spot, Words(title="About it"), now=now, by=SYSTEM))
    address = Secret("+8613800138000")
    carrier = shop.read(messaging.list_carriers)[0].id
    wish = {"about": "code", "lang": "zh", "to": address, "mask": "138****8000", "now": now, "by": SYSTEM}
    shop.write(lambda: messages.ask_trial(carrier, **wish))  # type: ignore[arg-type]
    shop.write(lambda: limits.count_sent(new_id(), address, now=now))
    shop.write(lambda: delivery.learn_way(b"index", Channel.SMS, address, mask="138****8000", now=now))
    shop.write(lambda: delivery.set_plan(Plan(quiet_from=1320), now=now, by=SYSTEM))
    shop.write(lambda: delivery.choose_wanted(b"index" * 8, Channel.SMS, Wanted.NOTHING, now=now, by=SYSTEM))
    shop.write(
        lambda: delivery.follow_receipts([MessageReceipt(subject_id=new_id(), at=now, number="7", arrived=True)])
    )
    failed = shop.read(lambda: sent.list_of_order(told.id))[0].id
    shop.write(lambda: ending.record_failed(failed, reason="no", unknown=False, now=now))
    shop.write(lambda: delivery.resend({}, count=1, now=now, by=SYSTEM))
    firm = make_busy_firm(shop)
    hand_out(firm)
    fill_chats(shop, firm)
    make_busy_member(shop)
    give_away(shop)
    exchange_one(shop)
    bundle = shop.read(lambda: catalog.get_sku(named.code).id)
    fill_stock(shop, batch_id=batch.id, other_sku=bundle, now=now)
    helped(shop, told)


def helped(shop: Shop, order: Order) -> None:
    """Have a buyer stuck with a code, the shop say what helps, and show codes again by rules of its own."""
    get_stuck(shop, order)
    sku = shop.read(lambda: catalog.get_sku(shop.sku))
    said = {(Problem.USED, "en"): "Look into your account"}
    shop.write(lambda: support.set_steps(sku.product_id, said, now=clock.now(), by=SYSTEM))
    shop.write(lambda: merchants.change_reveals(merchants.Reveals(hide_seconds=60), now=clock.now(), by=SYSTEM))

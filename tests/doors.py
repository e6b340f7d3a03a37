"""The doors of an installation: every address there is, at the things of one shop, and a way to knock."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from io import BytesIO
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from werkzeug.routing import Rule

from app.balances.queries import Account, HolderKind
from app.catalog import queries as catalog
from app.catalog import service as shelving
from app.catalog.models import Category, Product, Source
from app.companies import queries as companies
from app.companies.models import Company, Invite
from app.delivery import queries as links
from app.delivery import service as delivery
from app.delivery.models import Delivery, Link
from app.delivery.ways import Resend, ResendState
from app.entitlements import queries as entitled
from app.exchanges.queries import ExchangeRule
from app.finance import service as billing
from app.finance.models import BillLine
from app.gifting import queries as gifts
from app.gifting.queries import ClaimCampaign, Extract, Gift, Handout, HandoutRow
from app.inventory import queries as inventory
from app.inventory import service as stocking
from app.inventory.changes import Action, CodeChange
from app.inventory.models import Code, Proof, SharedCode
from app.inventory.queries import CodeExport
from app.kit import clock, db, pictures, tokens
from app.kit.effects import Effect
from app.kit.events import SYSTEM, By, EventRow
from app.kit.ids import new_id, public
from app.kit.pictures import Picture
from app.members.models import Member, MemberContact
from app.messages.models import Carrier
from app.messages.providers import Channel
from app.orders.models import Order
from app.payments import queries as paying
from app.payments.models import Notice, Payback
from app.redemption.queries import Bulk, Location, Redemption
from app.support import queries as helping
from app.support import service as support
from app.support.queries import HelpCall, Problem
from app.web.dispatch import Miaofa
from app.web.shop.placing import card_of, token_of
from app.web.shop.using import TICKET
from tests.balances.person import Person
from tests.companies.firm import make_busy_firm
from tests.exchanges.trading import exchange_one
from tests.gifting.gifts import hand_out
from tests.gifting.giving import give_away
from tests.inventory.goods import share, variant
from tests.inventory.staging import stage_and_check
from tests.make import Browser, Shop, fresh_code
from tests.members.people import make_busy_member
from tests.messages.carriers import connect_fake
from tests.payments.transferring import Counter, connect
from tests.redemption.goods import redeem_a_list


@dataclass(frozen=True)
class Door:
    """One address of one shop, with the way to knock."""

    endpoint: str
    method: str
    url: str
    permission: str | None
    streams: bool
    names_object: bool

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


def sell(shop: Shop) -> Order:
    shop.codes(1)
    order = shop.place()
    assert shop.pay(order)
    assert shop.pay(order, trade_no=f"TG{order.number}-2")  # whose money goes back, by an effect
    shop.write(lambda: delivery.send_link_again(order.id, now=clock.now(), by=SYSTEM))
    shop.write(lambda: pictures.keep_drawn('<svg viewBox="0 0 9 9"/>', now=clock.now()))
    firm = make_busy_firm(shop)
    redeem_a_list(shop)
    hand_out(firm)
    make_busy_member(shop)
    give_away(shop)
    exchange_one(shop)
    connect_fake(shop, Channel.WECOM_ROBOT, "robot")
    supply_otherwise(shop)
    shop.codes(1)
    wish = stocking.ExportWish({}, "to look at", True)
    shop.write(lambda: stocking.ask_export(wish, others=(), now=clock.now(), by=By("user", new_id())))
    shop.write(lambda: departed(shop.sku.lower()))
    change_one(shop)
    move_one(shop)
    bill_it(shop)
    send_transfer(shop)
    connect_fake(shop, Channel.SMS)
    stage_and_check(shop, "code\n" + fresh_code())
    send_many_again(shop)
    Person(shop).has(500)
    get_stuck(shop, order)
    return order


def send_many_again(shop: Shop) -> None:
    """Have messages of a list sent again, which is under way."""
    known = {"id": new_id(), "filters": {}, "count": 9, "done": 0, "asked_at": clock.now(), "actor_type": "system"}
    shop.write(lambda: db.session().add(Resend(state=ResendState.RUNNING, **known)))


def get_stuck(shop: Shop, order: Order) -> None:
    """Have a buyer ask for help, and tell the shop."""

    def tell() -> None:
        item, now = entitled.list_of_order(order.id)[0], clock.now()
        support.ask(item, Problem.INVALID, now=now, by=SYSTEM)
        condition = helping.condition_of(order, item, None, now=now)
        support.tell_shop(item.id, Problem.INVALID, "It does not work", condition, now=now, by=SYSTEM)

    shop.write(tell)


def bill_it(shop: Shop) -> None:
    """Take a bill in of a payment nobody told of, some of it unread yet."""
    opened = billing.open_bill(["商户订单号,交易号,金额\nours,theirs,5.00\n".encode()], {}, "CNY")
    known: dict[str, Any] = {"now": clock.now(), "by": SYSTEM}
    number = billing.take_bill(shop.merchant_id, shop.method_id, opened, day=date(2026, 1, 5), **known)
    shop.write(lambda: billing.read_some(number, now=clock.now()))


def send_transfer(shop: Shop) -> None:
    """Have a buyer say that a transfer was sent, of which some is in the bank."""
    shop.codes(1)
    till, order = Counter(shop, connect(shop)), shop.place()
    till.begin(order)
    till.confirm(order, 5)
    till.tell(order)


def change_one(shop: Shop) -> None:
    """Have one more code changed, and file a paper of its batch."""
    known: dict[str, Any] = {"now": clock.now(), "by": SYSTEM}
    batch = shop.codes(1)
    shop.write(lambda: stocking.add_proof(batch.id, "contract.pdf", b"%PDF-1.7", **known))
    asked = {"batch": public("bat", batch.id)}
    shop.write(lambda: stocking.change_codes(Action.FREEZE, asked, count=1, reason="a test", **known))


def move_one(shop: Shop) -> None:
    """Have a code moved from one variant to another."""
    here, there = variant(shop, Source.POOL), variant(shop, Source.POOL)
    shop.imports(fresh_code(), sku=here)
    from_id, to_id = (shop.read(partial(catalog.get_sku, code)).id for code in (here, there))
    wish = stocking.MoveWish(from_id, to_id, {}, 1, "a test")
    shop.write(lambda: stocking.move(wish, now=clock.now(), by=SYSTEM))


def supply_otherwise(shop: Shop) -> None:
    """Have a shared code in stock, and something to be delivered by hand."""
    share(shop, variant(shop, Source.SHARED), 3)
    order = shop.place(sku=variant(shop, Source.MANUAL))
    assert shop.pay(order)


def departed(slug: str) -> None:
    """Put every product into a department that is called as the first product is."""
    made = shelving.create_category(slug=slug, names={"en": "Cards"}, now=clock.now(), by=SYSTEM)
    db.session().execute(update(Product).values(category_id=made.id))


def office(shop: Shop, order: Order) -> list[Door]:
    """Return every door of a shop's office that asks for a permission."""
    return [door for door in doors(shop, order, surface="office") if door.permission]


def enterprise(shop: Shop, order: Order, *, of: Shop | None = None) -> list[Door]:
    """Return every door of a shop's companies that asks for a permission."""
    return [door for door in doors(shop, order, of=of, surface="enterprise") if door.permission]


def doors(shop: Shop, order: Order, *, of: Shop | None = None, surface: str = "") -> list[Door]:
    """Return every door of the installation, or of one surface.

    They stand at the addresses that an order and the rest of its shop (`of`) have; a shop without a domain is found by
    its short name alone.
    """
    known = words(of or shop, order) | {"shop": shop.slug}
    return [
        Door(
            rule.endpoint,
            method,
            address(rule, known),
            mark(shop.app, rule, "permission"),
            streams=bool(mark(shop.app, rule, "streams")),
            names_object=bool(rule.arguments - {"shop", "gateway", "party"}),  # which are nobody's own
        )
        for rule in shop.app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        if not rule.endpoint.startswith("shop.") and rule.endpoint.startswith(surface)
    ]


def words(shop: Shop, order: Order) -> dict[str, str]:
    """Return what to put into an address for each of its arguments."""
    sku = shop.read(lambda: catalog.get_sku(shop.sku))
    paper = shop.read(lambda: db.session().scalars(select(Proof).order_by(Proof.id)).first())
    assert paper
    notice, payback, effect = (shop.read(partial(first, model)) for model in (Notice, Payback, Effect))
    return {
        "slug": shop.sku.lower(),
        "gateway": "alipay",
        "party": "aliyun",
        "carrier": public("carrier", shop.read(partial(first, Carrier))),
        "about": "ready",
        "language": "zh",
        "method": public("pay", shop.method_id),
        "product": public("prd", sku.product_id),
        "category": public("cat", shop.read(partial(first, Category))),
        "step": "1",
        "tongue": "zh",
        "medium": "page",
        "slot": "logo",
        "picture": str(shop.read(partial(first, Picture))),
        "version": "1",
        "batch": public("bat", paper.batch_id),
        "export": public("exp", shop.read(partial(first, CodeExport))),
        "staged": public("bat", shop.read(inventory.list_undecided)[0].id),
        "view": public("viw", new_id()),
        "order": public("ord", order.id),
        "notice": public("ntc", notice),
        "robot": public("car", shop.read(partial(first, Carrier))),
        "payback": public("pbk", payback),
        **of_transfer(shop),
        "effect": public("eff", effect),
        "message": public("msg", shop.read(partial(first, Delivery))),
        "token": token_of(order.id),
        "resend": public("rsd", shop.read(partial(first, Resend))),
        "way": shop.read(lambda: links.list_ways(order)).get(links.Channel.EMAIL, "of a company: none"),
        "card": card_of(order.id),
        "problem": "invalid",
        "call": public("hlp", shop.read(partial(first, HelpCall))),
        "link": links.token_of(shop.read(partial(first, Link))),
        "filename": "app.js",
        "session": public("ses", new_id()),
        "code": public("cod", shop.read(partial(first, Code))),
        "change": public("chg", shop.read(partial(first, CodeChange))),
        "proof": public("prf", paper.id),
        "move": public("evt", shop.read(moved_first)),
        "line": public("bln", shop.read(partial(first, BillLine))),
        "chore": public("ent", shop.read(lambda: entitled.list_chores(limit=1))[0].entitlement_id),
        "shared": public("shc", shop.read(partial(first, SharedCode))),
        "holder": public("mem", shop.read(holder_first)),
        **of_company(shop),
        **of_member(shop),
        **of_redemption(shop, order),
    }


def holder_first() -> UUID:
    """Return the oldest member of the shop that has a wallet."""
    theirs = select(Account.holder_id).where(Account.holder_kind == HolderKind.MEMBER)
    return db.session().scalars(theirs.order_by(Account.holder_id)).first() or new_id()


def of_transfer(shop: Shop) -> dict[str, str]:
    """Return what addresses about the oldest transfer name."""
    told = shop.read(lambda: paying.list_told_transfers(limit=1))[0]
    return {"transfer": public("transfer", told.attempt_id), "telling": public("telling", told.id)}


def of_redemption(shop: Shop, order: Order) -> dict[str, str]:
    """Return what addresses about using and giving name: the oldest of each kind, as `sell` made them."""
    sku, piece = shop.read(lambda: (catalog.get_sku(shop.sku), entitled.list_of_order(order.id)[0]))
    place, made = (shop.read(partial(first, model)) for model in (Location, Redemption))
    given, campaign = (shop.read(partial(first, model)) for model in (Gift, ClaimCampaign))
    handout, person, extract = (shop.read(partial(first, model)) for model in (Handout, HandoutRow, Extract))
    return {
        "sku": public("sku", sku.id),
        "lane": "1",
        "location": public("loc", place),
        "redemption": public("rdm", made),
        "entitlement": public("ent", piece.id),
        "ticket": tokens.sign(TICKET, [shop.merchant_id, piece.id.hex]),
        "handout": public("hnd", handout),
        "person": public("clm", person),
        "claim": gifts.token_of(person),
        "gift": gifts.gift_token(given),
        "rule": public("exr", shop.read(partial(first, ExchangeRule))),
        "given": public("gft", given),
        "offer": gifts.campaign_token(campaign),
        "campaign": public("cmp", campaign),
        "media": "png",
        "extract": public("ext", extract),
    }


def of_company(shop: Shop) -> dict[str, str]:
    """Return the oldest company of a shop with a member, an invite and a list; made when it is first asked for."""
    number = shop.read(lambda: db.session().scalar(select(Company.id).order_by(Company.id).limit(1)))
    number = number or make_busy_firm(shop).id
    invite = shop.read(partial(first, Invite))
    bulk = shop.read(lambda: db.session().scalars(select(Bulk.id).where(Bulk.company_id == number)).first())
    assert bulk
    member = shop.read(lambda: companies.list_members(number))[-1].user_id
    names = {"company": public("com", number), "invite": public("inv", invite), "bulk": public("blk", bulk)}
    return names | {"member": public("usr", member), "kind": "csv"}


def of_member(shop: Shop) -> dict[str, str]:
    """Return what addresses about the oldest member name."""
    member, contact = (shop.read(partial(first, model)) for model in (Member, MemberContact))
    return {"buyer": public("mem", member), "contact": public("con", contact)}


def moved_first() -> UUID:
    """Return what asked for the oldest move of codes."""
    asked = select(EventRow.id).where(EventRow.name == "codes.move_asked")
    return db.session().scalars(asked.order_by(EventRow.id).limit(1)).one()


def first(model: Any) -> UUID:
    """Return the id of the oldest row of its kind."""
    return db.session().scalars(select(model.id).order_by(model.id).limit(1)).one()


def address(rule: Rule, known: Mapping[str, str]) -> str:
    for name in rule.arguments:
        assert name in known, f"Teach words() what <{name}> of {rule.rule} can be."
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: known[found[1]], rule.rule)


def knock(browser: Browser, door: Door, *, csrf_token: str = "", **more: Any) -> Any:
    """Call an address with little in the hand: at most the token of a form."""
    form: dict[str, Any] = {"csrf_token": csrf_token} if csrf_token else {}
    if door.streams:
        form["file"] = (BytesIO(fresh_code().encode()), "codes.csv")
        more["content_type"] = "multipart/form-data"
    return browser.client.open(door.url, method=door.method, data=form if door.method != "GET" else None, **more)


def mark(app: Miaofa, rule: Rule, name: str, default: Any = None) -> Any:
    return getattr(app.view_functions[rule.endpoint], name, default)


def plain(endpoint: str) -> str:
    """Return the endpoint, the same whether the shop is found by its host or by its short name."""
    return endpoint.replace("shop_at.", "shop.")

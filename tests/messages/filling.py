"""Rows of everything that chats leave behind."""

from sqlalchemy import select

from app.companies import service as companies
from app.companies.models import Telling
from app.companies.queries import list_members
from app.kit import clock, db
from app.kit.events import SYSTEM
from app.kit.ids import new_id
from app.kit.secret import Secret
from app.messages import service as messages
from app.messages.models import Carrier, CarrierInquiry, CarrierToken
from app.messages.providers import Channel
from tests.companies.firm import Firm
from tests.make import Shop
from tests.messages.carriers import connect_fake


def fill_chats(shop: Shop, firm: Firm) -> None:
    """Let a robot have something to tell, a carrier a token, and a member a user ID and something to hear."""
    connect_fake(shop, Channel.WECOM_ROBOT, "robot")
    shop.write(lambda: messages.grant_consent(Secret("oSimulatedBuyer0000000000001"), "TM_ready_0001", at=clock.now()))
    user, now = shop.read(lambda: list_members(firm.id))[0].user_id, clock.now()
    facts = {"left": 1, "limit": 2, "sku": shop.sku, "title": "Card"}
    shop.write(lambda: messages.note("stock.few", subject=("sku", new_id()), facts=facts, now=now))
    ids = {Channel.WECOM: "zhangsan"}
    shop.write(lambda: companies.set_ways(firm.id, user, ids, now=now, by=SYSTEM))
    told = Telling(
        id=new_id(), company_id=firm.id, user_id=user, order_id=new_id(), channel=Channel.WECOM, then=[], asked_at=now
    )
    shop.write(lambda: db.session().add_all([told, CarrierToken(carrier_id=_first(), edition=0)]))
    shop.write(
        lambda: db.session().add(CarrierInquiry(id=new_id(), carrier_id=_first(), number="no longer", asked_at=now))
    )


def _first() -> object:
    return db.session().scalars(select(Carrier.id).order_by(Carrier.id).limit(1)).one()

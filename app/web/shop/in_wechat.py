"""Telling a buyer in WeChat: offered inside WeChat where the app has named its user, and begun by their own tap."""

from uuid import UUID

from flask_babel import gettext as _

from app.delivery import service as delivery
from app.kit import clock, db
from app.kit.errors import NotFound
from app.kit.events import By
from app.kit.secret import Secret
from app.messages import queries as messages
from app.orders import queries as orders
from app.orders.queries import Order
from app.payments.queries import Method
from app.web.guard import frame, unit
from app.web.language import here
from app.web.render import Redirect
from app.web.shop import bp
from app.web.shop.buyers import named_for, payer_of
from app.web.shop.placing import read_token
from app.web.shop.proof import is_mine


@bp.post("/o/<token>/wechat-messages")
@unit(None)
def tell_in_wechat(token: str) -> Redirect:
    """Tell the buyer of an order in WeChat from now on, as the tap that came here asks."""
    merchant, order_id, payer = frame().merchant_id, read_token(token), payer_of(named_for())
    db.write(merchant, lambda: _learn(orders.get(order_id), payer))
    return Redirect(here(".order", token=token), toast=_("From now on we tell you in WeChat."))


def wechat_offer(found: Order) -> str:
    """Return "offer" where a buyer may have themselves told in WeChat, "told" where they are, or ""."""
    method_id = named_for()
    if method_id is None or not _carries(method_id):
        return ""
    return "told" if delivery.is_reached(found.contact_index, messages.Channel.WECHAT) else "offer"


def _learn(found: Order, payer: str) -> None:
    method_id = named_for()
    if not payer or method_id is None or not is_mine(found) or not _carries(method_id):
        raise NotFound
    address, channel, by = Secret(payer), messages.Channel.WECHAT, By("contact")
    delivery.tell_also_by(found, channel, address, mask=mask_openid(payer), now=clock.now(), by=by)


def _carries(method_id: UUID) -> bool:
    """Tell whether the service account that named the buyer is the one that carries messages: openids are its own."""
    method = db.find(Method, method_id)
    appid = method.settings.get("appid", "") if method else ""
    return bool(appid) and messages.carries(messages.Channel.WECHAT, account=appid)


def mask_openid(openid: str) -> str:
    """Return what the staff see of how WeChat names somebody."""
    return f"{openid[:2]}•••{openid[-3:]}"

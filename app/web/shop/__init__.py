"""The buyer's surface: everyone may come in; an order is shown by its token, a code to the browser that paid."""

from flask import Blueprint

bp = Blueprint("shop", __name__)

from app.web.shop import (  # noqa: E402, F401 (routes)
    campaigns,
    checkout,
    claiming,
    door,
    exchanging,
    gift_help,
    gifting,
    gifts,
    help,
    in_mini,
    in_wechat,
    keeping,
    lookup,
    openid,
    own,
    owning,
    pictures,
    placing,
    saving,
    sharing,
    shelf,
    telling,
    trouble,
    using,
    waiting,
    ways,
)
from app.web.shop.me import account, inbox, owned, signing, wallet  # noqa: E402, F401 (routes)

"""The buyer's surface: everyone may come in; an order is shown by its token, a code to the browser that paid."""

from flask import Blueprint

bp = Blueprint("shop", __name__)

from app.web.shop import (  # noqa: E402, F401 (routes)
    checkout,
    claiming,
    door,
    help,
    in_wechat,
    lookup,
    openid,
    own,
    owning,
    pictures,
    placing,
    saving,
    shelf,
    telling,
    using,
    waiting,
)

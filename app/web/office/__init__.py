"""The merchant's surface: signed in, with a permission for every page; a stranger does not even learn it exists."""

from flask import Blueprint

bp = Blueprint("office", __name__)

from app.web.office import (  # noqa: E402, F401 (routes)
    account,
    catalog,
    categories,
    companies,
    counter,
    covers,
    exceptions,
    home,
    links,
    login,
    look,
    messages,
    orders,
    redemption,
    reports,
    reset,
    ruling,
    sender,
    stock,
    uses,
)

"""The merchant's surface: signed in, with a permission for every page; a stranger does not even learn it exists."""

from flask import Blueprint

bp = Blueprint("office", __name__)

from app.web.office import (  # noqa: E402, F401 (routes)
    account,
    batches,
    catalog,
    categories,
    changing,
    chores,
    companies,
    counter,
    covers,
    exceptions,
    exporting,
    generating,
    holds,
    home,
    links,
    lists,
    lives,
    login,
    look,
    messages,
    migrating,
    notes,
    orders,
    redemption,
    reports,
    reset,
    ruling,
    searching,
    sections,
    sender,
    stock,
    stocking,
    supply,
    turnover,
    uses,
    wizard,
)

"""The surface of gateways and carriers: an unguessable address for each, answers in the other side's own words."""

from flask import Blueprint

bp = Blueprint("hooks", __name__)

from app.web.hooks import notices, receipts, unsubscribing  # noqa: E402, F401 (routes)

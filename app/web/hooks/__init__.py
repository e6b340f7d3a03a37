"""The surface of gateways: an unguessable address for each payment method, answers in the gateway's own words."""

from flask import Blueprint

bp = Blueprint("hooks", __name__)

from app.web.hooks import notices, unsubscribing  # noqa: E402, F401 (routes)

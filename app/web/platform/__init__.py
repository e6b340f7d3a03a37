"""The surface of the installation itself: health, readiness, and preferences that belong to no shop."""

from flask import Blueprint

bp = Blueprint("platform", __name__)

from app.web.platform import health, preferences  # noqa: E402, F401 (routes)

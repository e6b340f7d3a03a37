"""The surfaces and their addresses: the map of the site."""

from flask import Flask

from app.web.enterprise import bp as enterprise
from app.web.hooks import bp as hooks
from app.web.office import bp as office
from app.web.platform import bp as platform
from app.web.shop import bp as shop


def register(app: Flask) -> None:
    """Hang up every surface: shops by host and by short name, the office, the hooks, the installation itself."""
    app.register_blueprint(platform)
    app.register_blueprint(hooks)
    app.register_blueprint(office, url_prefix="/office")
    app.register_blueprint(enterprise, url_prefix="/enterprise/<shop>")
    app.register_blueprint(shop)
    app.register_blueprint(shop, name="shop_at", url_prefix="/s/<shop>")

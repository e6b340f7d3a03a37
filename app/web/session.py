"""Flask's signed cookie (CSRF token, one-time messages): its name and path follow the surface."""

from typing import Any

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface

SURFACES = {"/office": "office_page", "/enterprise": "enterprise_page"}  # paths with a cookie of their own


class SurfaceSessions(SecureCookieSessionInterface):
    """Keeps the cookies of the surfaces away from each other."""

    def __init__(self) -> None:
        self._signer: Any = None

    def get_signing_serializer(self, app: Flask) -> Any:
        """Return Flask's own signer, made once: its keys do not change while we run."""
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer

    def get_cookie_name(self, app: Flask) -> str:
        return SURFACES.get(surface_path(), "shop_page")

    def get_cookie_path(self, app: Flask) -> str:
        return surface_path() or "/"

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def surface_path() -> str:
    """Return the path of this request's surface, whose cookies no other one sees; "" in the shop."""
    return next((path for path in SURFACES if f"{request.path}/".startswith(f"{path}/")), "")

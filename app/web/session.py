"""Flask's signed cookie (CSRF token, one-time messages): its name and path follow the surface."""

from typing import Any

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface

OFFICE = "/office"


class SurfaceSessions(SecureCookieSessionInterface):
    """Keeps the office's cookie away from the shop and the other way round."""

    def __init__(self) -> None:
        self._signer: Any = None

    def get_signing_serializer(self, app: Flask) -> Any:
        """Return Flask's own signer, made once: its keys do not change while we run."""
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer

    def get_cookie_name(self, app: Flask) -> str:
        return "office_page" if in_office() else "shop_page"

    def get_cookie_path(self, app: Flask) -> str:
        return OFFICE if in_office() else "/"

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def in_office() -> bool:
    """Tell whether this request is for the office, whose cookies no other surface sees."""
    return request.path == OFFICE or request.path.startswith(f"{OFFICE}/")

"""The way in for notices: the shop's hook over HTTP, and the inbox behind it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from app.kit import db, http, outbound
from app.payments.models import Method, Notice
from app.web.dispatch import Miaofa
from tests.make import Notice as Sent
from tests.make import Shop

SUCCESS = (200, "success")
FAIL = (400, "fail")


def hook(shop: Shop) -> str:
    """Return the path that the shop gave its gateway."""
    method: Method = shop.read(lambda: db.get(Method, shop.method_id))
    return f"/hooks/{method.hook_token}"


def post(shop: Shop, body: bytes, headers: Mapping[str, str], *, app: Miaofa | None = None) -> tuple[int, str]:
    """Post bytes to the shop's hook, maybe at another process of the installation, and return the answer."""
    answer = (app or shop.app).test_client().post(hook(shop), data=body, headers=dict(headers))
    return answer.status_code, answer.get_data(as_text=True)


def send(notice: Sent, *, app: Miaofa | None = None) -> tuple[int, str]:
    """Post a notice to its shop's hook, signed as the gateway signs."""
    return post(notice.shop, notice.body, notice.headers(), app=app)


def inbox(shop: Shop) -> Sequence[Notice]:
    """List what the shop was told, oldest first."""
    return shop.read(lambda: db.session().scalars(select(Notice).order_by(Notice.at, Notice.id)).all())


@contextmanager
def reachable(url: str) -> Iterator[None]:
    """Let the shop reach an address on this machine, and afterwards whatever it could reach before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbound, "_hosts", outbound._hosts)
        patch.setattr(outbound, "_networks", outbound._networks)
        http.configure([urlsplit(url).netloc])
        yield

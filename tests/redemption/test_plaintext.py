"""What people type to redeem lies nowhere in clear: not in the database, not in its files, not in the log."""

import base64
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from app.catalog.models import Kind
from app.kit import clock, db
from app.redemption import service as redemption
from app.redemption.models import Channel
from app.redemption.service import Asked, Draft, Told, Via
from tests.engines import Postgres
from tests.make import make_product
from tests.redemption.goods import STAFF, Desk, typed

CONTROL = "Person-in-clear"  # is no secret and must be found, or the search searches nothing


def test_what_is_typed_is_found_nowhere(
    desk: Desk, request: pytest.FixtureRequest, capfd: pytest.CaptureFixture[str]
) -> None:
    desk.rule()
    canaries = [f"CANARY{secrets.token_hex(8).upper()}" for _ in range(6)]
    pin, shop = f"PIN{secrets.token_hex(8)}", desk.shop
    sku = make_product(shop, kind=Kind.CARD)
    shop.imports(canaries[0])
    shop.imports(f"{canaries[1]},{pin}", sku=sku)
    assert shop.pay(shop.place()) and shop.pay(shop.place(sku=sku))  # noqa: PT018

    rows = [Asked(typed(code, pin), reference=CONTROL) for code in canaries[:4]]
    draft = Draft(Via(Channel.ENTERPRISE, STAFF), CONTROL)
    preview = redemption.draft_bulk(shop.merchant_id, draft, rows, now=clock.now())
    confirmed = redemption.draft_bulk(shop.merchant_id, draft, rows, now=clock.now())
    assert shop.write(lambda: redemption.confirm_bulk(confirmed, count=1, now=clock.now(), by=STAFF)) is None
    shop.drain()
    shop.write(lambda: redemption.find_own(typed(canaries[4], pin), network="192.0.2.0/24", now=clock.now()))
    told = [Told(code, typed(code)) for code in canaries]
    shop.write(lambda: redemption.report(told, source="Cinema", now=clock.now(), by=STAFF))

    assert preview != confirmed
    written = [*places(request), "".join(capfd.readouterr()).encode()]
    assert any(CONTROL.encode() in place for place in written)
    for canary in (*canaries, pin):
        for form in (
            canary.encode(),
            canary.lower().encode(),
            base64.b64encode(canary.encode())[:-4],
            canary.encode().hex().encode(),
        ):
            assert not [place[:40] for place in written if form in place]


def places(request: pytest.FixtureRequest) -> Iterator[bytes]:
    """Yield all that the database holds: its files, or every row of every table as a superuser sees it."""
    name = str(db.engine().url.database)
    if db.is_sqlite():
        yield from (file.read_bytes() for file in Path(name).parent.glob(f"{Path(name).name}*"))
        return
    cluster: Postgres = request.getfixturevalue("postgres")
    engine = create_engine(make_url(cluster.superuser).set(database=name), poolclass=NullPool)
    with engine.connect() as connection:
        for table in connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all():
            rows = connection.scalar(text(f'SELECT string_agg(t::text, chr(10)) FROM "{table}" t'))
            yield str(rows).encode()

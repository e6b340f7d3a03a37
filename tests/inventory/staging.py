"""Files that wait for a decision, in tests."""

from uuid import UUID

from app.inventory import queries, service
from app.kit import clock, tasks
from tests.inventory import pool
from tests.make import Shop


def stage(shop: Shop, data: bytes | str, *, sku: str = "") -> UUID:
    """Let a file be taken in as the office does, and return its batch."""
    now = clock.now()
    pieces = pool.cut(data, 50_000)
    return service.stage(shop.merchant_id, pool.order(sku or shop.sku), pieces, now=now, today=pool.today(now))


def check(shop: Shop, number: UUID) -> queries.Plan:
    """Check a staged file as it was proposed to be read, and return what came of it."""
    tasks.run(shop.merchant_id, shop.write(lambda: check_later(number)))
    return shop.read(lambda: queries.get_staged(number))[1]


def check_later(number: UUID) -> UUID:
    """Ask for the check of a file as it was proposed to be read, and return its task."""
    found, plan = queries.get_staged(number)
    layout = service.Layout(plan.sheet, found.encoding, queries.form_of(found, plan))
    return service.check_import(number, layout, now=clock.now())


def stage_and_check(shop: Shop, data: bytes | str, *, sku: str = "") -> UUID:
    """Let a file be taken in and checked, and return its batch."""
    number = stage(shop, data, sku=sku)
    check(shop, number)
    return number

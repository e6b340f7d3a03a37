"""Classes: the list of each class holds just the codes that count under it, along whichever index they are found."""

from datetime import timedelta
from itertools import product

from sqlalchemy import insert, select

from app.inventory.models import Code, Status
from app.inventory.queries import CLASSES, CODES
from app.inventory.rules import class_of
from app.kit import db
from app.kit.ids import new_id
from app.kit.listing import listed
from tests.inventory import pool
from tests.make import Shop

DAY = timedelta(days=1)


def fill(shop: Shop) -> None:
    """Add a code of each status, frozen or not, that expires never, expired yesterday, or is good until today."""
    shop.codes(1)

    def act() -> None:
        known = dict(
            db.session().execute(select(Code.__table__).where(Code.merchant_id == shop.merchant_id)).mappings().one()
        )
        days = (None, pool.today() - DAY, pool.today())
        for place, (status, frozen, day) in enumerate(product(Status, (False, True), days)):
            own = {"id": new_id(), "fingerprint": new_id().bytes, "pick": 100 + place, "tail": f"t{place:03}".upper()}
            state = {"status": status, "frozen": frozen, "expires_on": day}
            db.session().execute(insert(Code.__table__).values(**known | own | state))  # type: ignore[arg-type]

    shop.write(act)


def test_each_class_lists_the_codes_that_count_under_it(shop: Shop) -> None:
    fill(shop)

    def check() -> None:
        rows = db.session().scalars(select(Code)).all()
        for name in CLASSES:
            found = {row.id for row in listed(CODES, {"status": name}).page.rows}
            assert found == {row.id for row in rows if class_of(row, pool.today()) == name}, name
            assert found, name

    shop.read(check)


def test_a_tail_is_found_in_small_letters_and_in_capitals(shop: Shop) -> None:
    fill(shop)

    def found(said: str) -> int:
        return len(shop.read(lambda: listed(CODES, {"tail": said}).page.rows))

    assert [found(said) for said in ("T007", "t007", "T999")] == [1, 1, 0]

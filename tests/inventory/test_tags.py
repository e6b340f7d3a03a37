"""Tags: a list of one tag holds just the codes that carry it, themselves or by their batch, few or many."""

from typing import Any

import pytest
from sqlalchemy import select, update

from app.inventory import tagged
from app.inventory.models import Batch, Code
from app.inventory.queries import CODES, list_tags
from app.kit import db
from app.kit.listing import listed
from tests.make import Shop

WAYS = {"few": {}, "many": {"FEW": 0}, "manifold": {"MOST_SPELLINGS": 2}, "spread": {"FEW": 0, "FEW_SPELLINGS": 0}}


def fill(shop: Shop) -> None:
    """Make three batches of four codes: two with tags of their own, and codes with tags in each."""
    spelled = {0: "", 1: "summer", 2: "summer vip", 3: "vipper 100%"}
    for name, tags in (("plain", ""), ("one", "summer"), ("two", "vip winter")):
        batch = shop.codes(4, name=name)

        def tag(batch: Batch = batch, tags: str = tags) -> None:
            db.session().execute(update(Batch).where(Batch.id == batch.id).values(tags=tags))
            for line, own in spelled.items():
                mine = (Code.batch_id == batch.id, Code.line == line + 1)
                db.session().execute(update(Code).where(*mine).values(tags=own))

        shop.write(tag)


@pytest.mark.parametrize("way", WAYS)
def test_a_tag_lists_the_codes_that_carry_it(shop: Shop, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in WAYS[way].items():
        monkeypatch.setattr(tagged, name, value)
    fill(shop)

    def check() -> None:
        batches = {row.id: row.tags.split() for row in db.session().scalars(select(Batch))}
        rows = db.session().scalars(select(Code)).all()
        for tag in ("summer", "vip", "vipper", "winter", "100%", "100", "sum", "none"):
            found = {row.id for row in listed(CODES, {"tag": tag}).page.rows}
            assert found == {row.id for row in rows if tag in row.tags.split() + batches[row.batch_id]}, tag

    shop.read(check)


def test_a_tag_of_another_shop_finds_nothing_and_is_not_named(shop: Shop, other: Shop) -> None:
    fill(shop)
    other.codes(2)

    def seen() -> tuple[list[str], Any]:
        return list_tags(), listed(CODES, {"tag": "summer"}).page.rows

    assert other.read(seen) == ([], ())
    names, rows = shop.read(seen)
    assert names == ["100%", "summer", "vip", "vipper", "winter"]
    assert len(rows) == 8


def test_a_tag_goes_together_with_the_other_filters(shop: Shop) -> None:
    fill(shop)

    def count(**said: str) -> int:
        return len(shop.read(lambda: listed(CODES, said).page.rows))

    assert count(tag="summer", status="available") == count(tag="summer")
    assert count(tag="summer", status="void") == 0

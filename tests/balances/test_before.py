"""What companies had before members could have something is theirs after the migration, and before it again."""

from flask_migrate import downgrade, upgrade
from sqlalchemy import select

from app.balances.models import Movement
from app.finance import queries as finance
from app.kit import db
from app.web.dispatch import Miaofa
from tests.balances.person import Person
from tests.companies.firm import make_firm
from tests.make import Shop, make_shop


def test_balances_of_companies_keep_their_rows_both_ways(fresh: Miaofa) -> None:
    shop = make_shop(fresh)
    firm = make_firm(shop)
    shop.codes(1)
    firm.top_up(5000)
    order = firm.order(1)
    before = rows(shop)
    assert len(before) == 2

    downgrade(revision="0024")
    upgrade()

    assert rows(shop) == before
    assert firm.balance() == 5000 - 1999
    assert shop.order(order).holder_id == firm.id
    assert shop.read(finance.check) == []
    firm.top_up(10)
    Person(shop).has(5)
    assert shop.read(finance.check) == []


def rows(shop: Shop) -> list[tuple[object, ...]]:
    """Return every movement, column by column."""
    columns = Movement.__table__.columns
    mine = select(*columns).where(columns.merchant_id == shop.merchant_id).order_by(columns.id)
    return shop.read(lambda: [tuple(row) for row in db.session().execute(mine)])

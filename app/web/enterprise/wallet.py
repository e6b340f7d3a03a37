"""The wallet: every batch of the company with its tallies."""

from flask import request

from app.companies import queries
from app.kit import clock
from app.kit.listing import listed
from app.web.enterprise import bp
from app.web.enterprise.acting import company, company_id
from app.web.guard import needs
from app.web.render import Page, page


@bp.get("/")
@needs("company.wallet")
def wallet() -> Page:
    found = listed(queries.batches_of(company_id()), request.args)
    tallies = queries.tallies([order.id for order in found.page.rows], now=clock.now())
    return page(
        "enterprise/wallet/wallet.html",
        fragments={"batches": "enterprise/wallet/_batches.html"},
        company=company(),
        listed=found,
        rows=[(order, tallies[order.id]) for order in found.page.rows],
    )

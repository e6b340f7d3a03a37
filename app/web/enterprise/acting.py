"""Whom a request acts for; only for views that need a permission."""

from uuid import UUID

from app.companies.queries import Membership
from app.kit.errors import Refusal, words
from app.kit.ids import public
from app.web.guard import actor

PATH = "/enterprise"


class OtherCompany(Refusal):
    message = words("You are now acting for a different company than when you opened this page.")
    mend = words("Open the page again and check the name of the company.")


def company() -> Membership:
    """Return the company the actor acts for, and as what."""
    acting = actor().company
    assert acting is not None, "a permission of this surface comes from a company"
    return acting


def company_id() -> UUID:
    return company().company_id


def check_company(named: str) -> None:
    """Refuse a form that was made while its sender acted for another company: it may spend that one's money."""
    if named != public("com", company_id()):
        raise OtherCompany

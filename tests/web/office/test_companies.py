"""Companies in the office: made, topped up, ordered for, and what the books and the timeline say of it."""

from typing import Any

from app.companies import queries
from app.companies.models import Company, Role
from app.kit import db
from app.kit.ids import public
from app.kit.listing import listed
from tests import people
from tests.companies.firm import Firm
from tests.companies.firm import firm as firm
from tests.engines import on_one_engine
from tests.make import Browser, Shop


def at(firm: Firm) -> str:
    return f"/office/{firm.shop.slug}/companies/{public('com', firm.id)}"


def post(browser: Browser, firm: Firm, path: str, form: dict[str, str]) -> Any:
    return browser.post(f"{at(firm)}{path}?lang=en", form, page=at(firm))


def page(browser: Browser, path: str) -> str:
    answer = browser.get(f"{path}?lang=en")
    assert answer.status_code == 200, answer.get_data(as_text=True)[-1500:]
    return str(answer.get_data(as_text=True))


@on_one_engine
def test_a_company_is_made_and_its_faults_are_told_at_their_fields(shop: Shop) -> None:
    alice, new = people.alice(shop), f"/office/{shop.slug}/companies/new"
    empty = page(alice, f"/office/{shop.slug}/companies")

    odd = alice.post(f"/office/{shop.slug}/companies", {"name": "", "email": "x"}, page=new)
    made = alice.post(f"/office/{shop.slug}/companies", {"name": "Wei & Co", "email": "HR@wei.example"}, page=new)

    assert "No companies yet" in empty
    assert odd.status_code == 422
    assert made.status_code == 303
    (row,) = shop.read(lambda: list(listed(queries.COMPANIES, {}).page.rows))
    assert shop.read(lambda: queries.contact_of(db.get(Company, row.id)).expose()) == "hr@wei.example"
    assert b"hr@wei" not in row.contact_sealed
    assert "Wei &amp; Co" in page(alice, f"/office/{shop.slug}/companies")


def test_a_transfer_is_booked_and_an_order_paid_from_the_balance(firm: Firm) -> None:
    firm.shop.codes(3)
    alice = people.alice(firm.shop)
    order = {"sku": firm.shop.sku, "quantity": "2", "paid_by": "balance", "idem": "one"}

    booked = post(alice, firm, "/transfers", {"amount": "50.00", "reference": "TT-1"})
    twice = post(alice, firm, "/transfers", {"amount": "50.00", "reference": "TT-1"})
    placed = post(alice, firm, "/orders", order)
    short = post(alice, firm, "/orders", order | {"idem": "two", "quantity": "1"})

    assert [it.status_code for it in (booked, twice, placed, short)] == [303, 422, 303, 409]
    assert "was already booked for this company" in twice.get_data(as_text=True)
    assert "short" in short.get_data(as_text=True)
    assert firm.balance() == 5000 - 2 * 1999
    shown, told = page(alice, at(firm)), page(alice, placed.location)
    assert "TT-1" in shown
    assert "Paid from the balance" in told
    assert "Paid ahead by a company" in told


@on_one_engine
def test_an_order_paid_by_a_transfer_of_its_own(firm: Firm) -> None:
    firm.shop.codes(3)
    alice = people.alice(firm.shop)
    order = {"sku": firm.shop.sku, "quantity": "1", "paid_by": "transfer", "idem": "one"}

    bare = post(alice, firm, "/orders", order | {"transfer": ""})
    paid = post(alice, firm, "/orders", order | {"transfer": "TT-7"})

    assert (bare.status_code, paid.status_code) == (422, 303)
    assert firm.balance() == 0


@on_one_engine
def test_members_are_invited_and_kept_from_the_office_too(firm: Firm) -> None:
    alice, root = people.alice(firm.shop), firm.member()
    bo = firm.member(Role.VIEWER, firm.mail("bo"))

    sent = post(alice, firm, "/invites", {"invited": firm.mail("new"), "role": "administrator"})
    odd = post(alice, firm, "/invites", {"invited": "x", "role": "administrator"})
    last = post(alice, firm, f"/members/{public('usr', root)}/end", {})
    made = post(alice, firm, f"/members/{public('usr', bo)}/role", {"role": "administrator"})
    end = post(alice, firm, f"/members/{public('usr', root)}/end", {})

    assert [it.status_code for it in (sent, odd, last, made, end)] == [303, 422, 409, 303, 303]
    assert "keeps at least one administrator" in last.get_data(as_text=True)
    assert "Member invited" in page(alice, at(firm))


@on_one_engine
def test_a_company_is_changed_closed_and_opened_again(firm: Firm) -> None:
    alice = people.alice(firm.shop)

    changed = post(alice, firm, "", {"name": "Wei Holding", "email": "a@wei.example", "note": "30 days"})
    post(alice, firm, "/closing", {})
    closed = page(alice, at(firm))
    post(alice, firm, "/opening", {})

    assert changed.status_code == 303
    assert "Wei Holding" in closed
    assert "nobody can act for it" in closed
    assert "Transfer received" not in closed
    assert "Transfer received" in page(alice, at(firm))


@on_one_engine
def test_who_may_only_look_finds_no_form(firm: Firm) -> None:
    bob = people.bob(firm.shop)

    shown = page(bob, at(firm))

    assert "Transfer received" not in shown
    assert 'action="' not in shown.split('id="main"')[1]

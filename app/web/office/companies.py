"""Companies in the office: who they are, their members, their money, and ordering for them."""

import uuid
from uuid import UUID

from flask import request
from flask_babel import gettext as _

from app.balances import queries as balances
from app.balances import service as paid_ahead
from app.catalog import queries as catalog
from app.companies import queries, service
from app.inventory import queries as stock
from app.kit import clock, db, events
from app.kit.errors import NotFound
from app.kit.ids import from_public, public
from app.kit.listing import listed, place
from app.orders.queries import list_numbers
from app.web.firms import read_role, role_choices
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs
from app.web.language import here, lang
from app.web.office import bp
from app.web.office.shown import steps
from app.web.render import Page, Redirect, page


@bp.get("/<shop>/companies")
@needs("companies.view")
def companies() -> Page:
    found = listed(queries.COMPANIES, request.args)
    return page(
        "office/companies/companies.html",
        fragments={"companies": "office/companies/_companies.html"},
        listed=found,
        balances=balances.balances([row.id for row in found.page.rows]),
    )


@bp.get("/<shop>/companies/new")
@needs("companies.manage")
def new_company() -> Page:
    return page("office/companies/new.html")


@bp.post("/<shop>/companies")
@needs("companies.manage")
@corrects(new_company)
def create_company() -> Redirect:
    name, email, note = (request.form.get(field, "") for field in ("name", "email", "note"))
    made = service.create(name=name, email=email, note=note, now=clock.now(), by=actor().by)
    return _back(made.id, _("Company created"))


@bp.get("/<shop>/companies/<company>")
@needs("companies.view")
def company(company: str) -> Page:
    return _company_page(company)


def _company_page(company: str) -> Page:
    """Return the page of a company; its forms come back to it when they are refused."""
    found = find(company)
    moved = listed(balances.movements_of(found.id), request.args)
    return page(
        "office/companies/company.html",
        fragments={"movements": "office/companies/_movements.html"},
        secret=True,
        company=found,
        number=company,
        listed=moved,
        numbers=list_numbers(row.order_id for row in moved.page.rows if row.order_id),
        order_form=order_form(),
        back=place(queries.COMPANIES, request.args),
        **_about(found),
    )


def _about(found: queries.Company) -> dict[str, object]:
    """Return who acts for a company, what it has, and what happened to it."""
    now, batches = clock.now(), listed(queries.batches_of(found.id), {}).page.rows
    invites = queries.list_invites(found.id, now=now)
    return {
        "contact": queries.contact_of(found),
        "balance": balances.balance(found.id),
        "people": queries.list_members(found.id),
        "invites": invites,
        "unsent": queries.list_unsent(invites),
        "roles": role_choices(),
        "batches": batches,
        "tallies": queries.tallies([row.id for row in batches], now=now),
        "steps": steps(events.timeline(subject=("company", found.id))),
    }


def order_form() -> dict[str, object]:
    """Return what the form of an order offers: SKUs on sale with title and stock, and its mark."""
    skus = catalog.list_skus_for_sale()
    titles = catalog.titles([sku.id for sku in skus], lang(), frame().lang)
    counts = stock.stock_of(sku.id for sku in skus)
    return {
        "skus": [(sku, titles[sku.id], counts.get(sku.id, 0)) for sku in skus],
        "most": queries.MOST_PIECES,
        "idem": str(uuid.uuid4()),
    }


def find(name: str) -> queries.Company:
    """Return a company of the shop, or refuse with NotFound."""
    return db.get(queries.Company, from_public("com", name))


@bp.post("/<shop>/companies/<company>")
@needs("companies.manage")
@corrects(company)
def change_company(company: str) -> Redirect:
    name, email, note = (request.form.get(field, "") for field in ("name", "email", "note"))
    service.change(find(company).id, name=name, email=email, note=note, now=clock.now(), by=actor().by)
    return _back(find(company).id, _("Saved"))


@bp.post("/<shop>/companies/<company>/closing")
@needs("companies.manage")
def close_company(company: str) -> Redirect:
    service.close(find(company).id, now=clock.now(), by=actor().by)
    return _back(find(company).id, _("Company closed"))


@bp.post("/<shop>/companies/<company>/opening")
@needs("companies.manage")
def reopen_company(company: str) -> Redirect:
    service.reopen(find(company).id, now=clock.now(), by=actor().by)
    return _back(find(company).id, _("Company opened again"))


@bp.post("/<shop>/companies/<company>/transfers")
@needs("companies.manage")
@corrects(company)
def top_up(company: str) -> Redirect:
    number, form = find(company).id, Form(request.form)
    money = form.money("amount", frame().currency)
    form.done()
    service.top_up(number, money, request.form.get("reference", ""), now=clock.now(), by=actor().by)
    return _back(number, _("Transfer booked"))


@bp.post("/<shop>/companies/<company>/payouts")
@needs("companies.manage")
@corrects(company)
def pay_out(company: str) -> Redirect:
    number, form = find(company).id, Form(request.form)
    money, key = form.money("out", frame().currency), form.text("idem", most=64, required=True)
    form.done()
    paid_ahead.pay_out(number, money, request.form.get("reason", ""), key=key, now=clock.now(), by=actor().by)
    return _back(number, _("Paid out"))


@bp.post("/<shop>/companies/<company>/orders")
@needs("companies.manage")
@corrects(company)
def order_for_company(company: str) -> Redirect:
    number, form = find(company).id, Form(request.form)
    sku, quantity = form.text("sku", most=64, required=True), form.number("quantity", default=0)
    idem, transfer = form.text("idem", most=64, required=True), None
    if request.form.get("paid_by") == "transfer":
        transfer = form.text("transfer", most=120, required=True)
    form.done()
    wanted = service.Wanted([(sku, quantity)], lang(), idem)
    placed = service.place(number, wanted, transfer=transfer, now=clock.now(), by=actor().by)
    return Redirect(here(".order", order=public("ord", placed.id)), toast=_("Ordered and paid"))


@bp.post("/<shop>/companies/<company>/invites")
@needs("companies.manage")
@corrects(company)
def invite_member(company: str) -> Redirect:
    number, role = find(company).id, read_role(request.form)
    email = request.form.get("invited", "")
    service.invite(number, email=email, role=role, lang=lang(), now=clock.now(), by=actor().by)
    return _back(number, _("Invitation on its way"))


def _again(company: str, member: str) -> Page:
    """Show the company again after something about a member was refused."""
    return _company_page(company)


@bp.post("/<shop>/companies/<company>/invites/<invite>/again")
@needs("companies.manage")
def send_member_invite_again(company: str, invite: str) -> Redirect:
    number = find(company).id
    service.send_invite_again(number, from_public("inv", invite), now=clock.now(), by=actor().by)
    return _back(number, _("Invitation on its way"))


@bp.post("/<shop>/companies/<company>/invites/<invite>/revocation")
@needs("companies.manage")
def revoke_member_invite(company: str, invite: str) -> Redirect:
    number = find(company).id
    service.revoke_invite(number, from_public("inv", invite), now=clock.now(), by=actor().by)
    return _back(number, _("The invitation no longer works"))


@bp.post("/<shop>/companies/<company>/members/<member>/role")
@needs("companies.manage")
@corrects(_again)
def change_member_role(company: str, member: str) -> Redirect:
    number = find(company).id
    service.change_role(number, _user(member), read_role(request.form), now=clock.now(), by=actor().by)
    return _back(number, _("Role changed"))


@bp.post("/<shop>/companies/<company>/members/<member>/end")
@needs("companies.manage")
@corrects(_again)
def end_company_member(company: str, member: str) -> Redirect:
    number = find(company).id
    service.end_member(number, _user(member), now=clock.now(), by=actor().by)
    return _back(number, _("The member is out"))


def _user(member: str) -> UUID:
    number = from_public("usr", member)
    if number is None:
        raise NotFound
    return number


def _back(company_id: UUID, said: str) -> Redirect:
    return Redirect(here(".company", company=public("com", company_id)), toast=said)

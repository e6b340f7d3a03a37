"""Keeping companies: made, changed, closed and opened again by the people of the shop."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update

from app.accounts import queries as accounts
from app.accounts.errors import BadEmail
from app.balances import service as balances
from app.balances.queries import HolderKind
from app.companies.events import CompanyChanged, CompanyClosed, CompanyCreated, CompanyReopened
from app.companies.models import Company
from app.companies.queries import CONTACT
from app.companies.rules import LONGEST_NAME, LONGEST_NOTE
from app.kit import crypto, db
from app.kit.errors import Invalid, Refusal, Required, TooLong
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.secret import Secret
from app.orders import queries as orders


def create(*, name: str, email: str, note: str = "", now: datetime, by: By) -> Company:
    """Make a company with an empty account in the shop's currency, or refuse with Invalid."""
    name, email = name.strip(), email.strip().lower()
    _check(name, email, note)
    company = Company(id=new_id(), name=name, note=note.strip(), created_at=now)
    _set_contact(company, email, now)
    db.session().add(company)
    db.session().flush()
    balances.open_account(company.id, HolderKind.COMPANY)
    publish(CompanyCreated(subject_id=company.id, at=now, by=by))
    return company


def change(company_id: UUID | None, *, name: str, email: str, note: str, now: datetime, by: By) -> Company:
    """Change what a company is called, its mail address and the shop's note, or refuse with Invalid."""
    company, name, email = db.get(Company, company_id), name.strip(), email.strip().lower()
    _check(name, email, note)
    company.name, company.note = name, note.strip()
    _set_contact(company, email, now)
    publish(CompanyChanged(subject_id=company.id, at=now, by=by))
    return company


def _check(name: str, email: str, note: str) -> None:
    faults: dict[str, Refusal] = {}
    if not name or len(name) > LONGEST_NAME:
        faults["name"] = TooLong(LONGEST_NAME) if name else Required()
    if not accounts.is_email(email):
        faults["email"] = BadEmail() if email else Required()
    if len(note) > LONGEST_NOTE:
        faults["note"] = TooLong(LONGEST_NOTE)
    if faults:
        raise Invalid(faults)


def _set_contact(company: Company, email: str, now: datetime) -> None:
    key = crypto.key_for(CONTACT, f"{now:%Y-%m}")
    company.contact_key_id = key.id
    company.contact_sealed = key.seal("company", "contact", company.id, Secret(email))
    company.contact_mask = orders.mask_contact(email)


def close(company_id: UUID | None, *, now: datetime, by: By) -> None:
    """Let nobody act for a company any more, and nothing be ordered; what it owns and its balance stay."""
    company = db.get(Company, company_id)
    opened = (Company.id == company.id, Company.closed_at.is_(None))
    if db.changed(update(Company).where(*opened).values(closed_at=now)):
        publish(CompanyClosed(subject_id=company.id, at=now, by=by))


def reopen(company_id: UUID | None, *, now: datetime, by: By) -> None:
    """Let a closed company go on as it was."""
    company = db.get(Company, company_id)
    closed = (Company.id == company.id, Company.closed_at.is_not(None))
    if db.changed(update(Company).where(*closed).values(closed_at=None)):
        publish(CompanyReopened(subject_id=company.id, at=now, by=by))

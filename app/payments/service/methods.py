"""Ways to pay: a gateway with our account and its sealed keys, and when it is offered."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, true
from sqlalchemy.exc import IntegrityError

from app.kit import crypto, db, effects
from app.kit.errors import Invalid
from app.kit.events import SYSTEM, By, publish
from app.kit.ids import new_id
from app.kit.secret import Secret
from app.kit.tokens import random_token
from app.merchants import queries as merchants
from app.merchants import service as addresses
from app.payments import queries
from app.payments.errors import AccountFault, AlreadyConnected, LiveOnly, NoSuchMethod, SandboxOnly
from app.payments.events import MethodAdded, MethodChanged, MethodSwitched, MethodTested
from app.payments.models import FeePayer, Method
from app.payments.providers import OURS, Account, BadAccount, Finding, provider

CREDENTIALS = "payment credentials"
PROBE = "payment.probe"
TRYING = timedelta(minutes=1)


@dataclass(frozen=True)
class Terms:
    """When a way to pay is offered, and what it costs; amounts in minor units, rates in hundredths of a percent."""

    title: str = ""
    least: int | None = None
    most: int | None = None
    fee_rate: int = 0
    fee_fixed: int = 0
    fee_payer: FeePayer = FeePayer.SHOP


def add_method(
    *, provider_name: str, account: Account, now: datetime, by: By = SYSTEM, method_id: UUID | None = None
) -> Method:
    """Let the shop be paid through a gateway; test accounts only in a sandbox, live ones never there.

    Who sends the same form twice, under one `method_id`, has one method. Raises Invalid for keys that cannot be read,
    by field; refuses with AlreadyConnected an account that is offered already.
    """
    _check(provider_name, account)
    number = method_id or new_id()
    row = _row(number, provider_name, account, now)
    if db.changed(db.insert_or(Method).on_conflict_do_nothing(), row) == 0:
        before = db.find(Method, number)
        if before is None:
            raise _already(provider_name, account)
        if (before.provider, before.identity) == (provider_name, row["identity"]):
            return before
        return add_method(provider_name=provider_name, account=account, now=now, by=by)  # the form was used again
    addresses.list_address("hook", row["hook_token"], target=number.hex)
    publish(MethodAdded(subject_id=number, provider=provider_name, account=account.number, at=now, by=by))
    return db.get(Method, number)


def _row(number: UUID, provider_name: str, account: Account, now: datetime) -> dict[str, Any]:
    key = crypto.key_for(CREDENTIALS)
    last = db.session().scalar(select(func.max(Method.position)))
    return {
        "merchant_id": db.merchant_id(),
        "id": number,
        "provider": provider_name,
        "enabled": True,
        "position": 0 if last is None else last + 1,
        "account": account.number,
        "settings": dict(account.settings),
        "credentials": key.seal("payment_method", "credentials", number, packed(account)),
        "key_id": key.id,
        "hook_token": random_token(),
        "created_at": now,
        "identity": _identity(provider_name, account),
        "lacks": _lacking(provider_name, account),
    }


def _identity(provider_name: str, account: Account) -> str:
    """Return what tells an account from others at the same gateway."""
    apart = [account.setting(field.name) for field in provider(provider_name).fields if field.tells_apart]
    return "\n".join([account.number, *(text.strip().rstrip("/").lower() for text in apart)])


def _lacking(provider_name: str, account: Account) -> str:
    """Return the field that the gateway tells only once it knows our address, and nobody has entered yet."""
    later = [field.name for field in provider(provider_name).fields if field.later]
    return next((name for name in later if not (account.key(name).expose() or account.setting(name))), "")


def _already(provider_name: str, account: Account, besides: UUID | None = None) -> AlreadyConnected:
    same = (Method.provider == provider_name, Method.identity == _identity(provider_name, account), Method.enabled)
    query = select(Method.title).where(*same, Method.id != besides if besides else true())
    return AlreadyConnected(db.session().scalar(query.limit(1)) or account.number)


def _keep_apart(method: Method) -> None:
    """Refuse a change after which an account would be offered twice; the index refuses who does it at once."""
    same = (Method.provider == method.provider, Method.identity == method.identity, Method.enabled)
    with db.session().no_autoflush:
        query = select(Method.id).where(*same, Method.id != method.id).limit(1)
        if method.enabled and db.session().scalar(query) is not None:
            raise _already(method.provider, method.bare, method.id)
    name = method.title or method.account
    try:
        db.session().flush()
    except IntegrityError as error:
        raise AlreadyConnected(name) from error


def packed(account: Account) -> Secret:
    """Return the keys of an account as the one text that is sealed."""
    return Secret(json.dumps({name: key.expose() for name, key in account.keys.items()}))


def change_account(method_id: UUID, account: Account, *, now: datetime, by: By) -> None:
    """Put another account behind a way to pay; a key that is not given stays as it is. Raises Invalid.

    Payments that were started before are asked about with the new keys, so the account may not become another one
    while money can still come: its number stays.
    """
    method = _get(method_id)
    known = queries.channel(method).account
    whole = Account(method.account, account.settings, {**known.keys, **account.keys})
    _check(method.provider, whole)
    changed = [name for name in account.settings if account.settings[name] != method.settings.get(name, "")]
    key = crypto.key_for(CREDENTIALS)
    method.settings = dict(whole.settings)
    method.credentials, method.key_id = key.seal("payment_method", "credentials", method.id, packed(whole)), key.id
    method.identity, method.lacks = _identity(method.provider, whole), _lacking(method.provider, whole)
    _keep_apart(method)
    publish(MethodChanged(subject_id=method.id, changed=[*changed, *account.keys], at=now, by=by))


def change_terms(method_id: UUID, terms: Terms, *, now: datetime, by: By) -> None:
    """Change when a way to pay is offered and what it costs."""
    method = _get(method_id)
    changed = [name for name in Terms.__dataclass_fields__ if getattr(method, name) != getattr(terms, name)]
    for name in changed:
        setattr(method, name, getattr(terms, name))
    if changed:
        publish(MethodChanged(subject_id=method.id, changed=changed, at=now, by=by))


def switch_method(method_id: UUID, *, on: bool, now: datetime, by: By) -> None:
    """Offer a way to pay, or offer it no more; payments that were started go on."""
    method = _get(method_id)
    if method.enabled != on:
        method.enabled = on
        _keep_apart(method)
        publish(MethodSwitched(subject_id=method.id, on=on, at=now, by=by))


def order_methods(ids: Sequence[UUID], *, now: datetime, by: By) -> None:
    """Offer the ways to pay in this order; those that are not named come after."""
    places = {number: place for place, number in enumerate(ids)}
    methods = sorted(queries.list_connected(), key=lambda method: (places.get(method.id, len(places)), method.position))
    moved = [method.id for place, method in enumerate(methods) if method.position != place]
    for place, method in enumerate(methods):
        method.position = place
    if moved:
        publish(MethodChanged(subject_id=moved[0], changed=["position"], at=now, by=by))


def ask_test(method_id: UUID, *, notify_url: str, now: datetime) -> UUID:
    """Have an account tried out, moving nothing; returns the effect to wait for."""
    method = _get(method_id)
    method.notify_url = notify_url
    return effects.intend(PROBE, method.id, due_at=now, deadline=now + TRYING)


def record_test(method_id: UUID, findings: Sequence[Finding], *, now: datetime) -> None:
    """Keep what a self-test found, in place of what the one before did."""
    method = db.get(Method, method_id)
    told: list[dict[str, Any]] = [vars(finding) for finding in findings]
    method.findings, method.tested_at = told, now
    publish(MethodTested(subject_id=method.id, well=all(finding.well for finding in findings), at=now))


def _get(method_id: UUID) -> Method:
    """Return a way to pay that people set up; the shop's own are none."""
    method = db.get(Method, method_id)
    if method.provider in OURS:
        raise NoSuchMethod
    return method


def _check(provider_name: str, account: Account) -> None:
    try:
        provider(provider_name).check(account)
    except BadAccount as fault:
        raise Invalid({fault.field: AccountFault(fault.message)}) from fault
    if provider(provider_name).is_test(account) != merchants.current().sandbox:
        raise LiveOnly if merchants.current().sandbox else SandboxOnly


def own_method(provider_name: str, now: datetime) -> Method:
    """Return the shop's way to pay by what it keeps itself, made when it is first needed: a balance, a piece.

    No cashier offers it, and no address leads to it, so that nobody outside can say something was paid.
    """
    known = db.session().scalar(select(Method).where(Method.provider == provider_name).order_by(Method.id).limit(1))
    if known is not None:
        return known
    number, key = new_id(), crypto.key_for(CREDENTIALS)
    method = Method(
        id=number,
        provider=provider_name,
        enabled=False,
        position=0,
        account=provider_name,
        identity=provider_name,
        credentials=key.seal("payment_method", "credentials", number, Secret("{}")),
        key_id=key.id,
        hook_token=random_token(),
        created_at=now,
    )
    db.session().add(method)
    db.session().flush()
    return method

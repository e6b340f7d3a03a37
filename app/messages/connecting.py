"""Carriers: the parties that carry messages for the shop, each with our account, its sealed keys and its templates."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select

from app.kit import crypto, db
from app.kit.errors import Invalid, words
from app.kit.events import SYSTEM, By, publish
from app.kit.ids import new_id
from app.kit.party import Account, BadAccount
from app.kit.secret import Secret
from app.kit.tokens import random_token
from app.merchants import service as addresses
from app.messages import queries
from app.messages.carrying import CREDENTIALS, line
from app.messages.errors import AccountFault
from app.messages.events import CarrierAdded, CarrierChanged, CarrierMended, CarrierSwitched
from app.messages.models import Carrier, CarrierTemplate
from app.messages.providers import ChecksTemplate, Template, provider
from app.messages.queries import RECEIPTS

CONNECTED = words("This account is connected already: change its keys on its own page.")


def add_carrier(
    *,
    provider_name: str,
    account: Account,
    now: datetime,
    title: str = "",
    by: By = SYSTEM,
    carrier_id: UUID | None = None,
) -> Carrier:
    """Let messages of a channel go by a party; raises Invalid for what cannot work, by field.

    Who sends the same form twice, under one `carrier_id`, has one carrier. `title` is what the shop calls it.
    """
    _check(provider_name, account)
    number = carrier_id or new_id()
    if (before := db.find(Carrier, number)) is not None:
        return before
    _check_new(provider_name, account)
    row = _row(number, provider_name, account, now)
    row.title = title
    db.session().add(row)
    db.session().flush()
    addresses.list_address(RECEIPTS, row.hook_token, target=number.hex)
    channel = row.channel.name.lower()
    publish(CarrierAdded(subject_id=number, provider=provider_name, channel=channel, at=now, by=by))
    return row


def _row(number: UUID, provider_name: str, account: Account, now: datetime) -> Carrier:
    channel, key = provider(provider_name).channel, crypto.key_for(CREDENTIALS)
    last = db.session().scalar(select(func.max(Carrier.position)).where(Carrier.channel == channel))
    return Carrier(
        id=number,
        channel=channel,
        provider=provider_name,
        enabled=True,
        position=0 if last is None else last + 1,
        account=account.number,
        settings=dict(account.settings),
        credentials=key.seal("carrier", "credentials", number, _packed(account)),
        key_id=key.id,
        hook_token=random_token(),
        created_at=now,
    )


def _packed(account: Account) -> Secret:
    return Secret(json.dumps({name: secret.expose() for name, secret in account.keys.items()}))


def _check(provider_name: str, account: Account) -> None:
    try:
        provider(provider_name).check(account)
    except BadAccount as fault:
        raise Invalid({fault.field: AccountFault(fault.message)}) from fault


def _check_new(provider_name: str, account: Account) -> None:
    """Refuse an account that is connected already: twice it would only be asked twice when it fails."""
    party = provider(provider_name)
    same = (Carrier.provider == provider_name, Carrier.account == account.number, Carrier.retired_at.is_(None))
    apart = [field.name for field in party.fields if field.tells_apart]
    for before in db.session().scalars(select(Carrier).where(*same)):
        if all(before.settings.get(name, "") == account.setting(name) for name in apart):
            raise Invalid({party.numbered_by: AccountFault(CONNECTED)})


def change_carrier(carrier_id: UUID, account: Account, *, now: datetime, by: By) -> None:
    """Put other keys and settings behind a carrier, not tried out yet, and use it again if it was out of order.

    A key that is not given stays as it is, and so does the number, under which receipts may still come.
    """
    carrier = queries.get_connected(carrier_id)
    whole = Account(carrier.account, account.settings, {**line(carrier).account.keys, **account.keys})
    _check(carrier.provider, whole)
    changed = [name for name in account.settings if account.settings[name] != carrier.settings.get(name, "")]
    key = crypto.key_for(CREDENTIALS)
    carrier.settings, carrier.key_id = dict(whole.settings), key.id
    carrier.credentials = key.seal("carrier", "credentials", carrier.id, _packed(whole))
    carrier.alarm, carrier.rests_until = "", None
    carrier.tested_at, carrier.findings = None, []
    publish(CarrierChanged(subject_id=carrier.id, changed=[*changed, *account.keys], at=now, by=by))


def rename_carrier(carrier_id: UUID, title: str, *, now: datetime, by: By) -> None:
    """Call a carrier by another name in the office; "" is its party's own."""
    carrier = queries.get_connected(carrier_id)
    if carrier.title != title:
        carrier.title = title
        publish(CarrierChanged(subject_id=carrier.id, changed=["title"], at=now, by=by))


def switch_carrier(carrier_id: UUID, *, on: bool, now: datetime, by: By) -> None:
    """Let messages go by a carrier, or by it no more; what it has it still carries."""
    carrier = queries.get_connected(carrier_id)
    if carrier.enabled != on:
        carrier.enabled = on
        publish(CarrierSwitched(subject_id=carrier.id, on=on, at=now, by=by))


def mend(carrier_id: UUID, *, now: datetime, by: By) -> None:
    """Use a carrier again that was out of order or rested."""
    carrier = queries.get_connected(carrier_id)
    if carrier.alarm or carrier.rests_until:
        carrier.alarm, carrier.rests_until = "", None
        publish(CarrierMended(subject_id=carrier.id, at=now, by=by))


def raise_carrier(carrier_id: UUID, *, now: datetime, by: By) -> None:
    """Ask a carrier one place earlier among those of its channel."""
    carrier = queries.get_connected(carrier_id)
    mine = select(Carrier).where(Carrier.channel == carrier.channel, Carrier.retired_at.is_(None))
    rows = list(db.session().scalars(mine.order_by(Carrier.position, Carrier.id)))
    place = rows.index(carrier)
    if place == 0:
        return
    rows.insert(place - 1, rows.pop(place))
    for number, row in enumerate(rows):
        row.position = number
    publish(CarrierChanged(subject_id=carrier.id, changed=["position"], at=now, by=by))


# Approved templates ----------------------------------------------------------------------------------------------


def set_template(carrier_id: UUID, about: str, lang: str, text: Template | None, *, now: datetime, by: By) -> None:
    """Say which approved template a party has for something in a language, or that it has none; raises Invalid."""
    carrier = queries.get_connected(carrier_id)
    party = provider(carrier.provider)
    if text is not None and isinstance(party, ChecksTemplate):
        try:
            party.check_template(text)
        except BadAccount as fault:
            raise Invalid({fault.field: AccountFault(fault.message)}) from fault
    _forget_templates(
        CarrierTemplate.carrier_id == carrier_id, CarrierTemplate.about == about, CarrierTemplate.lang == lang
    )
    if text is not None:
        db.session().add(_template(carrier_id, about, lang, text))
    publish(CarrierChanged(subject_id=carrier_id, changed=[f"template {about} {lang}"], at=now, by=by))


def set_templates(carrier_id: UUID, texts: Mapping[tuple[str, str], Template]) -> None:
    """Put the templates that were approved, by what they are about and language, in place of those before."""
    _forget_templates(CarrierTemplate.carrier_id == carrier_id)
    db.session().add_all([_template(carrier_id, about, lang, text) for (about, lang), text in texts.items()])


def _forget_templates(*mine: Any) -> None:
    db.session().execute(delete(CarrierTemplate).where(*mine))


def _template(carrier_id: UUID, about: str, lang: str, text: Template) -> CarrierTemplate:
    pairs: Sequence[Any] = [list(pair) for pair in text.variables]
    return CarrierTemplate(carrier_id=carrier_id, about=about, lang=lang, code=text.code, variables=pairs)

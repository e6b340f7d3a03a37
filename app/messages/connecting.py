"""Carriers: the parties that carry messages for the shop, each with our account and its sealed keys."""

import json
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from app.kit import crypto, db
from app.kit.errors import Invalid
from app.kit.ids import new_id
from app.kit.party import Account, BadAccount
from app.kit.secret import Secret
from app.kit.tokens import random_token
from app.merchants import service as addresses
from app.messages.carrying import CREDENTIALS
from app.messages.errors import AccountFault
from app.messages.models import Carrier, CarrierWording
from app.messages.providers import Wording, provider


def add_carrier(*, provider_name: str, account: Account, now: datetime, carrier_id: UUID | None = None) -> Carrier:
    """Let messages of a channel go by a party; raises Invalid for what cannot work, by field."""
    party, number = provider(provider_name), carrier_id or new_id()
    try:
        party.check(account)
    except BadAccount as fault:
        raise Invalid({fault.field: AccountFault(fault.message)}) from fault
    key = crypto.key_for(CREDENTIALS)
    keys = Secret(json.dumps({name: secret.expose() for name, secret in account.keys.items()}))
    last = db.session().scalar(select(func.max(Carrier.position)).where(Carrier.channel == party.channel))
    row = Carrier(
        id=number,
        channel=party.channel,
        provider=provider_name,
        enabled=True,
        position=0 if last is None else last + 1,
        account=account.number,
        settings=dict(account.settings),
        credentials=key.seal("carrier", "credentials", number, keys),
        key_id=key.id,
        hook_token=random_token(),
        created_at=now,
    )
    db.session().add(row)
    addresses.list_address("hook", row.hook_token, target=number.hex)
    return row


def set_wordings(carrier_id: UUID, texts: Mapping[tuple[str, str], Wording]) -> None:
    """Put the texts that were approved, by what they are about and language, in place of those before."""
    for old in db.session().scalars(select(CarrierWording).where(CarrierWording.carrier_id == carrier_id)):
        db.session().delete(old)
    db.session().flush()
    for (about, lang), text in texts.items():
        pairs = [list(pair) for pair in text.variables]
        db.session().add(CarrierWording(carrier_id=carrier_id, about=about, lang=lang, code=text.code, variables=pairs))

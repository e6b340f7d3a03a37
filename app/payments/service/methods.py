"""Ways to pay: a gateway with our account and its sealed key."""

from datetime import datetime

from app.kit import crypto, db
from app.kit.ids import new_id
from app.kit.secret import Secret
from app.kit.tokens import random_token
from app.merchants import queries as merchants
from app.merchants import service as addresses
from app.payments.errors import SandboxOnly
from app.payments.models import Method
from app.payments.providers import provider

CREDENTIALS = "payment credentials"


def add_method(*, provider_name: str, account: str, credentials: Secret, now: datetime) -> Method:
    """Let the shop be paid through a gateway; test gateways only in a sandbox, live ones never there."""
    if provider(provider_name).sandbox != merchants.current().sandbox:
        raise SandboxOnly
    number, token = new_id(), random_token()
    key = crypto.key_for(CREDENTIALS)
    method = Method(
        id=number,
        provider=provider_name,
        enabled=True,
        position=0,
        account=account,
        credentials=key.seal("payment_method", "credentials", number, credentials),
        key_id=key.id,
        hook_token=token,
        created_at=now,
    )
    db.session().add(method)
    addresses.list_address("hook", token, target=number.hex)
    db.session().flush()
    return method

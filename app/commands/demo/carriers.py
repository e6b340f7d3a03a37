"""The demo's accounts at the services that carry messages: simulators beside it, connected with the keys they made."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from uuid import UUID

from flask import current_app

from app.kit import clock, db
from app.kit.events import SYSTEM
from app.kit.http import Client
from app.kit.secret import Secret
from app.messages import queries, service
from app.messages.queries import Account, Template

Keys = Mapping[str, str]
NUMBER, DIGITS, AMOUNT = ("number", "number"), ("code", "digits"), ("amount", "amount")
TEXTS = {
    "aliyun": {
        "ready": Template("SMS_1002", (NUMBER,)),
        "queued": Template("SMS_1003", (NUMBER,)),
        "refunded": Template("SMS_1004", (NUMBER, AMOUNT)),
        "code": Template("SMS_1001", (DIGITS, ("minutes", "minutes"))),
    },
    "tencent": {
        "ready": Template("2002", (("1", "number"),)),
        "queued": Template("2003", (("1", "number"),)),
        "refunded": Template("2004", (("1", "number"), ("2", "amount"))),
        "code": Template("2001", (("1", "digits"), ("2", "minutes"))),
    },
}


def connect(merchant_id: int) -> list[str]:
    """Connect the shop to the services that simulators stand for, each once; returns their names."""
    settings = current_app.config["MIAOFA"]
    near = {name: url for name, url in settings.gateways.items() if name in MAKERS}
    for name, url in near.items():
        keys: Keys = json.loads((settings.instance / "simulators" / "sms.json").read_text())
        token = db.write(merchant_id, partial(_connected, name, MAKERS[name](keys)))
        where = json.dumps({name: f"{settings.base_url}/hooks/messages/{token}"})
        Client().post(f"{url}/callbacks", where)
    return list(near)


def _connected(name: str, account: Account) -> str:
    """Return the token of the address to which a service tells the shop of messages."""
    before = next((row for row in queries.list_carriers() if row.provider == name), None)
    if before is not None:
        return before.hook_token
    row = service.add_carrier(provider_name=name, account=account, now=clock.now())
    _set_texts(row.id, TEXTS[name])
    return row.hook_token


def _set_texts(carrier_id: UUID, texts: Mapping[str, Template]) -> None:
    for about, text in texts.items():
        service.set_template(carrier_id, about, "zh", text, now=clock.now(), by=SYSTEM)


def _aliyun(keys: Keys) -> Account:
    return Account(keys["key_id"], {"sign_name": keys["sign_name"]}, {"key_secret": Secret(keys["key_secret"])})


def _tencent(keys: Keys) -> Account:
    settings = {name: keys[name] for name in ("secret_id", "sign_name", "region")} | {"longest": ""}
    return Account(keys["app_id"], settings, {"secret_key": Secret(keys["secret_key"])})


MAKERS: Mapping[str, Callable[[Keys], Account]] = {"aliyun": _aliyun, "tencent": _tencent}

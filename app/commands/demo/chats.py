"""The demo's accounts at the simulator of WeChat, WeCom and DingTalk, with the keys that it has made for itself."""

import json
from collections.abc import Mapping
from functools import partial

from flask import current_app

from app.kit import clock, db
from app.kit.party import Account
from app.kit.secret import Secret
from app.messages import queries as messages
from app.messages import service
from app.messages.queries import Template

NAME = "chats"
CONNECTED = ("wecom_robot", "wecom", "wechat_template")
READY = {
    ("ready", "zh"): Template(
        "TM_order_ready_01", (("character_string1", "number"), ("thing2", "title"), ("amount3", "amount"))
    )
}


def connect(merchant_id: int) -> list[str]:
    """Connect a robot, a WeCom app and a service account to the simulator, where it runs; each once."""
    settings = current_app.config["MIAOFA"]
    keys = settings.instance / "simulators" / f"{NAME}.json"
    if NAME not in settings.gateways or not keys.exists():
        return []
    known: Mapping[str, Mapping[str, str]] = json.loads(keys.read_text())
    for name in CONNECTED:
        db.write(merchant_id, partial(_connect, name, known[name]))
    return [NAME]


def _connect(name: str, known: Mapping[str, str]) -> None:
    if name in {carrier.provider for carrier in messages.list_carriers()}:
        return
    fields, number = messages.fields_of(name)
    secret = {field.name for field in fields if field.is_secret}
    plain = {key: value for key, value in known.items() if key not in secret and key != number}
    account = Account(known[number], plain, {key: Secret(known[key]) for key in secret if key in known})
    carrier = service.add_carrier(provider_name=name, account=account, now=clock.now())
    if name == "wechat_template":
        service.set_templates(carrier.id, READY)

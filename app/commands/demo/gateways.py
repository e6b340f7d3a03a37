"""The demo's accounts at the simulators that run beside it: connected with the keys each has made for itself."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlencode

from flask import current_app

from app.kit import clock, db
from app.kit.events import SYSTEM
from app.kit.http import Client
from app.kit.secret import Secret
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.queries import Account, Method

FORM = "application/x-www-form-urlencoded"
STRIPE_KEY = "sk_test_simulator0000"  # the one its simulator knows


def connect(merchant_id: int) -> list[str]:
    """Connect the shop to the simulators of this installation, each once; returns their names."""
    settings = current_app.config["MIAOFA"]
    near = {name: url for name, url in settings.gateways.items() if name in MAKERS}
    folder = settings.instance / "simulators"
    for name, url in near.items():
        account = _account(name, MAKERS[name](folder, url))
        method = db.write(merchant_id, partial(_connected, name, account))
        if method.lacks:
            _finish(merchant_id, method, account, url, settings.base_url)
    return list(near)


def _account(name: str, known: Mapping[str, str]) -> Account:
    """Return what somebody would enter in the form of a gateway; what is not known is the first choice there is."""
    fields, number = paying.fields_of(name), paying.numbered_by(name)
    values = {field.name: known.get(field.name, field.choices[0][0] if field.choices else "") for field in fields}
    secrets = {field.name: Secret(values[field.name]) for field in fields if field.is_secret and values[field.name]}
    plain = {field.name: values[field.name] for field in fields if not field.is_secret and field.name != number}
    return Account(values[number], plain, secrets)


def _connected(name: str, account: Account) -> Method:
    """Return the shop's account at a gateway; a simulator may stand at another address than it did."""
    before = next((method for method in paying.list_connected() if method.provider == name), None)
    if before is None:
        return payments.add_method(provider_name=name, account=account, now=clock.now())
    if before.settings.get("url") != account.setting("url") and account.setting("url"):
        moved = Account(account.number, {**before.settings, "url": account.setting("url")})
        payments.change_account(before.id, moved, now=clock.now(), by=SYSTEM)
    return before


def _finish(merchant_id: int, method: Method, account: Account, url: str, base_url: str) -> None:
    """Let Stripe's simulator tell the shop of everything, and keep the secret that it shows once."""
    hook = urlencode({"url": f"{base_url}/hooks/{method.hook_token}", "enabled_events[0]": "*"})
    said = Client().post(
        f"{url}/v1/webhook_endpoints", hook, {"Authorization": f"Bearer {STRIPE_KEY}"}, content_type=FORM
    )
    told = Account(account.number, account.settings, {"webhook": Secret(json.loads(said.body)["secret"])})
    db.write(merchant_id, lambda: payments.change_account(method.id, told, now=clock.now(), by=SYSTEM))


# What each simulator knows of its merchant -----------------------------------------------------------------------


def _alipay(folder: Path, url: str) -> dict[str, str]:
    names = ("app_private", "alipay_public")
    private, public = ((folder / "alipay" / f"{name}.pem").read_text() for name in names)
    known = {"private_key": private, "alipay_public_key": public}
    return known | {"app_id": "2021000000000001", "seller_id": "2088101106499364"}


def _wechat(folder: Path, url: str) -> dict[str, str]:
    known: dict[str, str] = json.loads((folder / "wechat.json").read_text())
    return known


def _stripe(folder: Path, url: str) -> dict[str, str]:
    return {"account": f"acct_{sha256(STRIPE_KEY.encode()).hexdigest()[:16]}", "key": STRIPE_KEY}


def _epay(folder: Path, url: str) -> dict[str, str]:
    known = json.loads((folder / "epay.json").read_text())
    return {"pid": known["pid"], "key": known["key"], "url": url}


MAKERS: Mapping[str, Callable[[Path, str], dict[str, str]]] = {
    "alipay": _alipay,
    "wechat": _wechat,
    "stripe": _stripe,
    "epay": _epay,
}

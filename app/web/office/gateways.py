"""Gateways and ways to be paid, as pages of the office show them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask_babel import gettext

from app.kit.errors import Refusal, words
from app.kit.money import Money
from app.payments import queries
from app.payments.queries import FeePayer, Method
from app.web.forms import Form
from app.web.guard import frame
from app.web.office.parties import FieldShown, fields_shown, labels_of

NAMES: Mapping[str, str] = {
    "keys": words("Keys"),
    "clock": words("Clock"),
    "query": words("Question to the gateway"),
    "callback": words("Notices reach the shop"),
    "jsapi": words("Buyers inside WeChat"),
}


class NotAPercentage(Refusal):
    kind = "invalid"
    message = words("Give a percentage such as 0.6, less than 100, with at most two decimals.")


@dataclass(frozen=True)
class GatewayShown:
    """A gateway that can be connected."""

    name: str
    title: str
    fields: Sequence[FieldShown]

    @property
    def labels(self) -> dict[str, str]:
        """Return what the entries of its form are called."""
        return labels_of(self.fields)


@dataclass(frozen=True)
class MethodShown:
    """A way to be paid."""

    id: UUID
    name: str
    title: str  # in the shop's own words; "" when it has none
    gateway: str
    account: str
    enabled: bool
    is_test: bool
    tested_at: datetime | None
    is_well: bool
    least: Money | None
    most: Money | None
    fee_rate: str
    fee_fixed: Money | None
    by_buyer: bool
    lacks: str  # the field that its gateway has yet to tell; "" when it is finished


def gateway_shown(name: str) -> GatewayShown:
    """Return how a gateway and its form are shown."""
    fields = fields_shown(queries.fields_of(name), queries.numbered_by(name))
    return GatewayShown(name, gettext(queries.title_of(name)), fields)


def methods_shown(methods: Sequence[Method]) -> list[MethodShown]:
    return [method_shown(method) for method in methods]


def method_shown(method: Method) -> MethodShown:
    """Return how a way to be paid is shown."""
    gateway = queries.gateway_of(method)
    currency = frame().currency
    return MethodShown(
        id=method.id,
        name=method.title or gettext(gateway.title),
        title=method.title,
        gateway=gettext(gateway.title),
        account=method.account,
        enabled=method.enabled,
        is_test=gateway.is_test(method.bare),
        tested_at=method.tested_at,
        is_well=all(finding["well"] for finding in method.findings),
        least=None if method.least is None else Money(method.least, currency),
        most=None if method.most is None else Money(method.most, currency),
        fee_rate=percent(method.fee_rate),
        fee_fixed=Money(method.fee_fixed, currency) if method.fee_fixed else None,
        by_buyer=method.fee_payer is FeePayer.BUYER,
        lacks=method.lacks,
    )


def percent(rate: int) -> str:
    """Return hundredths of a percent as people write them: 60 → 0.6."""
    return f"{rate / 100:.2f}".rstrip("0").rstrip(".") if rate else ""


def percent_in(form: Form, name: str) -> int:
    """Return a percentage of a form in hundredths of a percent."""
    text = form.fields.get(name, "").strip().removesuffix("%").strip()
    if not text:
        return 0
    if not re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,2})?", text, re.ASCII):
        form.faults[name] = NotAPercentage()
        return 0
    whole, _, part = text.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0") or 0)

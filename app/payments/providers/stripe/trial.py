"""The self-test of an account: whose key it is, what it may do, whether anyone tells us, and what time Stripe has."""

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

from app.kit import clock
from app.kit.effects import Answer, Done
from app.kit.errors import words
from app.payments.providers.base import Finding
from app.payments.providers.stripe.line import Line, Said
from app.payments.providers.stripe.notices import OLDEST_SECONDS, PAYS

NEEDED = ("checkout/sessions", "payment_intents", "charges", "refunds", "balance_transactions")
WANTED = (*PAYS, "checkout.session.expired", "checkout.session.async_payment_failed", "refund.updated", "refund.failed")
SETTINGS = words("Give the restricted key the permission in Stripe's dashboard, or use the secret key.")


def probe(line: Line, *, has_secret: bool) -> Answer:
    """Return what was found, the first thing that keeps all others from working alone."""
    said = line.look("account")
    if said.status == 401:
        wrong = words("Stripe does not know this key.")
        mend = words("Copy it anew from the dashboard: Developers, API keys. A rolled key stops working.")
        return Done((Finding("keys", False, wrong, mend),))
    return Done((_keys(said, line), _clock(said), *_permissions(line), _callback(line, has_secret=has_secret)))


def _keys(said: Said, line: Line) -> Finding:
    if said.status != 200:
        return Finding("keys", True, words("The key works; it may not say whose account it is."))
    if said.body.get("id") != line.account.number:
        mend = words("Enter the number of the account that the key was made in; it begins with acct_.")
        return Finding("keys", False, words("The key is of another account."), mend)
    if said.body.get("charges_enabled") is False:
        mend = words("Finish the set-up of the account in Stripe's dashboard.")
        return Finding("keys", False, words("Stripe takes no money for this account yet."), mend)
    return Finding("keys", True)


def _clock(said: Said) -> Finding:
    try:
        there = parsedate_to_datetime(said.headers.get("date", ""))
        apart = abs((there - clock.now()).total_seconds())
    except (TypeError, ValueError):
        return Finding("clock", True, words("Stripe did not say what time it is."))
    if apart <= OLDEST_SECONDS / 5:
        return Finding("clock", True)
    mend = words("Set this machine's clock by NTP: notices that seem too old or too new are refused.")
    return Finding("clock", False, words("This machine's clock is not Stripe's."), mend)


def _permissions(line: Line) -> Iterator[Finding]:
    for place in NEEDED:
        said = line.look(place, {"limit": 1})
        if said.status != 200:
            yield Finding(place, False, words("The key may not read this."), SETTINGS)


def _callback(line: Line, *, has_secret: bool) -> Finding:
    if not has_secret:
        mend = words("Add the notify address in Stripe's dashboard under Webhooks, and enter the signing secret here.")
        return Finding("callback", False, words("No signing secret: no notice of Stripe's can be believed."), mend)
    said = line.look("webhook_endpoints", {"limit": 100})
    if said.status != 200:
        return Finding("callback", True, words("The key may not say which addresses Stripe tells."))
    rows = said.body.get("data")
    if any(_tells_us(row) for row in rows if isinstance(row, dict)) if isinstance(rows, list) else False:
        return Finding("callback", True)
    mend = words(
        "Add the notify address in Stripe's dashboard under Webhooks, with the events of Checkout and refunds."
    )
    return Finding("callback", False, words("Stripe tells no address of ours about payments."), mend)


def _tells_us(endpoint: dict[str, Any]) -> bool:
    events = endpoint.get("enabled_events")
    told = set(events) if isinstance(events, list) else set()
    return endpoint.get("status") == "enabled" and "/hooks/" in str(endpoint.get("url")) and _suffice(told)


def _suffice(events: set[str]) -> bool:
    return "*" in events or events.issuperset(WANTED)

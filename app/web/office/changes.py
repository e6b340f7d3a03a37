"""What happened to a product or to the shop, in words of the reader's language."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_babel import gettext, ngettext

from app.kit.errors import words
from app.kit.events import EventRow
from app.messages import queries as messages
from app.web.office.fence_words import fences_note, policy_note
from app.web.office.shown import Step, about_words, by_whom

NAMES: Mapping[str, str] = {
    "product.created": words("Product created"),
    "product.changed": words("Product changed"),
    "fix_steps.set": words("Help at the code changed"),
    "product.moved": words("Moved in the shop"),
    "codes.cleared": words("Short-dated codes moved"),
    "merchant.changed": words("Shop changed"),
    "merchant.closed": words("Shop closed: nobody can order"),
    "merchant.opened": words("Shop open again"),
    "payment_method.added": words("Connected"),
    "payment_method.changed": words("Changed"),
    "payment_method.switched": words("Offered, or not any more"),
    "payment_method.tested": words("Tried out"),
    "carrier.added": words("Connected"),
    "carrier.changed": words("Changed"),
    "carrier.switched": words("In use, or not any more"),
    "carrier.retired": words("Removed"),
    "carrier.tested": words("Tried out"),
    "carrier.tried": words("Message sent for a test"),
    "carrier.failed": words("Out of order"),
    "carrier.mended": words("In use again"),
    "merchant.reply_to_changed": words("Replies to e-mails go elsewhere"),
    "wording.saved": words("Written"),
    "wording.published": words("Published: buyers see it"),
    "wording.withdrawn": words("Withdrawn: new buyers do not see it"),
    "merchant.reveals_changed": words("Codes are shown again by other rules"),
    "merchant.fences_changed": words("Fences changed"),
    "merchant.telling_changed": words("How buyers are notified changed"),
    "merchant.gift_rule_changed": words("What buyers may give on"),
    "merchant.review_policy_changed": words("Orders in review that nobody decides"),
    "robot.set": words("What it tells changed"),
}
TONES: Mapping[str, str] = {
    "product.created": "ok",
    "merchant.closed": "warn",
    "merchant.opened": "ok",
    "carrier.failed": "bad",
    "carrier.mended": "ok",
    "carrier.retired": "warn",
}

STATUSES: Mapping[str, str] = {
    "LIVE": words("put on sale"),
    "DRAFT": words("taken off sale, a draft now"),
    "ARCHIVED": words("archived"),
}

# What of a product changed: the words, with {of} for the SKU, step or language, {before} and {after} for the values.
CHANGES: Mapping[str, str] = {
    "as_ready": words("when the codes of {of} are shown"),
    "category": words("category"),
    "clear": words("clearance of {of}, days before the expiry → variant: {before}, now {after}"),
    "components": words("contents of {of}"),
    "cover": words("cover picture"),
    "names": words("name of {of}"),
    "opening": words("minutes from the payment to the hand-over of {of}: {before} → {after}"),
    "order": words("order of the variants"),
    "pattern": words("pattern of {of}: {before} → {after}"),
    "price": words("price of {of}: {before} → {after}"),
    "redeem_url": words("redeem address"),
    "release": words("release of {of}"),
    "step": words("picture of step {of}"),
    "tags": words("tags"),
    "texts": words("texts ({of})"),
    "variant": words("new variant {of}"),
    "was": words("earlier price of {of}: {before} → {after}"),
    "strategy": words("order of sale of {of}"),
    "low_stock": words("alert of {of} on few codes: {before} → {after}"),
    "low_days": words("alert of {of} on days of stock: {before} → {after}"),
    "expiry_days": words("alert of {of} on expiry: {before} → {after}"),
}

LOOKS: Mapping[str, str] = {
    "accent": words("colour"),
    "closed": words("words while closed"),
    "contact": words("contact"),
    "hours": words("hours"),
    "licence": words("licence number"),
    "logo": words("logo"),
    "name": words("name"),
    "notice": words("notice"),
    "promise": words("after-sales promise"),
    "returned": words("what becomes of codes of refunded orders"),
    "tagline": words("tagline"),
    "tells_stock": words("how stock is shown"),
}


def happened(timeline: Sequence[EventRow]) -> list[Step]:
    """Return what happened, the newest first."""
    return [_step(row) for row in reversed(timeline)]


def _step(row: EventRow) -> Step:
    name = gettext(NAMES[row.name]) if row.name in NAMES else row.name
    note = NOTES.get(row.name, lambda facts: "")(row.data)
    return Step(row.at, name, " · ".join(part for part in (by_whom(row), note) if part), TONES.get(row.name, ""))


def _product_note(facts: Mapping[str, Any]) -> str:
    return str(gettext(", ")).join(_change(*change) for change in facts["changes"])


def _change(what: str, before: str, after: str) -> str:
    """Return one change in words."""
    key, _, of = what.partition(" ")
    if key == "status":
        return str(gettext(STATUSES.get(after, after)))
    if key == "on_sale":
        text = gettext("{of} put on sale") if after == "yes" else gettext("{of} taken off sale")
    else:
        text = gettext(CHANGES[key]) if key in CHANGES else key
    return str(text).format(of=_language(of), before=before or "–", after=after or "–")


def _language(of: str) -> str:
    return {"zh": "中文", "en": "English"}.get(of, of)


def _shop_note(facts: Mapping[str, Any]) -> str:
    names = dict.fromkeys(LOOKS.get(_plain(what), what) for what in facts["changes"])
    return str(gettext(", ")).join(gettext(name) for name in names)


def _plain(what: str) -> str:
    """Return what changed without its language: `hours_zh` → `hours`."""
    head, _, tail = what.rpartition("_")
    return head if tail in {"zh", "en"} else what


def _moved_note(facts: Mapping[str, Any]) -> str:
    return str(gettext("further up") if facts["up"] else gettext("further down"))


TERMS: Mapping[str, str] = {
    "title": words("name"),
    "least": words("smallest amount"),
    "most": words("largest amount"),
    "fee_rate": words("fee"),
    "fee_fixed": words("fee"),
    "fee_payer": words("who bears the fee"),
    "position": words("place"),
}


def _method_note(facts: Mapping[str, Any]) -> str:
    names = dict.fromkeys(TERMS.get(what, what) for what in facts["changed"])
    return str(gettext(", ")).join(gettext(name) for name in names)


def _switch_note(facts: Mapping[str, Any]) -> str:
    return str(gettext("offered") if facts["on"] else gettext("not offered"))


def _test_note(facts: Mapping[str, Any]) -> str:
    return str(gettext("all well") if facts["well"] else gettext("something is wrong"))


CARRIER: Mapping[str, str] = {
    "title": words("name"),
    "hook": words("new address for receipts"),
    "former_hook": words("former address for receipts ended"),
    "position": words("place"),
    "sign_name": words("signature"),
    "region": words("region"),
    "wording": words("template"),  # as events from before call it
    "template": words("template"),
}


def _carrier_note(facts: Mapping[str, Any]) -> str:
    return str(gettext(", ")).join(_carrier_change(what) for what in facts["changed"])


def _carrier_change(what: str) -> str:
    """Return what changed: `wording ready zh` names what a text is about and its language."""
    key, _, rest = what.partition(" ")
    name = gettext(CARRIER.get(key) or messages.label_of(key))
    about, _, lang = rest.partition(" ")
    return f"{name}: {about_words(about)} ({_language(lang)})" if rest else str(name)


def _use_note(facts: Mapping[str, Any]) -> str:
    return str(gettext("in use") if facts["on"] else gettext("not in use"))


def _failed_note(facts: Mapping[str, Any]) -> str:
    sentence, _, code = facts["reason"].partition(" · ")
    return " · ".join(part for part in (gettext(sentence), code) if part)


def _cleared_note(facts: Mapping[str, Any]) -> str:
    count = ngettext("%(num)s code", "%(num)s codes", facts["count"])
    return f"{count} · {facts['sku']} → {facts['into']}"


def _version_note(facts: Mapping[str, Any]) -> str:
    return str(gettext("version %(number)s", number=facts["number"]))


TELLING: Mapping[str, str] = {
    "channels": words("order of the ways"),
    "off": words("which ways are used"),
    "quiet_from": words("quiet hours"),
    "quiet_to": words("quiet hours"),
    "silent": words("what is told"),
    "waiting": words("what waits at night"),
}


def _telling_note(facts: Mapping[str, Any]) -> str:
    names = dict.fromkeys(TELLING.get(what, what) for what in facts["changes"])
    return str(gettext(", ")).join(gettext(name) for name in names)


NOTES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "product.changed": _product_note,
    "product.moved": _moved_note,
    "codes.cleared": _cleared_note,
    "merchant.changed": _shop_note,
    "payment_method.changed": _method_note,
    "payment_method.switched": _switch_note,
    "payment_method.tested": _test_note,
    "carrier.changed": _carrier_note,
    "carrier.switched": _use_note,
    "carrier.tested": _test_note,
    "carrier.tried": lambda facts: about_words(facts["about"]),
    "carrier.failed": _failed_note,
    "merchant.fences_changed": fences_note,
    "merchant.telling_changed": _telling_note,
    "merchant.review_policy_changed": policy_note,
    **dict.fromkeys(("wording.saved", "wording.published", "wording.withdrawn"), _version_note),
}

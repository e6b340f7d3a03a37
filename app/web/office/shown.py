"""What the people of a shop are shown, in words of their language; plain values, so that no template computes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from flask_babel import gettext, ngettext

from app.catalog.queries import Kind
from app.kit.errors import words
from app.kit.events import EventRow
from app.kit.money import Money
from app.ledger.queries import Entry
from app.messages import queries as messages
from app.redemption.queries import Channel
from app.web.channels import channel_words
from app.web.firms import ROLES, channel_name
from app.web.language import money
from app.web.office.charged import FEE_ACCOUNTS, FEE_POSTINGS, FEE_STEPS
from app.web.office.fence_words import REVIEW_STEPS
from app.web.office.member_words import MEMBER_STEPS
from app.web.office.reasons import reason_words
from app.web.office.stocked import STOCK_STEPS
from app.web.office.transfer_words import TRANSFER_STEPS
from app.web.office.wording import PROVIDERS, REASONS, said
from app.web.problems import problem_name

# What one code of a kind consists of, and a file that holds two of them.
KINDS: Mapping[Kind, tuple[str, str]] = {
    Kind.CODE: (words("One code"), "code\nAB3D-7K2Q-9FHT-4MXC\nQ8WZ-2NVE-6R5J-TY7P"),
    Kind.CARD: (words("Number and PIN"), "number,pin\n6222001234567890,20481632\n6222001234567908,77310456"),
    Kind.ACCOUNT: (
        words("Account and password"),
        "account,password\nanna@example.com,fX29-tq8m\nbo@example.com,k7Lw-90zd",
    ),
    Kind.LINK: (words("Link to open"), "link\nhttps://get.example/a/4MXC9FHT\nhttps://get.example/a/TY7P6R5J"),
}
CLASSES: Mapping[str, str] = {
    "available": words("For sale"),
    "held": words("On hold"),
    "sold": words("Sold"),
    "expired": words("Expired"),
    "frozen": words("Frozen"),
    "quarantined": words("Set aside"),
    "void": words("Void"),
}
ACCOUNTS: Mapping[str, str] = {
    **FEE_ACCOUNTS,
    "asset:bank": words("In the bank, by transfer"),
    "asset:gateway": words("Owed to us by the gateway"),
    "asset:stock": words("Stock at cost"),
    "expense:goods": words("Cost of goods"),
    "expense:lost": words("Lost stock"),
    "expense:marketing": words("Given away"),
    "income:discounts": words("Discounts of the shop"),
    "income:sales": words("Sales revenue"),
    "liability:balance": words("Paid ahead by a company"),
    "liability:balance:members": words("Paid ahead by members"),
    "expense:goodwill": words("Put onto balances by the shop"),
    "liability:refunds": words("Owed back to buyers"),
    "liability:suppliers": words("Owed to suppliers"),
}
RETURNED: Mapping[str, str] = {
    "taken back": words("taken back before anybody claimed it"),
    "lapsed": words("nobody claimed it in time"),
    "by the shop": words("given back by the shop, before it was looked at"),
}
CHANGED: Mapping[str, str] = {
    "paused": words("paused"),
    "resumed": words("resumed"),
    "ended": words("ended"),
    "cap": words("more pieces"),
}
POSTINGS: Mapping[str, str] = {
    **FEE_POSTINGS,
    "cost": words("Cost corrected"),
    "giveaway": words("Given away by a campaign"),
    "late_goods": words("Codes that came later"),
    "replaced": words("Code replaced"),
    "restored": words("Codes restored"),
    "void": words("Codes void"),
    "withdrawn": words("Import undone"),
    "paid_in": words("Paid ahead through a gateway"),
    "sent_back": words("Top-up sent back"),
    "correction": words("Balance corrected"),
    "returned": words("Back on the balance"),
    "spending": words("Paid from the balance"),
    "top_up": words("Transfer onto a balance"),
    "transfer": words("Transfer seen in the bank"),
    "allowance": words("Smaller amount accepted as full payment"),
    "payback": words("The gateway gave money back"),
    "payback_by_hand": words("Money given back by hand"),
    "exchange": words("Paid by an exchanged piece"),
    "exchange_fee": words("Kept of an exchanged piece"),
    "refund": words("Order refunded"),
    "sale": words("Sale"),
    "unasked": words("Money came a second time"),
}
ABOUT: Mapping[str, str] = {
    "ready": words("Codes are ready"),
    "queued": words("Waiting for stock"),
    "refunded": words("Money on its way back"),
    "code": words("Code that proves the contact"),
}
BECAME: Mapping[str, str] = {
    "sold": words("Sold"),
    "revealed": words("Revealed"),
    "refunded": words("Refunded"),
    "owed": words("Outstanding"),
    "redeemed": words("Redeemed"),
    "expired": words("Expired"),
    "unredeemed": words("Unredeemed"),
    "ready": words("Unredeemed"),
    "promised": words("Outstanding"),
    "revoked": words("Refunded"),
}
PEOPLE: Mapping[str, str] = {
    "holder": words("holder of the code"),
    "device": words("buyer"),
    "buyer": words("buyer, signed in"),
    "password": words("buyer, by the order password"),
    "gateway": words("payment gateway"),
    "member": words("company member"),
    "system": words("system"),
    "user": words("staff"),
}


def _released(facts: Mapping[str, Any]) -> str:
    return "" if facts.get("top_up") else str(gettext("stock released"))


ROLE_NAMES: Mapping[str, str] = {role.name.lower(): name for role, (name, _note) in ROLES.items()}


def kind_choices() -> list[tuple[int, str]]:
    """Return the kinds of codes to choose from."""
    return [(kind.value, kind_name(kind)) for kind in Kind]


def kind_name(kind: Kind) -> str:
    name: str = gettext(KINDS[kind][0])
    return name


def examples() -> list[tuple[str, str]]:
    """Return the name of each kind with a small file of it."""
    return [(gettext(name), text) for name, text in KINDS.values()]


def class_choices() -> list[tuple[str, str]]:
    return [(name, gettext(text)) for name, text in CLASSES.items()]


def by_whom(row: EventRow) -> str:
    """Return who did it."""
    return said(PEOPLE, row.actor_type)


def class_name(name: str) -> str:
    """Return what the reconciliation calls something that became of an entitlement."""
    return said(BECAME, name)


def about_words(about: str) -> str:
    """Return what a message to a buyer tells."""
    return said(ABOUT, about)


@dataclass(frozen=True)
class PostingShown:
    """What one posting says: what for, accounts in words with signed amounts, and their sum, which is zero."""

    name: str
    at: datetime
    legs: tuple[tuple[str, Money], ...]
    sum: Money


def postings_shown(entries: Sequence[tuple[str, datetime, Entry]], currency: str) -> list[PostingShown]:
    """Return what the books say, posting by posting, in the currency of its order."""
    return [
        _posting(kind, at, [entry for _, _, entry in same], currency)
        for (_, kind, at), same in groupby(entries, key=lambda row: (row[2].tx_id, row[0], row[1]))
    ]


def _posting(kind: str, at: datetime, entries: Sequence[Entry], currency: str) -> PostingShown:
    legs = tuple(
        (said(ACCOUNTS, entry.account.partition(":com_")[0]), Money(entry.amount, entry.currency)) for entry in entries
    )
    return PostingShown(said(POSTINGS, kind), at, legs, sum((amount for _, amount in legs), Money(0, currency)))


@dataclass(frozen=True)
class Step:
    """One thing that happened."""

    at: datetime
    name: str
    note: str
    tone: str


Note = Callable[[Mapping[str, Any]], str]


def _amount(facts: Mapping[str, Any]) -> str:
    return money(Money(facts["amount"], facts["currency"]))


def _taken(facts: Mapping[str, Any]) -> str:
    count = _codes(facts["count"]) if facts.get("count") and not facts.get("whole") else ""
    return " · ".join(part for part in (_amount(facts), count) if part)


def _people(rows: int) -> str:
    return str(ngettext("%(num)s person", "%(num)s people", rows))


def _codes(rows: int) -> str:
    return str(ngettext("%(num)s code", "%(num)s codes", rows))


def _through(channel: str) -> str:
    return channel_name(Channel[channel.upper()])


def _message(facts: Mapping[str, Any]) -> str:
    """Return what a message said, and by which way."""
    return f"{said(ABOUT, facts['about'])} · {channel_words(messages.Channel[facts['channel'].upper()])}"


GIFT_STEPS: Mapping[str, tuple[str, str, Note]] = {
    "gift.made": (words("Given to somebody, by a link"), "info", lambda facts: ""),
    "gift.claimed": (words("Gift claimed: its giver no longer sees the code"), "ok", lambda facts: facts["network"]),
    "gift.proved": (words("A browser proved that the gift is its own"), "", lambda facts: facts["network"]),
    "gift.opened": (words("Gift viewed by its recipient"), "info", lambda facts: facts["network"]),
    "gift.returned": (words("Gift is its giver's again"), "warn", lambda facts: said(RETURNED, facts["why"])),
    "campaign.created": (words("Claim campaign made"), "", lambda facts: _codes(facts["cap"])),
    "campaign.changed": (words("Claim campaign changed"), "", lambda facts: said(CHANGED, facts["what"])),
    "campaign.claimed": (words("Given away by a campaign"), "ok", lambda facts: facts["campaign"]),
}

EXCHANGE_STEPS: Mapping[str, tuple[str, str, Note]] = {
    "exchange.asked": (words("The buyer exchanges a piece"), "info", lambda facts: f"→ {facts['number']}"),
    "exchange.done": (words("Paid by an exchanged piece"), "ok", lambda facts: f"{facts['number']} → {_amount(facts)}"),
    "exchange.ended": (words("Exchange not paid: the piece is its buyer's again"), "", lambda facts: facts["number"]),
    "order.piece_traded": (words("Piece taken back: it was exchanged"), "", lambda facts: f"→ {facts['number']}"),
    "exchange_rule.made": (words("Exchange rule made"), "", lambda facts: ""),
    "exchange_rule.switched": (words("Exchange rule switched"), "", lambda facts: ""),
}

# Of each event: its name, its tone, and which of its facts are worth telling.
STEPS: Mapping[str, tuple[str, str, Note]] = {
    "order.placed": (words("Order placed, stock held"), "", _amount),
    "order.sent_again": (words("The form came again from another browser"), "", lambda facts: ""),
    "payment.started": (words("The buyer went to pay"), "info", lambda facts: said(PROVIDERS, facts["provider"])),
    "order.paid": (words("Payment arrived"), "ok", _amount),
    "order.delivered": (words("Codes delivered"), "ok", lambda facts: ""),
    "order.queued": (words("Out of stock, codes are outstanding"), "warn", lambda facts: ""),
    "order.expired": (words("Not paid in time"), "", _released),
    "shared_code.revealed": (words("Codes viewed"), "info", lambda facts: facts["network"]),
    "chore.taken": (words("Somebody has taken it on"), "info", lambda facts: ""),
    "chore.left": (words("Put back on the worklist"), "", lambda facts: ""),
    "chore.done": (words("Delivered by hand"), "ok", lambda facts: ""),
    "code.revealed": (words("Codes viewed"), "info", lambda facts: facts["network"]),
    "link.asked": (words("The link to the order was asked for"), "", lambda facts: facts["network"]),
    "link.proved": (words("A browser proved itself by the order password"), "info", lambda facts: facts["network"]),
    "owner.code_asked": (words("A one-time code was asked for"), "", lambda facts: facts["network"]),
    "owner.proved": (words("A browser proved the contact by a one-time code"), "info", lambda facts: facts["network"]),
    "telling.way_learned": (
        words("The buyer is told by one more way"),
        "info",
        lambda facts: channel_words(messages.Channel[facts["channel"].upper()]),
    ),
    "links.revoked": (words("Links revoked"), "warn", lambda facts: ""),
    "notice.refused": (words("Payment notice refused"), "bad", lambda facts: said(REASONS, facts["reason"])),
    **FEE_STEPS,
    **EXCHANGE_STEPS,
    "notice.asked_about": (words("Gateway asked again about a notice"), "", lambda facts: ""),
    "notice.surplus": (words("Money came a second time"), "warn", _amount),
    "order.cancel_asked": (words("Asked to cancel, the gateway has to close first"), "", lambda facts: ""),
    "order.cancelled": (words("Order cancelled"), "", _released),
    "order.partly_delivered": (words("Some codes delivered, the rest is outstanding"), "warn", lambda facts: ""),
    "order.refunded": (words("Order refunded"), "warn", _taken),
    "notice.matched": (words("Unmatched money used to pay this order"), "ok", _amount),
    "notice.short_accepted": (words("Smaller amount accepted as full payment"), "warn", lambda facts: facts["reason"]),
    "payback.asked": (words("Money on its way back"), "info", _amount),
    "payback.done": (words("The money was given back"), "ok", _amount),
    "payback.stuck": (words("The gateway did not give the money back"), "bad", lambda facts: facts["reason"]),
    "promises.kept": (words("Outstanding codes came into stock"), "ok", lambda facts: ""),
    "delivery.sent": (words("The buyer was notified"), "ok", _message),
    "delivery.failed": (
        words("The buyer was not notified, or nobody knows"),
        "bad",
        lambda facts: f"{_message(facts)} · {reason_words(facts['reason'])}",
    ),
    "delivery.arrived": (words("The message arrived"), "ok", _message),
    "delivery.again": (words("Message sent again"), "info", _message),
    "delivery.dropped": (words("Message left unsent"), "", _message),
    "help.asked": (words("The buyer asked for help"), "", lambda facts: problem_name(facts["problem"])),
    "help.solved": (words("The steps at the code helped"), "ok", lambda facts: problem_name(facts["problem"])),
    "help.stuck": (words("The buyer is stuck"), "warn", lambda facts: problem_name(facts["problem"])),
    "help.seen_to": (words("Somebody saw to it"), "ok", lambda facts: problem_name(facts["problem"])),
    "claim.opened": (words("Opened by the person it was given to"), "info", lambda facts: facts["network"]),
    "claim.proved": (words("A person proved that it was given to them"), "", lambda facts: facts["network"]),
    "claim.revoked": (
        words("Taken back from the person it was given to"),
        "warn",
        lambda facts: facts.get("reason", ""),
    ),
    **GIFT_STEPS,
    "handout.given": (words("Handed out to people"), "ok", lambda facts: _people(facts["rows"])),
    "codes.extracted": (
        words("Taken in plain text by the company"),
        "info",
        lambda facts: f"{_codes(facts['rows'])} · {facts['network']}",
    ),
    "handout.reminded": (words("People reminded"), "", lambda facts: _people(facts["rows"])),
    "entitlement.redeemed": (words("Redeemed"), "ok", lambda facts: _through(facts["channel"])),
    "entitlement.use_reported": (words("Redeemed elsewhere, as reported"), "info", lambda facts: ""),
    "redemption.rolled_back": (words("Redemption rolled back"), "warn", lambda facts: facts["reason"]),
    "balance.topped_up": (
        words("Bank transfer booked"),
        "ok",
        lambda facts: f"{_amount(facts)} · {facts['reference']}",
    ),
    "balance.paid_out": (
        words("Paid out of the balance"),
        "warn",
        lambda facts: f"{_amount(facts)} · {facts['reason']}",
    ),
    "top_up.asked": (words("Top-up asked for"), "", _amount),
    "top_up.paid": (words("Payment arrived"), "ok", _amount),
    "top_up.refunded": (words("Top-up sent back"), "warn", lambda facts: f"{_amount(facts)} · {facts['reason']}"),
    "balance.paid_in": (words("Paid ahead through a gateway"), "ok", _amount),
    "balance.sent_back": (words("Taken off the balance"), "warn", _amount),
    "balance.spent": (words("Paid from the balance"), "ok", _amount),
    "balance.returned": (words("Back on the balance"), "ok", _amount),
    "balance.corrected": (words("Balance corrected"), "warn", lambda facts: f"{_amount(facts)} · {facts['reason']}"),
    "company.created": (words("Company created"), "", lambda facts: ""),
    "company.changed": (words("Company changed"), "", lambda facts: ""),
    "company.closed": (words("Company closed"), "warn", lambda facts: ""),
    "company.reopened": (words("Company opened again"), "", lambda facts: ""),
    "company.member_invited": (words("Member invited"), "info", lambda facts: said(ROLE_NAMES, facts["role"])),
    "company.invite_revoked": (words("Invitation withdrawn"), "", lambda facts: ""),
    "company.invite_sent_again": (words("Invitation sent again"), "info", lambda facts: ""),
    "company.member_joined": (words("Member joined"), "ok", lambda facts: said(ROLE_NAMES, facts["role"])),
    "company.member_role_changed": (
        words("Role of a member changed"),
        "",
        lambda facts: said(ROLE_NAMES, facts["role"]),
    ),
    "company.member_ways_set": (words("Chats of a member entered"), "", lambda facts: ""),
    "company.member_ended": (words("Member taken out"), "warn", lambda facts: ""),
    "lane.set": (words("Lane set up"), "", lambda facts: facts["lane"]),
    "lane.dropped": (words("Lane removed"), "", lambda facts: facts["lane"]),
    "lanes.walked": (words("Lanes shared out among channels"), "", lambda facts: ""),
    "codes.shifted": (words("Codes moved to another lane"), "", lambda facts: _codes(facts["count"])),
    "stock.dipped": (words("Staff alerted about the stock"), "warn", lambda facts: ""),
    "import.staged": (words("File taken in, waiting for a decision"), "", lambda facts: ""),
    "import.begun": (words("Import begun"), "info", lambda facts: ""),
    "import.dropped": (words("File given up and wiped"), "", lambda facts: ""),
    "import.cancelled": (words("Import stopped early"), "warn", lambda facts: ""),
    "refund.done": (words("Refund complete"), "ok", lambda facts: ""),
    "refund.stuck": (words("Refund stuck"), "bad", lambda facts: ""),
    **MEMBER_STEPS,
    **REVIEW_STEPS,
    **STOCK_STEPS,
    **TRANSFER_STEPS,
}


def steps(timeline: Sequence[EventRow]) -> list[Step]:
    """Return what happened in words; looking at several codes at once is one step."""
    together = groupby(timeline, key=lambda row: (row.at, row.name, row.actor_id))
    return [_step(list(rows)) for _, rows in together]


def _step(rows: Sequence[EventRow]) -> Step:
    row = rows[0]
    name, tone, note = STEPS.get(row.name, (row.name, "", lambda facts: ""))
    several = ngettext("%(num)s code", "%(num)s codes", len(rows)) if row.name.endswith("code.revealed") else ""
    notes = (by_whom(row), several, note(row.data))
    return Step(row.at, gettext(name), " · ".join(part for part in notes if part), tone)

"""The sections of the office, grouped as the merchant's day goes; each person sees only what they may open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from app.kit.errors import words
from app.web.guard import Actor
from app.web.office import bp

FEW = 7  # sections that need no folding


@dataclass(frozen=True)
class Section:
    """One page of the side bar, by the name of its view."""

    key: str
    mark: str
    name: str
    permission: str


@dataclass(frozen=True)
class Group:
    """Sections that are one kind of work; those of a group without a name stand alone."""

    name: str
    mark: str
    sections: Sequence[Section]
    is_open: bool = False

    def holds(self, key: str) -> bool:
        return any(section.key == key for section in self.sections)


GROUPS = (
    Group("", "", [Section("home", "home", words("Home"), "home.view")]),
    Group(
        words("Selling"),
        "receipt",
        [
            Section("orders", "receipt", words("Orders"), "orders.view"),
            Section("chores", "list", words("Worklist"), "orders.fulfil"),
            Section("holds", "lock", words("Holds"), "orders.view"),
            Section("messages", "mail", words("Messages"), "orders.view"),
            Section("helping", "help", words("Help"), "orders.view"),
            Section("exceptions", "alert-triangle", words("Exceptions"), "orders.view"),
            Section("transfers", "building-bank", words("Transfers"), "payments.match"),
            Section("reviews", "eye", words("Reviews"), "orders.review"),
        ],
    ),
    Group(
        words("Goods and stock"),
        "package",
        [
            Section("products", "shopping-bag", words("Products"), "products.view"),
            Section("categories", "category", words("Categories"), "products.view"),
            Section("wordings", "message", words("Delivery texts"), "wordings.edit"),
            Section("exchanges", "arrow-back-up", words("Exchanges"), "products.view"),
            Section("batches", "package", words("Stock"), "stock.view"),
            Section("codes", "key", words("Codes"), "codes.view"),
            Section("import", "upload", words("Import"), "codes.import"),
        ],
    ),
    Group(
        words("At the counter"),
        "shield-check",
        [
            Section("counter", "qrcode", words("Counter"), "redemption.redeem"),
            Section("redemption", "check", words("Redemption"), "redemption.view"),
        ],
    ),
    Group(
        words("Buyers"),
        "user",
        [
            Section("members", "user", words("Shop members"), "members.view"),
            Section("wallets", "wallet", words("Member balances"), "wallets.view"),
            Section("companies", "building", words("Companies"), "companies.view"),
            Section("campaigns", "gift", words("Claim campaigns"), "gifts.view"),
        ],
    ),
    Group(
        words("Figures and bills"),
        "chart-bar",
        [
            Section("turnover", "chart-bar", words("Turnover"), "reports.view"),
            Section("bills", "file-text", words("Bills of the channels"), "bills.view"),
        ],
    ),
    Group(
        words("Settings"),
        "settings",
        [
            Section("payments", "credit-card", words("Ways to be paid"), "payments.edit"),
            Section("channels", "speakerphone", words("Message channels"), "channels.edit"),
            Section("fences", "shield-check", words("Fences"), "shop.edit"),
            Section("look", "building-store", words("Shop"), "shop.edit"),
        ],
    ),
)


def sections(actor: Actor | None, present: str) -> list[Group]:
    """Return what `actor` may open, the group of the present page unfolded; on a page of no group, the first one."""
    mine = [group for group in (_permitted(group, actor) for group in GROUPS) if group.sections]
    named = [group for group in mine if group.name]
    opened = [group for group in named if group.holds(present)] or named[:1]
    is_short = sum(len(group.sections) for group in mine) <= FEW
    return [Group(group.name, group.mark, group.sections, is_open=is_short or group in opened) for group in mine]


def _permitted(group: Group, actor: Actor | None) -> Group:
    """Return the group in the reader's words with what `actor` may open; a single section needs no group around it."""
    mine = [
        Section(one.key, one.mark, _(one.name), one.permission)
        for one in group.sections
        if actor and actor.can(one.permission)
    ]
    return Group(_(group.name) if group.name and len(mine) > 1 else "", group.mark, mine)


@bp.app_context_processor
def _sections() -> Mapping[str, object]:
    return {"office_sections": sections}

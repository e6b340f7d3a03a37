"""What to tell a buyer about a problem with a code: the words for each step, fed by how the code really stands."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext, ngettext
from markupsafe import Markup

from app.kit.errors import words
from app.support.queries import Condition, Problem, fixes
from app.web.language import moment

SURE = {"frozen", "used", "expired", "refunded", "never_opened", "strangers", "only_you", "arrived", "waits", "review"}


@dataclass(frozen=True)
class FixShown:
    """One step: what is so or what to do, and why."""

    name: str
    note: str
    is_fact: bool  # known from the records, not a thing to try


@dataclass(frozen=True)
class Known:
    """What the words of the steps are filled with."""

    condition: Condition
    contact: str
    site: str
    is_gift: bool = False  # whose page lists no looks


def fixes_shown(problem: Problem, known: Known) -> list[FixShown]:
    """Return the steps for a problem in the reader's words."""
    return [FixShown(*_said(name, known), name in SURE) for name in fixes(problem, known.condition)]


def _said(name: str, known: Known) -> tuple[str, str]:
    title, note = WORDS[name](known)
    return str(title), str(note)


def _at(when: datetime | None) -> str | Markup:
    return Markup(moment(when)).striptags() if when else "–"


def _looks(known: Known) -> str:
    c = known.condition
    return str(
        ngettext(
            "It was viewed %(num)s time, last on %(at)s.",
            "It was viewed %(num)s times, last on %(at)s.",
            c.reveals,
            at=_at(c.last_look_at),
        )
    )


LISTED = words("The order page lists when and from where. Do you know every line?")
Say = Callable[[Known], tuple[str, str]]
WORDS: Mapping[str, Say] = {
    "frozen": lambda it: (
        gettext("The shop has frozen this code"),
        gettext(
            "It is being checked, and is not shown meanwhile. There is nothing you can do yourself; tell the shop."
        ),
    ),
    "used": lambda it: (
        gettext("It was redeemed on %(at)s", at=_at(it.condition.used_at)),
        gettext("This is in the records of this shop. If it was not you, tell the shop: it sees where it was."),
    ),
    "expired": lambda it: (
        gettext("It was good until %(day)s", day=str(it.condition.expired_on)),
        gettext("After that day most places refuse it. Ask the shop whether it makes an exception."),
    ),
    "refunded": lambda it: (
        gettext("The money for it went back"),
        gettext("So the code was taken back, and is no longer yours to use."),
    ),
    "hidden": lambda it: (
        gettext("Nobody has opened this code yet"),
        gettext("What you tried was not this code. Show it on the order page, and copy it with the button."),
    ),
    "copy": lambda it: (
        gettext("Copy it, do not type it"),
        gettext("The button copies without spaces; the gaps on the page are not part of the code."),
    ),
    "letters": lambda it: (
        gettext("Look for letters that look alike"),
        gettext("O and 0, I, l and 1, B and 8, S and 5. No space before or behind it, and all of its dashes."),
    ),
    "site": lambda it: (
        gettext("Redeem it at the right place"),
        gettext("This one is redeemed at %(url)s; it is unknown elsewhere.", url=it.site),
    ),
    "here": lambda it: (
        gettext("It is redeemed at this shop"),
        gettext("Use it from the page of your order, or show it at the counter."),
    ),
    "place": lambda it: (
        gettext("Look where it is redeemed"),
        gettext("The steps on the order page say where. A code for one place is unknown at another."),
    ),
    "never_opened": lambda it: (
        gettext("Nobody has opened this code yet"),
        gettext("Nobody can have used it from here. Perhaps another code was typed: show this one and try it."),
    ),
    "strangers": lambda it: (
        gettext("It was opened in another browser as well"),
        _looks(it) + ("" if it.is_gift else " " + gettext(LISTED)),
    ),
    "only_you": lambda it: (gettext("Only this browser has opened it"), _looks(it)),
    "own_account": lambda it: (
        gettext("Check your own account first"),
        gettext("Often it worked at the first try: check the balance or the memberships where you redeemed it."),
    ),
    "region": lambda it: (
        gettext("Compare the region"),
        gettext("See below what the product is for. The account's region counts, not where you are."),
    ),
    "account": lambda it: (
        gettext("Sign in with the right account"),
        gettext("Sign out where you redeem it, and in again with the account of that region."),
    ),
    "keep_hidden": lambda it: (
        gettext("Leave the code hidden"),
        gettext("Nobody has viewed it. The shop may take back what nobody has seen: tell it below."),
    ),
    "not_taken_back": lambda it: (
        gettext("It was opened already"),
        _looks(it) + " " + gettext("What was seen cannot be sold again; the shop decides what it can do."),
    ),
    "arrived": lambda it: (
        gettext("It has arrived"),
        gettext("It is on your order page. Tap “Show code” there."),
    ),
    "mailed": lambda it: (
        gettext("Check the spam folder too"),
        gettext("The e-mail with the link went to %(contact)s. It never contains the code itself.", contact=it.contact),
    ),
    "no_mail": lambda it: (
        gettext("No e-mail was sent"),
        gettext("Your contact is not an e-mail address. The code is on the order page; keep its address."),
    ),
    "waits": lambda it: (
        gettext("It is not there yet"),
        gettext("It is paid and waits for stock or for a person. It appears on the order page automatically."),
    ),
    "review": lambda it: (
        gettext("The shop is looking at this order"),
        gettext("Your payment is recorded. Delivery goes on as soon as the shop has decided."),
    ),
    "returns": lambda it: (
        gettext("If it does not come, you are refunded"),
        gettext("On %(at)s the money goes back automatically, the way it was paid.", at=_at(it.condition.returns_at)),
    ),
}

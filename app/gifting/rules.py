"""Pure rules of gifting: what a list of people may say, and how a claim stands."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.gifting.models import CampaignState, GiftState, Giving, ProofKind
from app.kit.errors import words
from app.messages.queries import Channel

MOST_ROWS = 10_000
LONGEST = 120
LONGEST_REASON = 200
HEADERS = {"name", "person", "姓名", "人员", "员工", "收件人"}  # in the first cell of a list's first line
CLAIM_DAYS = 90
CLAIM_LIFE = timedelta(days=CLAIM_DAYS)
REMIND_EVERY = timedelta(hours=20)
MOST_REMINDERS = 5
MOST_A_DAY = 2000  # codes that a company takes in clear, so that a thief of a session gets no whole stock
MOST_FILES = 3  # of one extract, for downloads that break off
DAY = timedelta(days=1)
GIVING = Giving.UNSEEN  # of a shop that said nothing: a code is worth nothing to whom another one knows it
GIFT_DAYS = 30
GIFT_LIFE = timedelta(days=GIFT_DAYS)
LONGEST_NAME = 40
LONGEST_MESSAGE = 300
LONGEST_WAIT = timedelta(days=365)  # until the day on which a gift may be opened
MOST_OF_CAMPAIGN = 100_000
LONGEST_WORD = 40
CHATS = {
    "wecom": Channel.WECOM,
    "企业微信": Channel.WECOM,
    "dingtalk": Channel.DINGTALK,
    "钉钉": Channel.DINGTALK,
}
CHAT = re.compile(rf"({'|'.join(CHATS)})\s*[:：]\s*([0-9A-Za-z_.@-]{{1,64}})", re.IGNORECASE)
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")

# Why nothing can be given to a row.
PROBLEMS: dict[str, str] = {
    "no_person": words("The name is missing"),
    "no_reference": words("The reference is missing; it is what proves who the person is"),
    "twice": words("The same reference twice in the list"),
    "bad_mail": words("This is not an e-mail address"),
    "too_long": words("A value is longer than 120 characters"),
    "none_left": words("More people than free pieces in this batch"),
}
STATES = ("new", "opened", "redeemed", "revoked")


@dataclass(frozen=True)
class Person:
    """A line of a list: who, by what the company knows them, and where they are written to."""

    name: str
    reference: str = ""
    email: str = ""
    chat: tuple[Channel, str] | None = None  # and their user ID there


def people_of(text: str) -> Iterator[Person]:
    """Yield the people that lines name: name, reference, e-mail or chat, apart by comma, semicolon or tab."""
    return people_in(re.split(r"[,;\t，；]", line) for line in text.splitlines())


def people_in(rows: Iterable[Sequence[str]]) -> Iterator[Person]:
    """Yield the people of a table: the first cell is the name, the one with an @ the e-mail; a header is left out.

    Without an @ anywhere the third cell is the e-mail, mistyped: nobody shall wait for a letter that never leaves.
    """
    for place, row in enumerate(rows):
        cells, chat = _without_chat([cell.strip() for cell in row])
        if not any(cells) or (place == 0 and cells[0].casefold() in HEADERS):
            continue
        mail = next((cell for cell in cells[1:] if "@" in cell), cells[2] if len(cells) > 2 else "")
        rest = [cell for cell in cells[1:] if cell and cell != mail]
        yield Person(cells[0], rest[0] if rest else "", mail.lower(), chat)


def _without_chat(cells: list[str]) -> tuple[list[str], tuple[Channel, str] | None]:
    """Return a row without the cell that names a user ID in a chat, such as wecom:zhangsan, and that."""
    for place, cell in enumerate(cells[1:], 1):
        if found := CHAT.fullmatch(cell):
            return cells[:place] + cells[place + 1 :], (CHATS[found[1].casefold()], found[2])
    return cells, None


def problems(people: Sequence[Person], proof: ProofKind, free: int) -> list[str]:
    """Return for each person why nothing can be given, or "": what is free goes down the list."""
    found: list[str] = []
    seen: set[str] = set()
    for person in people:
        problem = _problem(person, proof, seen)
        seen |= {same(person.reference)} if person.reference else set()
        if not problem:
            problem = "" if free > 0 else "none_left"
            free -= 1
        found.append(problem)
    return found


def _problem(person: Person, proof: ProofKind, seen: set[str]) -> str:
    if max(map(len, (person.name, person.reference, person.email))) > LONGEST:
        return "too_long"
    if not person.name:
        return "no_person"
    if not person.reference and proof is ProofKind.REFERENCE:
        return "no_reference"
    if person.reference and same(person.reference) in seen:
        return "twice"
    return "" if not person.email or EMAIL.fullmatch(person.email) else "bad_mail"


def same(typed: str) -> str:
    """Return the one spelling of a reference or word: blanks, dashes and case make no other of it."""
    return re.sub(r"[\s-]", "", typed).casefold()


def state_of(*, revoked: bool, used: int, opened: bool) -> str:
    """Return how a claim stands: what was taken back or used is that, whoever opened it."""
    if revoked:
        return "revoked"
    if used:
        return "redeemed"
    return "opened" if opened else "new"


def gift_stands(state: GiftState, *, ready: bool, expires_at: datetime, now: datetime) -> str:
    """Return how a gift stands; what nobody claimed in time is its giver's, whether or not a clock said so."""
    if not ready:
        return "gone"
    if state is GiftState.WAITING and expires_at <= now:
        return "returned"
    return state.name.lower()


def campaign_stands(state: CampaignState, *, starts_at: datetime, ends_at: datetime, left: int, now: datetime) -> str:
    """Return how a campaign stands; the first that holds."""
    if state is CampaignState.ENDED or ends_at <= now:
        return "ended"
    if left <= 0:
        return "used_up"
    if state is CampaignState.PAUSED:
        return "paused"
    return "early" if starts_at > now else "running"

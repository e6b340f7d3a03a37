"""The only door to a code opens for a fresh, committed reveal of just this code by just this person."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest

from app.kit import clock, crypto, db, events
from app.kit.crypto import Reveal, RevealRefused, Sealed, Unreadable
from app.kit.events import By, Event
from app.kit.ids import new_id
from app.kit.secret import Secret

PLAIN = "CANARY-4711-XYZ"
DORA, EVE = By("device", new_id()), By("device", new_id())


@dataclass(frozen=True, kw_only=True)
class CodeRevealed(Event):
    name: ClassVar[str] = "code.revealed"
    subject_type: ClassVar[str] = "code"


@dataclass(frozen=True, kw_only=True)
class CodePrinted(Event):
    name: ClassVar[str] = "code.printed"
    subject_type: ClassVar[str] = "code"


@dataclass(frozen=True, kw_only=True)
class LinkRevealed(Event):
    name: ClassVar[str] = "link.revealed"
    subject_type: ClassVar[str] = "link"


@pytest.fixture
def code(merchant: int) -> Sealed:
    return make_code(merchant)


def make_code(merchant: int, purpose: str = "code") -> Sealed:
    row = new_id()

    def seal() -> Sealed:
        key = crypto.create_key(purpose, row.hex)
        return Sealed("code", "sealed", merchant, row, key.id, key.seal("code", "sealed", row, Secret(PLAIN)))

    return db.write(merchant, seal)


def revealed(code: Sealed, *, at: datetime | None = None, by: By = DORA, kind: type[Event] = CodeRevealed) -> Reveal:
    """Commit a reveal of a code and return what the door asks for."""
    event = kind(subject_id=code.row_id, at=at or clock.now(), by=by)
    return Reveal(code, db.write(code.merchant_id, lambda: events.publish(event))[0])


def test_a_code_opens_after_its_reveal_was_committed(code: Sealed) -> None:
    (secret,) = crypto.open([revealed(code)], by=DORA)

    assert secret.expose() == PLAIN


def test_several_codes_open_in_the_order_asked_for(merchant: int) -> None:
    codes = [make_code(merchant) for _ in range(3)]

    assert [secret.expose() for secret in crypto.open([revealed(code) for code in codes], by=DORA)] == [PLAIN] * 3
    assert crypto.open([], by=DORA) == []


def test_no_code_opens_inside_a_unit(code: Sealed) -> None:
    reveal = revealed(code)

    for unit in (db.read, db.write):
        with pytest.raises(RevealRefused, match="never inside a unit"):
            unit(code.merchant_id, lambda: crypto.open([reveal], by=DORA))


def test_no_code_opens_without_an_event(code: Sealed) -> None:
    with pytest.raises(RevealRefused, match="no such reveal"):
        crypto.open([Reveal(code, new_id())], by=DORA)


def test_a_reveal_that_was_rolled_back_opens_nothing(code: Sealed) -> None:
    event = CodeRevealed(subject_id=code.row_id, at=clock.now(), by=DORA)
    numbers = []

    def undone() -> None:
        numbers.append(events.publish(event)[0])
        raise LookupError

    with pytest.raises(LookupError):
        db.write(code.merchant_id, undone)

    with pytest.raises(RevealRefused, match="no such reveal"):
        crypto.open([Reveal(code, numbers[0])], by=DORA)


@pytest.mark.parametrize("kind", [CodePrinted, LinkRevealed])
def test_no_code_opens_by_an_event_that_is_no_reveal_of_a_code(code: Sealed, kind: type[Event]) -> None:
    with pytest.raises(RevealRefused):
        crypto.open([revealed(code, kind=kind)], by=DORA)


def test_no_code_opens_by_the_reveal_of_another_code(code: Sealed) -> None:
    reveal = revealed(make_code(code.merchant_id))

    with pytest.raises(RevealRefused, match="another code"):
        crypto.open([replace(reveal, sealed=code)], by=DORA)


@pytest.mark.parametrize("by", [EVE, By("user", DORA.id), By("device"), By("system")])
def test_no_code_opens_for_somebody_else(code: Sealed, by: By) -> None:
    reveal = revealed(code)

    with pytest.raises(RevealRefused, match="somebody else"):
        crypto.open([reveal], by=by)


def test_a_reveal_lasts_sixty_seconds(code: Sealed) -> None:
    now = clock.now()
    reveal = revealed(code, at=now)

    def at(seconds: float) -> Callable[[], datetime]:
        return lambda: now + timedelta(seconds=seconds)

    with clock.running(at(60)):
        assert crypto.open([reveal], by=DORA)[0].expose() == PLAIN
    for seconds in (60.001, 3600, -0.001):
        with clock.running(at(seconds)), pytest.raises(RevealRefused, match="too old"):
            crypto.open([reveal], by=DORA)


@dataclass(frozen=True, kw_only=True)
class FileRevealed(Event):
    name: ClassVar[str] = "file.revealed"
    subject_type: ClassVar[str] = "code"
    file_id: UUID


@dataclass(frozen=True, kw_only=True)
class FileFetched(Event):
    name: ClassVar[str] = "file.fetched"
    subject_type: ClassVar[str] = "file"


@dataclass(frozen=True, kw_only=True)
class FileRead(FileFetched):
    name: ClassVar[str] = "file.read"


def fetched(code: Sealed, *, of: UUID, file: UUID, ago: float = 0, hours: float = 20, **more: Any) -> Reveal:
    """Commit the reveal of a code for a file, and a fetch of a file; return what the door asks for."""
    now = clock.now()
    first = FileRevealed(subject_id=code.row_id, file_id=of, at=now - timedelta(hours=hours), by=DORA)
    kind, by = more.get("kind", FileFetched), more.get("by", DORA)
    fetch = kind(subject_id=file, at=now - timedelta(seconds=ago), by=by)
    number, again = db.write(code.merchant_id, lambda: [*events.publish(first), *events.publish(fetch)])
    return Reveal(code, number, again)


def test_what_left_in_a_file_leaves_again_with_a_fresh_fetch_of_that_file(code: Sealed) -> None:
    file = new_id()
    (secret,) = crypto.open([fetched(code, of=file, file=file)], by=DORA)
    assert secret.expose() == PLAIN


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"file": new_id()}, "another file"),
        ({"ago": 61}, "too old"),
        ({"hours": 26}, "too old"),
        ({"by": EVE}, "somebody else"),
        ({"kind": FileRead}, "no such fetch"),
    ],
)
def test_a_fetch_that_does_not_fit_opens_nothing(code: Sealed, wrong: dict[str, Any], why: str) -> None:
    file = new_id()
    with pytest.raises(RevealRefused, match=why):
        crypto.open([fetched(code, **{"of": file, "file": file} | wrong)], by=DORA)


def test_a_reveal_that_was_for_no_file_is_not_repeated(code: Sealed) -> None:
    old = revealed(code, at=clock.now() - timedelta(hours=1))
    fetch = fetched(code, of=new_id(), file=new_id())
    with pytest.raises(RevealRefused, match="another file"):
        crypto.open([replace(old, fetch_id=fetch.fetch_id)], by=DORA)
    with pytest.raises(RevealRefused, match="no such fetch"):
        crypto.open([replace(old, fetch_id=new_id())], by=DORA)


def test_one_bad_reveal_shuts_the_door_for_all(merchant: int) -> None:
    good, stale = revealed(make_code(merchant)), revealed(make_code(merchant), at=clock.now() - timedelta(hours=1))

    with pytest.raises(RevealRefused, match="too old"):
        crypto.open([good, stale], by=DORA)


def test_no_code_of_another_merchant_opens(code: Sealed, stranger: int) -> None:
    theirs = revealed(code)
    mine = revealed(make_code(stranger))

    with pytest.raises(RevealRefused, match="several merchants"):
        crypto.open([mine, theirs], by=DORA)
    with pytest.raises(RevealRefused, match="no such reveal"):  # their event is not seen from here
        crypto.open([replace(theirs, sealed=replace(code, merchant_id=stranger))], by=DORA)
    stolen = replace(code, merchant_id=stranger)
    event = CodeRevealed(subject_id=code.row_id, at=clock.now(), by=DORA)
    number = db.write(stranger, lambda: events.publish(event))[0]
    with pytest.raises(Unreadable):  # even with an event of one's own, the key is theirs
        crypto.open([Reveal(stolen, number)], by=DORA)


def test_the_door_to_codes_opens_nothing_else(merchant: int) -> None:
    contact = make_code(merchant, purpose="contact")

    with pytest.raises(Unreadable, match="not a code"):
        crypto.open([revealed(contact)], by=DORA)

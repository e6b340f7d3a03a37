"""Letters of accounts leave exactly when they should: after the commit, again after a failure, never for nothing."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from app.accounts import service
from app.kit import clock, db, effects
from app.kit.effects import Effect, State
from app.kit.errors import Invalid
from app.kit.tenancy import PLATFORM
from tests.mailbox import Mailbox, text_of, waiting
from tests.make import Shop

HERE = service.Browser("203.0.113.0/24", "tests")
NEW = "quite another password"


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path / "spool")


def test_a_letter_that_cannot_leave_is_tried_again(shop: Shop, mailbox: Mailbox) -> None:
    ask(shop)
    mailbox.folder.write_text("a file stands where the spool should be")
    assert not mailbox.letters(shop.owner)
    mailbox.folder.unlink()

    with clock.running(lambda: clock._system() + timedelta(minutes=5)):
        assert len(mailbox.letters(shop.owner)) == 1


def test_a_letter_whose_sender_died_is_sent_again_under_the_same_name(shop: Shop, mailbox: Mailbox) -> None:
    ask(shop)
    number = newest()
    db.write(PLATFORM, lambda: leased(number))

    with clock.running(lambda: clock._system() + timedelta(minutes=2)):
        assert len(mailbox.letters(shop.owner)) == 1
    assert (mailbox.folder / f"{number}.eml").exists()
    assert db.read(PLATFORM, lambda: effects.get(number)).state == State.DONE


def test_a_link_that_was_used_before_its_letter_left_is_not_sent(shop: Shop, mailbox: Mailbox) -> None:
    ask(shop)
    older = newest()
    link = service.make_link(email=shop.owner, now=clock.now())  # it ends the one whose letter waits

    service.reset_password(link.token, password=NEW, browser=HERE, lang="en", now=clock.now())

    (letter,) = mailbox.letters(shop.owner)
    assert "Your password was changed" in letter["Subject"]
    assert db.read(PLATFORM, lambda: effects.get(older)).note == "nothing to do"


def test_the_letter_about_a_change_tells_when_and_from_where(shop: Shop, mailbox: Mailbox) -> None:
    link, now = service.make_link(email=shop.owner, now=clock.now()), clock.now()

    service.reset_password(link.token, password=NEW, browser=HERE, lang="en", now=now)

    (letter,) = mailbox.letters(shop.owner)
    text = text_of(letter)
    assert f"{now:%Y-%m-%d %H:%M}" in text
    assert "203.0.113.0/24" in text
    assert text.rstrip().endswith("/office/reset")


def test_a_refused_verb_sends_nothing(shop: Shop, mailbox: Mailbox) -> None:
    link = service.make_link(email=shop.owner, now=clock.now())
    with pytest.raises(Invalid):
        service.reset_password(link.token, password="short", browser=HERE, lang="en", now=clock.now())

    assert not mailbox.letters(shop.owner)


def ask(shop: Shop) -> None:
    where = service.Browser(f"{shop.slug}/24", "tests")
    service.ask_reset(email=shop.owner, browser=where, lang="en", now=clock.now())


def newest() -> UUID:
    return max(db.read(PLATFORM, waiting))


def leased(number: UUID) -> None:
    """Leave an effect as a runner leaves it that dies with the call under way."""
    row = db.get(Effect, number)
    until = clock.now() + timedelta(seconds=60)
    row.state, row.attempts, row.lease_until, row.due_at = State.CALLING, 1, until, until

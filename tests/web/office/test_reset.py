"""A forgotten password: the link reaches its owner alone, works once, for half an hour, and ends every session."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts import queries as accounts
from app.accounts import service
from app.accounts.models import PasswordReset
from app.accounts.throttle import LINKS_PER_NAME, LINKS_PER_NETWORK, PER_NAME
from app.kit import clock, db
from app.kit.effects import Effect
from app.kit.events import EventRow
from app.kit.tenancy import PLATFORM, System
from app.kit.tokens import sign
from tests import people
from tests.commands.test_commands import run
from tests.engines import on_one_engine
from tests.mailbox import Mailbox, path_in, text_of
from tests.make import PASSWORD, Browser, Shop, at_once
from tests.test_access import everything

NEW = "quite another password"
HERE = service.Browser("127.0.0.0/24", "tests")
networks = iter(range(1, 10_000))


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path / "spool")


# Asking ----------------------------------------------------------------------------------------------------------


def test_alice_chooses_a_new_password_by_a_link_from_her_mailbox(shop: Shop, mailbox: Mailbox) -> None:
    alice = person(shop)
    ask(alice, shop.owner)

    answer = choose(alice, mailbox.link(shop.owner))

    assert (answer.status_code, answer.location) == (303, "/office/login")
    assert "Password changed" in alice.get("/office/login").get_data(as_text=True)
    assert alice.sign_in(shop.owner, PASSWORD).status_code == 422
    assert alice.sign_in(shop.owner, NEW).status_code == 303


def test_an_unknown_name_gets_the_same_answer_and_no_letter(shop: Shop, mailbox: Mailbox) -> None:
    stranger = f"nobody@{shop.slug}.example"

    known, unknown = ask(person(shop), shop.owner), ask(person(shop), stranger)

    assert (known.status_code, known.location) == (unknown.status_code, unknown.location) == (303, "/office/reset/sent")
    assert [name for name, _ in known.headers] == [name for name, _ in unknown.headers]
    assert len(mailbox.letters(shop.owner)) == 1
    assert not mailbox.letters(stranger)


@on_one_engine
def test_an_unknown_name_makes_the_same_work(shop: Shop, mailbox: Mailbox) -> None:
    ask(person(shop), f"first@{shop.slug}.example")
    before = counts()
    ask(person(shop), f"nobody@{shop.slug}.example")
    unknown = counts()
    ask(person(shop), shop.owner)
    known = counts()

    added = [known[table] - unknown[table] for table in ("effect", "event")]
    assert added == [unknown[table] - before[table] for table in ("effect", "event")] == [1, 1]


@on_one_engine
@pytest.mark.parametrize(("lang", "word"), [("en", "Choose a new password"), ("zh", "新密码")])
def test_the_letter_speaks_the_language_of_the_page(shop: Shop, mailbox: Mailbox, lang: str, word: str) -> None:
    ask(person(shop, lang=lang), shop.owner)

    (letter,) = mailbox.letters(shop.owner)

    assert word in letter["Subject"]
    assert path_in(text_of(letter)) == path_in(text_of(letter, "html"))
    assert f'lang="{lang}' in text_of(letter, "html")
    assert shop.owner in text_of(letter)


@on_one_engine
def test_the_link_leads_to_us_whatever_host_the_request_names(shop: Shop, mailbox: Mailbox) -> None:
    browser = person(shop)
    token = browser.token("/office/reset")

    browser.client.post(
        "/office/reset", data={"csrf_token": token, "email": shop.owner}, headers={"Host": "evil.example"}
    )

    assert all("evil.example" not in letter.as_string() for letter in mailbox.letters(shop.owner))


@on_one_engine
def test_asking_is_throttled_by_name_known_or_not(shop: Shop) -> None:
    for email in (shop.owner, f"nobody@{shop.slug}.example"):
        browser = person(shop)
        answers = [ask(browser, email).status_code for _ in range(LINKS_PER_NAME + 1)]
        assert answers == [303] * LINKS_PER_NAME + [429]
        with clock.running(partial(later, minutes=31)):
            assert ask(browser, email).status_code == 303


@on_one_engine
def test_asking_is_throttled_by_network(shop: Shop) -> None:
    browser = person(shop)
    for number in range(LINKS_PER_NETWORK):
        assert ask(browser, f"{number}@{shop.slug}.example").status_code == 303

    refused = ask(browser, shop.owner)

    assert refused.status_code == 429
    assert "Too many links were requested" in refused.get_data(as_text=True)
    assert ask(person(shop), shop.owner).status_code == 303


@on_one_engine
def test_who_is_locked_out_of_the_log_in_may_still_ask_and_is_let_in_again(shop: Shop, mailbox: Mailbox) -> None:
    alice = person(shop)
    for _ in range(PER_NAME):
        alice.sign_in(shop.owner, "wrong password")
    assert alice.sign_in(shop.owner).status_code == 429

    ask(alice, shop.owner)
    choose(alice, mailbox.link(shop.owner))

    assert alice.sign_in(shop.owner, NEW).status_code == 303


# The link --------------------------------------------------------------------------------------------------------


def test_a_scanner_that_opens_the_link_uses_nothing_up(shop: Shop, mailbox: Mailbox) -> None:
    ask(person(shop), shop.owner)
    link, scanner = mailbox.link(shop.owner), person(shop)
    before = everything(shop)

    assert [scanner.client.open(link, method=it).status_code for it in ("GET", "HEAD", "GET")] == [200] * 3

    assert everything(shop) == before
    assert choose(person(shop), link).status_code == 303


def test_a_link_works_once(shop: Shop, mailbox: Mailbox) -> None:
    ask(person(shop), shop.owner)
    link = mailbox.link(shop.owner)
    late = person(shop)
    token = late.token(link)
    choose(person(shop), link)

    again = late.client.post(
        link, data={"csrf_token": token, "password": "a thief's password", "again": "a thief's password"}
    )

    assert again.status_code == 409
    assert "This link no longer works" in again.get_data(as_text=True)
    assert late.get(link).status_code == 404
    assert late.sign_in(shop.owner, NEW).status_code == 303


@pytest.mark.both_engines
def test_of_two_who_use_one_link_at_once_one_wins(shop: Shop, mailbox: Mailbox) -> None:
    ask(person(shop), shop.owner)
    token = mailbox.link(shop.owner).rpartition("/")[2]
    passwords = [f"password number {number}" for number in range(4)]

    results = at_once([partial(use, token, password) for password in passwords])

    winners = [password for password, result in zip(passwords, results, strict=True) if result is None]
    assert len(winners) == 1
    assert person(shop).sign_in(shop.owner, winners[0]).status_code == 303


@on_one_engine
@pytest.mark.parametrize(("minutes", "status"), [(29, 200), (31, 404)])
def test_a_link_lives_as_long_as_it_says(shop: Shop, mailbox: Mailbox, minutes: int, status: int) -> None:
    ask(person(shop), shop.owner)
    link = mailbox.link(shop.owner)
    alice = person(shop)
    token = alice.token(link)

    with clock.running(partial(later, minutes=minutes)):
        assert alice.get(link).status_code == status
        sent = alice.client.post(link, data={"csrf_token": token, "password": NEW, "again": NEW})
        assert sent.status_code == {200: 303, 404: 409}[status]


@on_one_engine
def test_a_letter_that_leaves_late_lengthens_nothing(shop: Shop, mailbox: Mailbox) -> None:
    ask(person(shop), shop.owner)

    with clock.running(partial(later, minutes=20)):
        link = mailbox.link(shop.owner)
    with clock.running(partial(later, minutes=31)):
        assert person(shop).get(link).status_code == 404


@on_one_engine
def test_a_letter_that_would_come_too_late_does_not_leave(shop: Shop, mailbox: Mailbox) -> None:
    ask(person(shop), shop.owner)

    with clock.running(partial(later, minutes=31)):
        assert not mailbox.letters(shop.owner)


def test_a_newer_link_ends_the_older(shop: Shop, mailbox: Mailbox) -> None:
    ask(person(shop), shop.owner)
    older = mailbox.link(shop.owner)
    ask(person(shop), shop.owner)
    newer = mailbox.link(shop.owner)

    assert older != newer
    assert person(shop).get(older).status_code == 404
    assert choose(person(shop), newer).status_code == 303


def test_a_change_of_the_password_ends_a_link(shop: Shop, mailbox: Mailbox) -> None:
    ask(person(shop), shop.owner)
    link = mailbox.link(shop.owner)
    alice = people.alice(shop)

    form = {"old": PASSWORD, "password": NEW, "again": NEW}
    assert alice.post("/office/account/password", form, page="/office/account").status_code == 303

    assert alice.get(link).status_code == 404


@on_one_engine
@pytest.mark.parametrize("purpose", ["order", "password reset "])
def test_what_was_signed_for_something_else_opens_nothing(shop: Shop, mailbox: Mailbox, purpose: str) -> None:
    ask(person(shop), shop.owner)
    mailbox.link(shop.owner)
    reset = db.read(PLATFORM, lambda: db.session().scalars(select(PasswordReset.id)).all())[-1]

    for token in (sign(purpose, str(reset)), str(reset), "forged"):
        assert person(shop).get(f"/office/reset/{token}").status_code == 404


@on_one_engine
@pytest.mark.parametrize(
    ("password", "again", "words"),
    [
        ("short", "short", "A password has 10 to 200 characters."),
        (NEW, "quite an other password", "The two passwords do not match."),
        ("", "", "Fill in this field."),
    ],
)
def test_a_password_that_cannot_be_taken_leaves_the_link_good(
    shop: Shop, mailbox: Mailbox, password: str, again: str, words: str
) -> None:
    ask(person(shop), shop.owner)
    alice, link = person(shop), mailbox.link(shop.owner)

    refused = alice.post(link, {"password": password, "again": again}, page=link)

    assert refused.status_code == 422
    text = refused.get_data(as_text=True)
    assert words in text
    assert not password or f'"{password}"' not in text
    assert choose(alice, link).status_code == 303


# What follows ----------------------------------------------------------------------------------------------------


def test_a_new_password_ends_every_session(shop: Shop, mailbox: Mailbox) -> None:
    browsers = [people.alice(shop) for _ in range(2)]
    ask(person(shop), shop.owner)

    choose(browsers[0], mailbox.link(shop.owner))

    assert [browser.get(f"/office/{shop.slug}/").status_code for browser in browsers] == [302, 302]


@pytest.mark.both_engines
def test_who_signs_in_with_the_old_password_at_that_moment_is_out_too(shop: Shop, mailbox: Mailbox) -> None:
    passwords = [PASSWORD, *(f"password number {number}" for number in range(4))]
    for old, new in pairwise(passwords):
        with clock.running(partial(later, minutes=31 * passwords.index(new))):
            link = service.make_link(email=shop.owner, now=clock.now())
            jobs: list[Callable[[], Any]] = [partial(sign_in, shop, old), partial(use, link.token, new)]
            for token in at_once([*jobs, jobs[0]]):
                assert not isinstance(token, str) or nobody_holds(token)


@on_one_engine
def test_the_owner_is_told_that_the_password_was_changed(shop: Shop, mailbox: Mailbox) -> None:
    ask(person(shop), shop.owner)
    link = mailbox.link(shop.owner)

    choose(person(shop), link)

    *_, told = mailbox.letters(shop.owner)
    assert told["Subject"] == "Your password was changed"
    assert re.search(r"10\.\d+\.\d+\.0/24", text_of(told))
    assert link not in told.as_string()
    assert NEW not in told.as_string()


@on_one_engine
def test_the_page_of_a_link_is_kept_nowhere_and_runs_no_script(shop: Shop, mailbox: Mailbox) -> None:
    ask(person(shop), shop.owner)

    page = person(shop).get(mailbox.link(shop.owner))

    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "<script" not in page.get_data(as_text=True)


def test_the_token_lies_in_no_row(shop: Shop, mailbox: Mailbox) -> None:
    ask(person(shop), shop.owner)
    link = mailbox.link(shop.owner)
    token = link.rpartition("/")[2]
    opened = person(shop)
    opened.get(link)
    choose(opened, link)
    mailbox.letters(shop.owner)

    rows = everything(shop)

    assert any("user.password_changed" in row for row in rows)
    for secret in (token, *token.split("."), NEW):
        assert not [row for row in rows if len(secret) > 8 and secret in row]


# The command line ------------------------------------------------------------------------------------------------


def test_the_keeper_makes_a_link_on_the_command_line(shop: Shop) -> None:
    exit_code, said, _ = run(shop.app, "user", "reset", shop.owner.upper())

    assert (exit_code, said["user"]) == (0, shop.owner)
    assert timedelta(minutes=29) < datetime.fromisoformat(said["expires_at"]) - clock.now() <= timedelta(minutes=30)
    assert choose(person(shop), path_in(said["reset_url"])).status_code == 303
    assert person(shop).sign_in(shop.owner, NEW).status_code == 303


@on_one_engine
def test_the_command_line_knows_no_stranger(shop: Shop) -> None:
    exit_code, said, stderr = run(shop.app, "user", "reset", f"nobody@{shop.slug}.example")

    assert (exit_code, said["error"]) == (1, "no_such_user")
    assert "Nobody signs in as" in stderr


# People ----------------------------------------------------------------------------------------------------------


def person(shop: Shop, lang: str = "en") -> Browser:
    """Return a browser in a network of its own, so that no test fills the throttle of another."""
    number = next(networks)
    browser = shop.client()
    client: Any = browser.client
    client.environ_base["REMOTE_ADDR"] = f"10.{number // 250}.{number % 250}.1"
    client.set_cookie("lang", lang)
    return browser


def ask(browser: Browser, email: str) -> Any:
    return browser.post("/office/reset", {"email": email}, page="/office/reset")


def choose(browser: Browser, link: str, password: str = NEW) -> Any:
    return browser.post(link, {"password": password, "again": password}, page=link)


def use(token: str, password: str) -> None:
    service.reset_password(token, password=password, browser=HERE, lang="en", now=clock.now())


def sign_in(shop: Shop, password: str) -> str:
    return service.sign_in(email=shop.owner, password=password, browser=HERE, now=clock.now())


def nobody_holds(token: str) -> bool:
    return db.read(System("test"), lambda: accounts.find_signed_in(token, now=clock.now())) is None


def later(*, minutes: int) -> datetime:
    return clock._system() + timedelta(minutes=minutes)


def counts() -> dict[str, int]:
    """Count the platform's effects and events."""
    rows: dict[str, type[Any]] = {"effect": Effect, "event": EventRow}
    return {
        name: db.read(PLATFORM, lambda: len(db.session().scalars(select(table.id)).all()))  # noqa: B023
        for name, table in rows.items()
    }

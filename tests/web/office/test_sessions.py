"""Where one is signed in, and that ending it there really ends it; changing one's own password."""

import re
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts import queries as accounts
from app.accounts import service
from app.accounts.models import User
from app.accounts.queries import Seen
from app.accounts.throttle import PER_NAME
from app.kit import clock, db
from app.kit.events import timeline
from app.kit.ids import public
from app.kit.tenancy import PLATFORM, System
from app.web.guard import STAFF_COOKIE
from tests import people
from tests.engines import on_one_engine
from tests.make import PASSWORD, Browser, Shop

NEW = "quite another password"
ACCOUNT = "/office/account"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
WECHAT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.60"
)
EDGE = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0"


# The list --------------------------------------------------------------------------------------------------------


@on_one_engine
@pytest.mark.parametrize(
    ("agent", "words"),
    [(FIREFOX, "Firefox, Windows"), (WECHAT, "WeChat, iPhone"), (EDGE, "Edge, macOS"), ("curl/8", "Unknown browser")],
)
def test_alice_recognises_where_she_is_signed_in(shop: Shop, agent: str, words: str) -> None:
    elsewhere(shop, agent=agent, network="203.0.113.0/24")
    alice = english(people.alice(shop))

    page = alice.get(ACCOUNT).get_data(as_text=True)

    first, second = re.findall(r'<li class="door">(.*?)</li>', page, re.DOTALL)
    assert "This browser" in first
    assert "This browser" not in second
    assert words in second
    assert "203.0.113.0/24" in second


def test_the_list_holds_living_sessions_of_ones_own_alone(shop: Shop, other: Shop) -> None:
    people.charlie(other)
    ended, idle, alice = (people.alice(shop) for _ in range(3))
    ended.post("/office/logout", {}, page=ACCOUNT)

    with clock.running(partial(later, minutes=119)):
        assert alice.get(ACCOUNT).status_code == 200  # which counts as being seen
    with clock.running(partial(later, minutes=121)):
        (only,) = sessions(alice)
        assert only.this
        assert idle.get(ACCOUNT).status_code == 302


@on_one_engine
def test_no_token_stands_on_the_page(shop: Shop) -> None:
    browsers = [people.alice(shop) for _ in range(2)]

    page = browsers[0].get(ACCOUNT)

    assert page.headers["Cache-Control"] == "no-store"
    assert not [browser for browser in browsers if held(browser) in page.get_data(as_text=True)]


@on_one_engine
def test_the_way_there_is_in_every_shop_and_in_none(shop: Shop) -> None:
    alice, eve = people.alice(shop), people.eve(shop)

    assert f'href="{ACCOUNT}"' in alice.get(f"/office/{shop.slug}/").get_data(as_text=True)
    assert f'href="{ACCOUNT}"' in eve.get("/office/").get_data(as_text=True)
    assert eve.get(ACCOUNT).status_code == 200


@on_one_engine
def test_who_is_not_signed_in_is_led_to_the_log_in_page_and_back(shop: Shop) -> None:
    nobody = shop.client()
    form = {"csrf_token": nobody.token("/office/login"), "old": PASSWORD, "password": NEW, "again": NEW}

    assert nobody.get(ACCOUNT).location == "/office/login?next=/office/account"
    for path in ("password", "sessions/end-others", f"sessions/{public('ses', held_number(people.alice(shop)))}/end"):
        answer = nobody.client.post(f"{ACCOUNT}/{path}", data=form)
        assert (answer.status_code, answer.location) == (302, "/office/login"), path


# Ending ----------------------------------------------------------------------------------------------------------


def test_a_browser_that_was_ended_is_refused_at_its_next_request(shop: Shop) -> None:
    alice, phone, tablet = (people.alice(shop) for _ in range(3))
    assert phone.get(f"/office/{shop.slug}/").status_code == 200

    answer = end(alice, held_number(phone))

    assert (answer.status_code, answer.location) == (303, ACCOUNT)
    assert phone.get(f"/office/{shop.slug}/").status_code == 302
    assert phone.get(ACCOUNT).status_code == 302
    assert [browser.get(f"/office/{shop.slug}/").status_code for browser in (alice, tablet)] == [200, 200]
    assert len(sessions(alice)) == 2


def test_all_other_browsers_end_at_once(shop: Shop) -> None:
    alice, *others = (people.alice(shop) for _ in range(4))

    alice.post(f"{ACCOUNT}/sessions/end-others", {}, page=ACCOUNT)

    assert [browser.get(f"/office/{shop.slug}/").status_code for browser in others] == [302] * 3
    assert alice.get(f"/office/{shop.slug}/").status_code == 200
    assert happened(shop)[-1] == ("user.sessions_ended", {"sessions": 3})


def test_a_session_of_somebody_else_cannot_be_ended(shop: Shop, other: Shop) -> None:
    alice, charlie, bob = people.alice(shop), people.charlie(other), people.bob(shop)

    for victim in (charlie, bob):
        assert end(alice, held_number(victim)).status_code == 404
    for strange in ("ses_", "nonsense", public("ord", held_number(charlie)), held(charlie)):
        answer = alice.post(f"{ACCOUNT}/sessions/{strange}/end", {}, page=ACCOUNT)
        assert answer.status_code == 404
    alice.post(f"{ACCOUNT}/sessions/end-others", {}, page=ACCOUNT)

    assert charlie.get(f"/office/{other.slug}/").status_code == 200
    assert bob.get(f"/office/{shop.slug}/").status_code == 200


@on_one_engine
def test_ending_a_session_twice_is_said(shop: Shop) -> None:
    alice, phone = people.alice(shop), people.alice(shop)
    number = held_number(phone)

    assert [end(alice, number).status_code for _ in range(2)] == [303, 404]


# Fixation --------------------------------------------------------------------------------------------------------


@on_one_engine
def test_a_planted_cookie_is_never_taken_over_by_signing_in(shop: Shop) -> None:
    thief = people.eve(shop)
    planted = held(thief)
    alice = shop.client()
    for cookie in (planted, "a made-up token"):
        alice.client.set_cookie(STAFF_COOKIE, cookie, path="/office")
        alice.sign_in(shop.owner)
        assert held(alice) not in {planted, "a made-up token"}

    assert thief.get(f"/office/{shop.slug}/").status_code == 404  # still nobody but Eve


# The password ----------------------------------------------------------------------------------------------------


def test_a_changed_password_ends_all_others_and_renews_this_one(shop: Shop) -> None:
    alice, phone, thief = people.alice(shop), people.alice(shop), shop.client()
    thief.client.set_cookie(STAFF_COOKIE, held(alice), path="/office")
    assert thief.get(ACCOUNT).status_code == 200

    answer = change(alice)

    assert (answer.status_code, answer.location) == (303, ACCOUNT)
    assert alice.get(f"/office/{shop.slug}/").status_code == 200
    assert [browser.get(f"/office/{shop.slug}/").status_code for browser in (phone, thief)] == [302, 302]
    assert shop.client().sign_in(shop.owner, PASSWORD).status_code == 422
    assert shop.client().sign_in(shop.owner, NEW).status_code == 303
    assert "user.password_changed" in [name for name, _ in happened(shop)]


@on_one_engine
def test_a_changed_password_ends_nobody_elses_session(shop: Shop) -> None:
    alice, bob = people.alice(shop), people.bob(shop)

    change(alice)

    assert bob.get(f"/office/{shop.slug}/").status_code == 200


@on_one_engine
def test_the_present_password_is_asked_and_guessing_it_is_throttled(shop: Shop) -> None:
    alice = english(people.alice(shop))
    first = change(alice, old="a wrong password")
    answers = [change(alice, old="a wrong password").status_code for _ in range(PER_NAME - 1)]

    assert first.status_code == 422
    assert f"This is not your current password. Tries left: {PER_NAME - 1}." in first.get_data(as_text=True)
    assert answers == [422] * (PER_NAME - 2) + [429]
    assert change(alice).status_code == 429
    assert shop.client().sign_in(shop.owner, PASSWORD).status_code == 303  # a thief of a session locks nobody out


@on_one_engine
@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, ["Current password: Fill in this field.", "New password: Fill in this field."]),
        ({"old": PASSWORD, "password": "short", "again": "short"}, ["A password has 10 to 200 characters."]),
        ({"old": PASSWORD, "password": NEW, "again": "another"}, ["The two passwords do not match."]),
    ],
)
def test_what_is_wrong_stands_beside_its_field(shop: Shop, form: dict[str, str], words: list[str]) -> None:
    alice = english(people.alice(shop))

    answer = alice.post(f"{ACCOUNT}/password", form, page=ACCOUNT)

    page = re.sub(r"\s+", " ", answer.get_data(as_text=True))
    assert answer.status_code == 422
    assert not [each for each in words if each not in page]
    assert f'value="{PASSWORD}"' not in page


# People ----------------------------------------------------------------------------------------------------------


def english(browser: Browser) -> Browser:
    browser.client.set_cookie("lang", "en")
    return browser


def elsewhere(shop: Shop, *, agent: str, network: str) -> None:
    """Sign Alice in with another browser."""
    where = service.Browser(network, agent)
    service.sign_in(email=shop.owner, password=PASSWORD, browser=where, now=clock.now())


def end(browser: Browser, number: Any) -> Any:
    return browser.post(f"{ACCOUNT}/sessions/{public('ses', number)}/end", {}, page=ACCOUNT)


def change(browser: Browser, *, old: str = PASSWORD) -> Any:
    return browser.post(f"{ACCOUNT}/password", {"old": old, "password": NEW, "again": NEW}, page=ACCOUNT)


def held(browser: Browser) -> str:
    cookie = browser.client.get_cookie(STAFF_COOKIE, path="/office")
    assert cookie
    return cookie.value


def sessions(browser: Browser) -> list[Seen]:
    """Return what the person in this browser sees."""
    token, now = held(browser), clock.now()

    def seen() -> list[Seen]:
        signed_in = accounts.find_signed_in(token, now=now)
        assert signed_in
        return list(accounts.list_sessions(signed_in.user_id, token, now=now))

    return db.read(System("test"), seen)


def held_number(browser: Browser) -> Any:
    return next(session.id for session in sessions(browser) if session.this)


def happened(shop: Shop) -> list[tuple[str, dict[str, Any]]]:
    """Return what happened to Alice."""
    user_id = db.read(
        System("test"), lambda: db.session().scalars(select(User.id).where(User.email == shop.owner)).one()
    )
    rows = db.read(PLATFORM, lambda: timeline(subject=("user", user_id)))
    return [(row.name, row.data) for row in rows if row.name != "user.signed_in"]


def later(*, minutes: int) -> datetime:
    return clock._system() + timedelta(minutes=minutes)

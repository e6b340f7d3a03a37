"""Signing in and out: throttled, alike for known and unknown names, and ended for good."""

import re
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from app.accounts.throttle import PER_NAME
from app.kit import clock
from tests.make import PASSWORD, Browser, Shop


def words_of(answer: Any) -> str:
    """Return what a page says, without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def later(hours: int) -> datetime:
    return clock._system() + timedelta(hours=hours)


def english(shop: Shop) -> Browser:
    browser = shop.client()
    browser.client.set_cookie("lang", "en")
    return browser


def test_alice_signs_in_and_lands_in_her_shop(shop: Shop) -> None:
    alice = shop.client()

    answer = alice.sign_in(shop.owner)

    assert (answer.status_code, answer.location) == (303, "/office/")
    assert alice.get("/office/").location == f"/office/{shop.slug}/"
    assert alice.get(f"/office/{shop.slug}/").status_code == 200


def test_the_cookie_is_for_the_office_alone_and_no_script_reads_it(shop: Shop) -> None:
    answer = shop.client().sign_in(shop.owner)

    cookie = next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith("office_login="))
    assert "HttpOnly" in cookie
    assert "Path=/office" in cookie
    assert "SameSite=Lax" in cookie


def test_each_sign_in_has_a_token_of_its_own(shop: Shop) -> None:
    first, second = shop.client(), shop.client()
    first.sign_in(shop.owner)
    second.sign_in(shop.owner)

    cookies = [browser.client.get_cookie("office_login", path="/office") for browser in (first, second)]
    assert len({cookie.value for cookie in cookies if cookie}) == 2


def test_signing_out_ends_the_session_even_for_a_copied_cookie(shop: Shop) -> None:
    alice, thief = shop.client(), shop.client()
    alice.sign_in(shop.owner)
    cookie = alice.client.get_cookie("office_login", path="/office")
    assert cookie
    thief.client.set_cookie("office_login", cookie.value, path="/office")
    assert thief.get(f"/office/{shop.slug}/").status_code == 200

    alice.post("/office/logout", {}, page=f"/office/{shop.slug}/")

    assert alice.get(f"/office/{shop.slug}/").status_code == 302
    assert thief.get(f"/office/{shop.slug}/").status_code == 302


@pytest.mark.parametrize(("hours", "status"), [(1, 200), (3, 302)])
def test_a_session_that_lies_idle_ends(shop: Shop, hours: int, status: int) -> None:
    alice = shop.client()
    alice.sign_in(shop.owner)

    with clock.running(lambda: clock._system() + timedelta(hours=hours)):
        assert alice.get(f"/office/{shop.slug}/").status_code == status


def test_a_session_ends_after_half_a_day_however_busy(shop: Shop) -> None:
    alice = shop.client()
    alice.sign_in(shop.owner)

    for hour in range(1, 12):
        with clock.running(partial(later, hour)):
            assert alice.get(f"/office/{shop.slug}/").status_code == 200
    with clock.running(lambda: clock._system() + timedelta(hours=12, minutes=1)):
        assert alice.get(f"/office/{shop.slug}/").status_code == 302


def test_a_wrong_password_tells_the_tries_left_and_keeps_the_name(shop: Shop) -> None:
    browser = english(shop)

    answer = browser.sign_in(shop.owner, "wrong password")

    assert answer.status_code == 422
    assert f"Tries left: {PER_NAME - 1}" in words_of(answer)
    assert f'value="{shop.owner}"' in answer.get_data(as_text=True)
    assert "wrong password" not in answer.get_data(as_text=True)


def test_an_unknown_name_gets_the_same_answer(shop: Shop) -> None:
    known = words_of(english(shop).sign_in(shop.owner, "wrong password"))
    unknown = words_of(english(shop).sign_in(f"nobody@{shop.slug}.example", "wrong password"))

    assert known == unknown


def test_after_too_many_tries_even_the_right_password_waits(shop: Shop) -> None:
    browser = english(shop)
    for _ in range(PER_NAME):
        answer = browser.sign_in(shop.owner, "wrong password")
    assert answer.status_code == 429

    right = browser.sign_in(shop.owner)

    assert right.status_code == 429
    assert "Too many wrong tries. Wait" in words_of(right)
    with clock.running(lambda: clock._system() + timedelta(minutes=31)):
        assert browser.sign_in(shop.owner).status_code == 303


def test_signing_in_clears_the_count_of_the_name(shop: Shop) -> None:
    browser = english(shop)
    for _ in range(PER_NAME - 1):
        browser.sign_in(shop.owner, "wrong password")
    browser.sign_in(shop.owner, PASSWORD)

    answer = browser.sign_in(shop.owner, "wrong password")

    assert f"Tries left: {PER_NAME - 1}" in words_of(answer)


@pytest.mark.parametrize("where", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_never_leads_to_a_stranger(shop: Shop, where: str) -> None:
    alice = shop.client()
    form = {"email": shop.owner, "password": PASSWORD, "next": where}

    answer = alice.post("/office/login", form, page="/office/login")

    assert answer.location == "/office/"


def test_signing_in_goes_on_where_one_was_stopped(shop: Shop) -> None:
    alice = shop.client()
    stopped = alice.get(f"/office/{shop.slug}/codes?status=free")
    assert stopped.status_code == 302

    page = alice.get(stopped.location).get_data(as_text=True)

    assert f'name="next" value="/office/{shop.slug}/codes?status=free"' in page

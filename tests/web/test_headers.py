"""Pages that hold a secret are kept nowhere, tell nobody where they are, and send nothing to strangers."""

import json
import re

import pytest

from app import logs
from app.delivery import queries as links
from app.web.headers import OPENS
from tests.doors import doors, knock, sell
from tests.engines import on_one_engine
from tests.make import Shop
from tests.web.shop.doors import Linked
from tests.web.shop.test_purchase import shown_codes

KEPT_NOWHERE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}


@pytest.fixture
def linked(shop: Shop) -> Linked:
    return Linked(shop)


def test_every_answer_at_an_address_that_opens_something_is_kept_nowhere(shop: Shop) -> None:
    order, nobody = sell(shop), shop.client()
    secret = [door for door in doors(shop, order) if OPENS & arguments(shop, door.endpoint)]
    assert {"shop_at.order", "shop_at.reveal", "shop_at.door", "office.choose_password"} <= {
        it.endpoint for it in secret
    }

    for door in secret:
        for answer in (knock(nobody, door), nobody.client.open(broken(door.url), method=door.method)):
            told = {name: answer.headers.get(name) for name in KEPT_NOWHERE}
            assert told == KEPT_NOWHERE, (door, answer.status_code)


def test_pages_about_a_buyer_are_kept_nowhere(linked: Linked) -> None:
    linked.prove(phone := linked.shop.client())
    base = f"/s/{linked.shop.slug}"
    pages = [
        base + path
        for path in ("/orders", "/lookup", "/lookup/link", "/lookup/sent", "/lookup/code", "/lookup/code/enter")
    ]
    answers = [phone.get(page) for page in (*pages, linked.url, linked.address)]
    answers += [linked.reveal(phone), linked.shown_to(linked.dora, ""), linked.prove(phone, "AAAA")]

    for answer in answers:
        assert {name: answer.headers.get(name) for name in KEPT_NOWHERE} == KEPT_NOWHERE, answer.request.path


def test_a_code_leaves_uncompressed_whatever_the_browser_takes(linked: Linked) -> None:
    answer = linked.reveal(linked.dora, headers={"Accept-Encoding": "gzip, br, zstd, deflate"})

    assert "data-field" in answer.get_data(as_text=True)
    assert "Content-Encoding" not in answer.headers


@on_one_engine
def test_every_answer_has_a_strict_policy(linked: Linked) -> None:
    answers = [linked.dora.get(linked.url), linked.reveal(linked.dora), linked.dora.get(f"{linked.url}x")]

    for answer in answers:
        policy = dict(rule.strip().split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert re.fullmatch(r"'nonce-[\w-]{20,}'", policy["script-src"])
        assert policy["style-src"] == f"'self' {policy['script-src']}"  # the colours of the shop stand in the page
        assert policy["connect-src"] == policy["form-action"] == "'self'"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@on_one_engine
def test_a_page_with_a_secret_asks_no_stranger_for_anything(linked: Linked) -> None:
    linked.prove(phone := linked.shop.client())
    pages = [
        linked.shop.client().get(linked.url),
        phone.get(linked.url),
        linked.reveal(phone),
        phone.get(linked.address),
    ]

    for page in pages:
        html = page.get_data(as_text=True)
        asked = re.findall(r'<(?:script|link|img|iframe|source|use)\b[^>]*?(?:src|href)="([^"]*)"', html)
        assert asked
        assert all(re.match(r"/(?!/)|data:|#", url) for url in asked), asked
        inline = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>|\son\w+=|javascript:|<style", html)
        assert inline == []


@on_one_engine
def test_the_log_names_the_route_and_never_the_token(linked: Linked, capsys: pytest.CaptureFixture[str]) -> None:
    token = links.token_of(linked.link.id)
    logs.configure("DEBUG")
    try:
        linked.prove(phone := linked.shop.client())
        shown = linked.reveal(phone).get_data(as_text=True)
        linked.prove(phone, "AAAA")
    finally:
        with capsys.disabled():  # else the log would go on to a file that ends with this test
            logs.configure("WARNING")

    (code,) = shown_codes(shown)
    lines = capsys.readouterr().err
    assert '"/s/<shop>/r/<link>/reveal"' in lines
    for secret in (token, token.rpartition(".")[2], linked.password, code):
        assert secret not in lines


@on_one_engine
@pytest.mark.parametrize(
    ("method", "agent", "visitor"),
    [
        ("GET", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "machine"),
        ("GET", "TelegramBot (like TwitterBot)", "machine"),
        ("GET", "WhatsApp/2.23.20.0", "machine"),
        ("GET", "facebookexternalhit/1.1", "machine"),
        ("GET", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Microsoft Office Safe Links", "machine"),
        ("GET", "Mozilla/5.0 (via ggpht.com GoogleImageProxy)", "machine"),
        ("GET", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/130.0 Safari/537.36", "machine"),
        ("GET", "Barracuda Sentinel (EE)", "machine"),
        ("GET", "curl/8.5.0", "machine"),
        ("GET", "", "machine"),
        ("HEAD", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) MicroMessenger/8.0.40", "machine"),
        ("GET", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) MicroMessenger/8.0.40", "browser"),
        ("GET", "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "browser"),
        ("GET", "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 Chrome/120.0 Safari/537.36", "browser"),
    ],
)
def test_a_visitor_of_a_link_that_says_it_is_no_person_is_logged_as_such(
    linked: Linked, capsys: pytest.CaptureFixture[str], method: str, agent: str, visitor: str
) -> None:
    logs.configure("DEBUG")
    try:
        linked.shop.client().client.open(linked.url, method=method, headers={"User-Agent": agent})
    finally:
        with capsys.disabled():  # else the log would go on to a file that ends with this test
            logs.configure("WARNING")

    (line,) = [line for line in capsys.readouterr().err.splitlines() if '"/s/<shop>/r/<link>"' in line]
    assert json.loads(line)["visitor"] == visitor


def arguments(shop: Shop, endpoint: str) -> set[str]:
    return set().union(*(rule.arguments for rule in shop.app.url_map.iter_rules(endpoint)))


def broken(url: str) -> str:
    """Return the address with its token made up."""
    return re.sub(r"/(o|r|reset|hooks/messages|hooks)/[^/]+", r"/\1/made-up", url)

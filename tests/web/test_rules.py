"""The rules of interaction: an address is a page first, a part on request; a refusal stays in its form; once is once.

R1 to R9, R13 and R16 where a server can be asked; what only a browser can tell is in tests/browser/test_waiting.py.
"""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from app.web import kept
from app.web.guard import surface_of
from app.web.render import Page, Redirect, respond
from tests.doors import Door, doors, sell
from tests.lint_templates import ROOT
from tests.make import Browser, Shop
from tests.people import alice
from tests.web.shop.test_purchase import latest, order_of, paid_order, shown_codes

HTMX = {"HX-Request": "true"}
PICTURES = {f"shop{at}.{name}" for at in ("", "_at") for name in ("picture", "small_picture", "covers", "mark")}
CONTINUED = {"more": "p-"}  # a part that a list goes on with: its rows, whose ids begin so
NO_PAGES = {"platform.healthz", "platform.readyz", "static"}
CONFIG = {
    "historyCacheSize": 0,
    "refreshOnHistoryMiss": True,
    "historyRestoreAsHxRequest": False,
    "allowEval": False,
    "allowScriptTags": False,
    "selfRequestsOnly": True,
}


class Answers:
    """Answers of views on their way to being rendered, for the names of their fragments."""

    def __init__(self) -> None:
        self.latest: Any = None

    def respond(self, answer: Any) -> Any:
        self.latest = answer
        return respond(answer)

    @property
    def parts(self) -> list[str]:
        return list(self.latest.fragments) if isinstance(self.latest, Page) else []


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """What views answer, listened to between view and rendering."""
    found = Answers()
    monkeypatch.setattr(kept, "respond", found.respond)
    return found


def pages(shop: Shop) -> list[Door]:
    """Return every address of a shop that is looked at."""
    return [door for door in doors(shop, sell(shop)) if door.method == "GET" and door.endpoint not in NO_PAGES]


def is_page(answer: Any) -> bool:
    text = answer.get_data(as_text=True).strip()
    return bool(text.startswith("<!doctype html>") and text.endswith("</html>"))


# R1, R3: a page first, its parts on request ------------------------------------------------------------------------


def test_every_address_is_a_page_and_each_of_its_parts_can_be_asked_for(shop: Shop, answers: Answers) -> None:
    browser, parts = alice(shop), 0
    for door in pages(shop):
        answers.latest = None  # an error face comes from no view
        whole = browser.get(door.url)
        if whole.status_code in {302, 303} or whole.mimetype != "text/html":
            continue
        assert is_page(whole), door
        assert ("HX-Request" in whole.vary) or not answers.parts, door
        for part in answers.parts:
            parts += 1
            check_part(browser, door, part)
    assert parts >= 10


def check_part(browser: Browser, door: Door, part: str) -> None:
    """A part is asked for by its id; who goes back or is boosted gets the page."""
    asked = HTMX | {"HX-Target": part}
    answer = browser.get(door.url, headers=asked)
    root = root_id(answer.get_data(as_text=True))
    assert root == part or (part in CONTINUED and root and root.startswith(CONTINUED[part])), door
    assert "HX-Request" in answer.vary, door
    for page in ({"HX-Boosted": "true"}, {"HX-History-Restore-Request": "true"}):
        assert is_page(browser.get(door.url, headers=asked | page)), door


def root_id(text: str) -> str | None:
    """Return the id of the one element that a fragment consists of."""
    found: list[str | None] = []

    class Roots(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            found.append(dict(attributes).get("id"))

    Roots().feed(text)
    assert "<html" not in text
    return found[0] if found else None


def test_what_is_somebodys_own_is_kept_by_no_cache(shop: Shop) -> None:
    browser = alice(shop)
    for door in pages(shop):
        said = browser.get(door.url).headers["Cache-Control"]
        if door.endpoint in PICTURES:
            assert said.startswith("public"), door
            continue
        assert said in {"private, no-cache", "no-store"}, door
        if "<token>" in door.url or "/o/" in door.url or "/r/" in door.url:
            assert said == "no-store", door


# R2, R4: no boost, no history -------------------------------------------------------------------------------------


# A scanner does not wait: no scan may be lost while an answer is on its way. Each has a key of its own.
QUEUES = {"_scan.html": "this:queue all"}
PREVIEWS = {"preview_wording"}  # changes nothing and follows what is typed; its form has a button for who has no script


def test_nothing_is_boosted_and_every_htmx_form_is_sent_once() -> None:
    found = list(elements())
    assert any("hx-post" in attributes for _, attributes in found)
    for name, attributes in found:
        assert "hx-boost" not in attributes, name
        if PREVIEWS & set(re.findall(r"\w+", attributes.get("hx-post", ""))):
            assert attributes.get("hx-sync", "this:replace") == "this:replace", name
        elif "hx-post" in attributes:
            assert name in QUEUES or "hx-disabled-elt" in attributes, name
            assert attributes.get("hx-sync") == QUEUES.get(name, "this:drop"), name
            assert attributes.get("action") == attributes["hx-post"], f"{name} needs JavaScript"


def elements() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the attributes of each element of each template that has any of htmx's."""
    for path in ROOT.rglob("*.html"):
        for tag in re.findall(r"<\w+[^<]*?\shx-[^<]*?>", path.read_text("utf-8"), re.DOTALL):
            yield path.name, dict(re.findall(r'([\w-]+)="([^"]*)"', tag))


def test_htmx_keeps_no_page_evaluates_nothing_and_swaps_only_what_was_meant(shop: Shop) -> None:
    page = shop.client().get(f"/s/{shop.slug}/").get_data(as_text=True)

    found = re.search(r"name=\"htmx-config\" content='([^']*)'", page)

    assert found
    config = json.loads(found[1])
    assert config | CONFIG == config
    assert config["responseHandling"][:4] == [  # the first that fits decides
        {"code": "204", "swap": False},
        {"code": "[23]..", "swap": True},
        {"code": "422", "swap": True},
        {"code": "409", "swap": True},
    ]


def test_a_page_that_may_show_a_code_stays_out_of_the_history(shop: Shop) -> None:
    dora = shop.client()
    page = paid_order(shop, dora)

    for answer in (dora.get(page), dora.post(f"{page}/reveal", {}, page=page, headers=HTMX | {"HX-Target": "order"})):
        assert re.search(r'<div id="order"[^>]*hx-history="false"', answer.get_data(as_text=True))
        assert "noindex" in answer.headers["X-Robots-Tag"]


def test_a_code_stands_in_no_header_title_or_attribute(shop: Shop) -> None:
    dora = shop.client()
    page = paid_order(shop, dora)
    shown = dora.post(f"{page}/reveal", {}, page=page)

    (code,) = shown_codes(shown.get_data(as_text=True))

    text = shown.get_data(as_text=True)
    assert code not in str(shown.headers)
    assert code not in str(re.findall(r"<title>.*?</title>|\s(?!aria-label)[\w-]+=\"[^\"]*\"", text, re.DOTALL))
    assert " ".join(code) in text  # spelled, for who listens


# R5: see tests/web/shop/test_purchase.py and test_door.py. R6: a refusal stays in its form ---------------------------


def test_a_refused_form_comes_back_with_what_was_typed_and_what_is_wrong(shop: Shop) -> None:
    answer = order_of(shop, shop.client(), contact="", quantity="0")

    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert re.search(r'<div[^>]*id="errors" role="alert" tabindex="-1"[^>]*data-autofocus', text)
    for name in ("contact", "quantity"):
        assert f'href="#f-{name}"' in text
        field = re.search(rf'<input[^>]*id="f-{name}"[^>]*>', text)
        assert field, name
        assert 'aria-invalid="true"' in field[0]
        assert f'aria-describedby="f-{name}-error' in field[0]
    assert re.search(r'name="quantity" value="0"', text)


def test_to_htmx_a_refused_form_is_the_part_it_stands_in(shop: Shop) -> None:
    dora, stranger = shop.client(), shop.client()
    page = paid_order(shop, dora)

    answer = stranger.post(f"{page}/reveal", {"password": "AAAA-AAAA-AAAA"}, page=page, headers=order_part())

    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert root_id(text) == "order"
    assert 'id="errors" role="alert"' in text


def order_part() -> dict[str, str]:
    return HTMX | {"HX-Target": "order"}


def test_what_is_not_there_is_told_by_a_whole_page(shop: Shop) -> None:
    gone = f"/s/{shop.slug}/o/nothing/status?v=started"

    part = shop.client().get(gone, headers=order_part())
    page = shop.client().get(part.headers["HX-Redirect"])

    assert (part.status_code, page.status_code) == (404, 404)
    assert page.get_data(as_text=True).startswith("<!doctype html>")


# R7: after a form was taken ----------------------------------------------------------------------------------------


def test_to_htmx_no_form_answers_with_a_redirect_that_it_cannot_read(shop: Shop) -> None:
    """A browser follows a 3xx by itself, and what its headers say is lost."""
    browser = alice(shop)
    token = browser.token(f"/office/{shop.slug}/")
    for door in doors(shop, sell(shop)):
        if door.method == "POST" and not door.streams and not door.endpoint.startswith("hooks."):
            answer = browser.client.post(door.url, data={"csrf_token": token}, headers=HTMX)
            assert not 300 <= answer.status_code < 400, door


def test_a_form_that_was_taken_leads_on_both_ways(shop: Shop) -> None:
    shop.codes(2)
    plain = order_of(shop, shop.client())
    assert plain.status_code == 303
    with shop.app.test_request_context("/", headers=HTMX):
        part = respond(Redirect("/o/x"))

    assert (part.status_code, part.headers["HX-Redirect"]) == (204, "/o/x")


def test_whose_session_is_over_is_led_to_the_login(shop: Shop) -> None:
    for door in pages(shop):
        if door.permission:
            answer = shop.client().get(door.url, headers=HTMX)
            enterprise = surface_of(door.endpoint) == "enterprise"
            login = f"/enterprise/{shop.slug}/login" if enterprise else "/office/login"
            assert (answer.status_code, answer.headers["HX-Redirect"].partition("?")[0]) == (401, login), door


# R8: toasts --------------------------------------------------------------------------------------------------------


def test_a_toast_of_a_part_travels_in_a_header_of_plain_ascii(shop: Shop) -> None:
    answer = Page("errors/page.html", {"problem": "errors/_fragment.html"}, WORDS, toast="已保存")

    with shop.app.test_request_context("/", headers=HTMX | {"HX-Target": "problem"}):
        part = respond(answer)

    assert part.headers["HX-Trigger"].isascii()
    assert json.loads(part.headers["HX-Trigger"]) == {"toast": {"tone": "ok", "text": "已保存"}}


WORDS = {"title": "", "status": 200, "detail": "", "mend": "", "request_id": ""}


def test_the_place_of_toasts_is_on_every_page_from_the_start(shop: Shop) -> None:
    browser = alice(shop)
    for path in (f"/s/{shop.slug}/", f"/office/{shop.slug}/", "/office/login", "/nothing"):
        assert '<div id="toasts" role="status" aria-live="polite"></div>' in browser.get(path).get_data(as_text=True)


# R9: once is once --------------------------------------------------------------------------------------------------


def test_the_second_sending_of_a_form_gets_the_result_of_the_first(shop: Shop) -> None:
    dora = shop.client()
    shop.codes(2)

    first, second = (order_of(shop, dora, idem="the same mark") for _ in range(2))

    assert latest(shop).number in dora.get(first.location).get_data(as_text=True)
    assert latest(shop).number in dora.get(second.location).get_data(as_text=True)


# R16: whose form is it ---------------------------------------------------------------------------------------------


def test_a_page_that_lay_too_long_says_so_and_keeps_what_was_typed(shop: Shop) -> None:
    dora = shop.client()
    page = paid_order(shop, dora)

    part = dora.client.post(f"{page}/reveal", data={"csrf_token": "old"}, headers=order_part())

    assert part.status_code == 409
    assert (part.headers["HX-Retarget"], part.headers["HX-Reswap"]) == ("#page-alert", "innerHTML")
    assert root_id(part.get_data(as_text=True)) == "problem"
    assert 'id="page-alert"' in dora.get(page).get_data(as_text=True)
    assert shown_codes(part.get_data(as_text=True)) == []


def test_htmx_finds_the_token_on_every_page_with_a_form(shop: Shop) -> None:
    browser = alice(shop)
    for door in pages(shop):
        answer = browser.get(door.url, buffered=True)  # a file leaves while it is made
        text = answer.get_data(as_text=True) if answer.mimetype.startswith("text/") else ""
        if 'method="post"' in text:
            assert re.search(r'<meta name="csrf-token" content="[\w.-]+">', text), door


def test_the_cashier_may_send_to_its_gateway_and_nothing_may_run_from_elsewhere(shop: Shop) -> None:
    shop.codes(1)
    dora = shop.client()

    policy = dora.get(order_of(shop, dora).location).headers["Content-Security-Policy"]

    assert "form-action 'self' http://127.0.0.1:9;" in policy
    assert re.search(r"script-src 'nonce-[\w-]+';", policy)
    assert "unsafe" not in policy

"""The account at the shop: in by six digits, everything bought in one list, one tap to a code, and out again."""

import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.entitlements import queries as entitled
from app.kit import db
from app.kit.events import EventRow
from app.kit.ids import public
from app.messages.queries import Channel
from app.web.guard import BUYER_COOKIE
from app.web.language import LANG_COOKIE
from tests import people
from tests.delivery.codes import allow, passed
from tests.gifting.giving import Giver, accept
from tests.mailbox import Mailbox, text_of
from tests.make import Browser, Shop
from tests.members.people import DORA, PHONE, Visitor, sell
from tests.messages.carriers import connect_fake
from tests.web.shop.doors import alike, from_network, statements
from tests.web.shop.test_purchase import shown_codes

DIGITS = re.compile(r"^(\d{6})\r?$", re.MULTILINE)


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path / "spool")


def at(shop: Shop, path: str = "") -> str:
    return f"/s/{shop.slug}/me{path}"


def ask(shop: Shop, browser: Browser, contact: str = DORA, **more: Any) -> Any:
    return browser.post(at(shop, "/sign-in"), {"contact": contact}, page=at(shop, "/sign-in"), **more)


def signed_in(shop: Shop, contact: str = DORA) -> Browser:
    """Return a browser in which the owner of a contact is signed in."""
    browser = shop.client()
    browser.client.set_cookie(BUYER_COOKIE, Visitor(shop).signs_in(contact).token)
    browser.client.set_cookie(LANG_COOKIE, "en")
    return browser


def reveal(shop: Shop, browser: Browser, order_id: UUID, **more: Any) -> Any:
    (item,) = shop.read(lambda: entitled.list_of_order(order_id))
    url = at(shop, f"/things/{public('ent', item.id)}")
    return browser.post(f"{url}/reveal", {}, page=at(shop), **more)


def test_dora_signs_in_by_a_letter_and_sees_what_she_bought(shop: Shop, mailbox: Mailbox) -> None:
    order = sell(shop)
    dora = shop.client()
    assert dora.get(at(shop)).location == f"/s/{shop.slug}/me/sign-in?next=/s/{shop.slug}/me"

    asked = ask(shop, dora)
    shop.drain()
    letter = next(text for it in mailbox.letters(DORA) if DIGITS.search(text := text_of(it)))
    digits = DIGITS.search(letter)
    assert digits
    assert "http" not in letter
    form = {"digits": digits[1], "next": at(shop, "/orders")}
    typed = dora.post(at(shop, "/sign-in/code"), form, page=asked.location)

    assert typed.location == at(shop, "/orders")
    assert order.number in dora.get(at(shop, "/orders")).text
    page = dora.get(at(shop))
    assert order.number in page.text
    assert "do***@example.com" in page.text
    assert DORA not in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_asking_says_the_same_and_does_the_same_for_who_is_known_and_who_is_not(shop: Shop) -> None:
    sell(shop)
    Visitor(shop).signs_in()
    answers, works = [], []
    for number, contact in enumerate((DORA, "eve@example.com")):
        browser = shop.client()
        token = browser.token(at(shop, "/sign-in"))
        with statements() as seen:
            form = {"contact": contact, "csrf_token": token}
            answers.append(browser.client.post(at(shop, "/sign-in"), data=form, **from_network(number)))
        works.append(seen)

    told = [(status, headers, body) for status, _, headers, body in map(alike, answers)]
    assert told[0] == told[1]
    assert works[0] == works[1]


def test_nobody_is_led_away_from_the_shop_after_signing_in(shop: Shop) -> None:
    visitor = Visitor(shop).asks()
    browser = shop.client()
    browser.client.set_cookie("device", visitor.device)

    for away in ("https://evil.example/", "//evil.example", "/office/"):
        again = Visitor(shop, device=visitor.device, network="198.51.100.0/24").asks(f"{len(away)}@example.com")
        form = {"digits": again.digits, "next": away}
        assert browser.post(at(shop, "/sign-in/code"), form, page=at(shop, "/sign-in/code")).location == at(shop)
        browser.client.delete_cookie(BUYER_COOKIE)


def test_who_signs_in_from_a_page_of_the_shop_is_back_on_it(shop: Shop) -> None:
    product, browser = f"/s/{shop.slug}/p/{shop.sku.lower()}", shop.client()
    assert f'href="{at(shop, "/sign-in")}?next={product}"' in browser.get(product).text

    asked = browser.post(at(shop, "/sign-in"), {"contact": DORA, "next": product}, page=at(shop, "/sign-in"))
    page = browser.get(asked.location).text
    visitor = Visitor(shop, device=browser.device, network="198.51.100.0/24").asks()
    form = {"digits": visitor.digits, "next": product}

    assert f'name="next" value="{product}"' in page
    assert browser.post(at(shop, "/sign-in/code"), form, page=asked.location).location == product


def test_from_the_front_of_the_shop_one_comes_to_what_one_owns(shop: Shop) -> None:
    browser, visitor = shop.client(), Visitor(shop).asks()
    browser.client.set_cookie("device", visitor.device)
    form = {"digits": visitor.digits, "next": f"/s/{shop.slug}/"}

    assert browser.post(at(shop, "/sign-in/code"), form, page=at(shop, "/sign-in/code")).location == at(shop)


def test_wrong_digits_stay_on_the_page_and_a_bad_contact_too(shop: Shop) -> None:
    browser = shop.client()

    bad, asked = ask(shop, browser, "no address"), ask(shop, browser)
    wrong = browser.post(at(shop, "/sign-in/code"), {"digits": "12345"}, page=at(shop, "/sign-in/code"))

    assert (bad.status_code, asked.status_code, wrong.status_code) == (422, 303, 422)
    assert "name@example.com" in bad.text


# What is mine ------------------------------------------------------------------------------------------------------


def test_one_tap_shows_one_code_where_the_shop_takes_mail_for_a_proof(shop: Shop) -> None:
    allow(shop, True)
    order = sell(shop)
    dora = signed_in(shop)

    opened = reveal(shop, dora, order.id)

    assert opened.status_code == 200
    assert len(shown_codes(opened.text)) == 1
    assert opened.headers["Cache-Control"] == "no-store"
    rows = shop.read(
        lambda: (
            db.session()
            .execute(select(EventRow.data, EventRow.actor_type).where(EventRow.name == "code.revealed"))
            .all()
        )
    )
    assert [(row.data["proof"], row.actor_type) for row in rows] == [("member", "buyer")]
    assert shown_codes(dora.get(at(shop)).text) == []


def test_a_sign_in_by_mail_opens_nothing_where_the_shop_takes_no_mail_for_a_proof(shop: Shop) -> None:
    order = sell(shop)
    dora = signed_in(shop).reads("en")

    page, answer = dora.get(at(shop)), reveal(shop, dora, order.id)

    assert "Open by password" in page.text
    assert answer.status_code == 422
    assert shown_codes(answer.text) == []


def test_a_sign_in_by_phone_opens_what_was_told_by_mail(shop: Shop) -> None:
    connect_fake(shop, Channel.SMS)
    order = sell(shop)
    visitor = Visitor(shop).signs_in()
    visitor.asks(PHONE)
    visitor.types(visitor.digits)
    dora = shop.client()
    dora.client.set_cookie(BUYER_COOKIE, visitor.token)

    assert len(shown_codes(reveal(shop, dora, order.id).text)) == 1


def test_what_is_somebody_elses_does_not_exist(shop: Shop) -> None:
    allow(shop, True)
    theirs = sell(shop, "bob@example.com")
    dora = signed_in(shop)
    (item,) = shop.read(lambda: entitled.list_of_order(theirs.id))
    url = at(shop, f"/things/{public('ent', item.id)}")

    assert dora.get(url).status_code == 404
    assert reveal(shop, dora, theirs.id).status_code == 404
    assert theirs.number not in dora.get(at(shop)).text + dora.get(at(shop, "/orders")).text


def test_a_namesake_of_the_blind_index_is_not_listed(shop: Shop) -> None:
    allow(shop, True)
    theirs = sell(shop, "straße@example.com")
    dora = signed_in(shop, "strasse@example.com")

    assert theirs.number not in dora.get(at(shop)).text + dora.get(at(shop, "/orders")).text
    assert reveal(shop, dora, theirs.id).status_code == 404


def test_filters_keep_what_they_say(shop: Shop) -> None:
    used = sell(shop)
    shop.codes(1)
    waiting = shop.place(contact=DORA)
    dora = signed_in(shop)

    def listed(query: str) -> str:
        return str(dora.get(f"{at(shop)}?{query}").text)

    assert waiting.number not in listed("")  # not paid
    for state, there in {"ready": True, "soon": False, "used": False, "expired": False, "coming": False}.items():
        assert (used.number in listed(f"state={state}")) is there, state
    assert used.number in listed(f"q={used.number}")
    assert used.number not in listed("q=260101000000")
    assert used.number in listed(f"product={shop.sku.lower()}")
    assert 'id="nothing"' in listed("product=none")
    assert listed("state=nonsense&cursor=nonsense&size=-1")


def test_what_was_given_away_is_listed_as_that_and_opens_no_more(shop: Shop) -> None:
    allow(shop, True)
    order = sell(shop)
    giver, dora = Giver(shop, order), signed_in(shop)

    def listed(state: str) -> bool:
        return order.number in dora.get(f"{at(shop)}?state={state}").text

    assert (listed("given"), listed("ready")) == (False, True)
    giver.wrap()
    assert (listed("given"), listed("ready")) == (True, False)
    page = dora.get(at(shop)).text
    assert "Not claimed yet" in page
    assert "Show code" not in page
    assert shown_codes(reveal(shop, dora, order.id).text) == []


def test_gifts_are_listed_for_whose_address_claimed_them_and_for_nobody_else(shop: Shop) -> None:
    giver = Giver(shop, sell(shop, "bob@example.com", 2))
    for place, email in enumerate((DORA, "")):
        accept(shop, giver.wrap(place, by_word=False, giver=f"Giver {place}"), email=email)

    mine, other = (
        signed_in(shop, contact).get(f"{at(shop)}?state=received").text for contact in (DORA, "x@example.com")
    )

    assert ("Giver 0" in mine, "Giver 1" in mine) == (True, False)
    assert "No gifts yet" in other


def test_an_order_placed_while_signed_in_has_the_contact_filled_in(shop: Shop) -> None:
    page = f"/s/{shop.slug}/p/{shop.sku.lower()}"

    assert f'value="{DORA}"' in signed_in(shop).get(page).text
    assert f'value="{DORA}"' not in shop.client().get(page).text


# The bell, the account ---------------------------------------------------------------------------------------------


def test_the_bell_counts_what_was_not_read(shop: Shop) -> None:
    dora = signed_in(shop)
    sell(shop)
    shop.drain()
    home = f"/s/{shop.slug}/"
    assert "unread num" in dora.get(home).text

    inbox = dora.get(at(shop, "/inbox")).text
    until = re.search(r'name="until" value="(msg_\w+)"', inbox)
    assert until
    dora.post(at(shop, "/inbox/read"), {"until": until[1]}, page=at(shop, "/inbox"))

    assert "unread num" not in dora.get(home).text
    assert shown_codes(inbox) == []


def test_signing_out_everywhere_ends_other_browsers_too(shop: Shop) -> None:
    here, there = signed_in(shop), signed_in(shop)

    here.post(at(shop, "/sessions/end"), {}, page=at(shop, "/account"))

    assert there.get(at(shop)).status_code == 302
    assert here.get(at(shop)).status_code == 302


def test_a_deleted_account_is_out_and_the_order_still_opens_by_its_password(shop: Shop) -> None:
    order = sell(shop)
    dora = signed_in(shop)

    gone = dora.post(at(shop, "/account/deletion"), {}, page=at(shop, "/account/deletion"))

    assert gone.status_code == 303
    assert dora.get(at(shop)).status_code == 302
    assert shop.order(order).number == order.number
    assert dora.get(at(shop, "/sign-in")).status_code == 200


def test_every_page_of_the_account_leads_a_stranger_to_the_sign_in(shop: Shop) -> None:
    for path in ("", "/orders", "/inbox", "/account", "/account/deletion"):
        answer = shop.client().get(at(shop, path))
        assert (answer.status_code, answer.location.partition("?")[0]) == (302, at(shop, "/sign-in")), path


# The office --------------------------------------------------------------------------------------------------------


def test_the_office_finds_a_member_by_the_whole_contact_and_shows_a_mask(shop: Shop) -> None:
    order = sell(shop)
    dora, alice = signed_in(shop), people.alice(shop)
    signed_in(shop, "bob@example.com")
    office = f"/office/{shop.slug}/members"

    found, nobody = (alice.get(f"{office}?q={text}").text for text in (DORA, "dora@"))

    assert "do***@example.com" in found
    assert "bo***@example.com" not in found
    assert "do***@example.com" not in nobody
    url = re.search(rf'href="({office}/mem_\w+)', found)
    assert url
    page = alice.get(url[1]).text
    assert order.number in page
    assert DORA not in page
    alice.post(f"{url[1]}/sessions/end", {}, page=url[1])
    assert dora.get(at(shop)).status_code == 302
    assert url[1] in alice.get(f"/office/{shop.slug}/orders/{public('ord', order.id)}").text


def test_a_session_in_use_is_noted_once_an_hour(shop: Shop) -> None:
    visitor = Visitor(shop).signs_in()
    dora = shop.client()
    dora.client.set_cookie(BUYER_COOKIE, visitor.token)
    before = visitor.present.seen_at
    dora.get(at(shop))
    assert visitor.present.seen_at == before

    with passed(hours=2):
        dora.get(at(shop))
        assert visitor.present.seen_at > before

"""The mailed link: looking at it shows and uses up nothing, the order password opens it, and it ends when told to."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from app.accounts import service as accounts
from app.delivery import queries as links
from app.delivery import service as delivery
from app.delivery.errors import DeviceLimit
from app.kit import clock, db, events, tokens
from app.kit.ids import new_id
from app.orders import queries as orders
from tests.kit.depth import share
from tests.make import Browser, Shop, at_once
from tests.web.shop.doors import Linked, alike, from_network, in_one_window, later, linked_by, statements
from tests.web.shop.test_purchase import happened, shown_codes

RANDOM = share(10_000)  # on each engine
ASKED = min(share(200), 200)


@pytest.fixture
def linked(shop: Shop) -> Linked:
    return Linked(shop)


def codes_in(answer: Any) -> list[str]:
    return shown_codes(answer.get_data(as_text=True))


# The way in ------------------------------------------------------------------------------------------------------


def test_who_knows_the_password_comes_in_and_may_look_again_and_again(linked: Linked) -> None:
    phone = linked.shop.client()
    assert 'name="password"' in phone.get(linked.url).get_data(as_text=True)

    proved = linked.prove(phone)

    assert (proved.status_code, linked_by(proved.location)) == (303, linked_by(linked.url))
    assert linked.used() == (1, 0)  # to prove oneself shows nothing yet
    masked = phone.get(linked.url).get_data(as_text=True)
    assert shown_codes(masked) == []
    assert 'name="password"' not in masked
    assert [len(codes_in(linked.reveal(phone))) for _ in range(3)] == [1, 1, 1]
    assert linked.used() == (1, 3)
    rows = [row for row in timeline(linked) if row.name == "code.revealed"]
    assert {(row.actor_type, row.data["proof"], row.data["network"]) for row in rows} == {
        ("device", "link", "127.0.0.0/24")
    }


def test_the_browser_that_paid_needs_no_password(linked: Linked) -> None:
    assert 'name="password"' not in linked.dora.get(linked.url).get_data(as_text=True)

    assert len(codes_in(linked.reveal(linked.dora))) == 1
    assert linked.used() == (0, 1)


def test_what_one_browser_proved_helps_no_other(linked: Linked) -> None:
    linked.prove(linked.shop.client())
    stranger = linked.shop.client()

    answer = linked.reveal(stranger)

    assert (answer.status_code, codes_in(answer)) == (422, [])
    assert linked.used() == (1, 0)


def test_who_came_in_by_the_link_finds_the_whole_order(linked: Linked) -> None:
    phone = linked.shop.client()
    linked.prove(phone)

    found = re.search(rf'href="(/s/{linked.shop.slug}/o/[^"/]+)"', phone.get(linked.url).get_data(as_text=True))

    assert found is not None
    page = phone.get(found[1]).get_data(as_text=True)
    assert linked.order.number in page
    assert len(codes_in(phone.post(f"{found[1]}/reveal", {}, page=found[1]))) == 1


def test_the_password_at_the_orders_own_page_lets_the_browser_in_for_good(linked: Linked) -> None:
    phone = linked.shop.client()

    assert len(codes_in(linked.shown_to(phone, linked.password))) == 1

    assert len(codes_in(linked.shown_to(phone, ""))) == 1
    assert linked.used() == (1, 2)


# Looking uses nothing up -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_shows_and_uses_up_nothing(linked: Linked, method: str) -> None:
    before = happened(linked.shop)
    stranger = linked.shop.client()

    for path in ("", "/proof", "/reveal"):
        for agent in ("Slackbot-LinkExpanding 1.0", "TelegramBot", "WhatsApp/2.0", "Microsoft Office", ""):
            answer = stranger.client.open(linked.url + path, method=method, headers={"User-Agent": agent})
            assert answer.status_code == (200 if method == "OPTIONS" or not path else 405)
            assert codes_in(answer) == []
            assert "Set-Cookie" not in answer.headers or "device=" not in answer.headers["Set-Cookie"]

    assert linked.used() == (0, 0)
    assert happened(linked.shop) == before


def test_a_form_from_elsewhere_comes_in_nowhere(linked: Linked) -> None:
    stranger = linked.shop.client()

    answers = [
        stranger.client.post(linked.url + path, data={"password": linked.password}) for path in ("/proof", "/reveal")
    ]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert linked.used() == (0, 0)


# Wrong tries -----------------------------------------------------------------------------------------------------


def test_wrong_tries_are_told_with_what_is_left_and_then_it_is_enough(linked: Linked) -> None:
    stranger = linked.shop.client()

    with in_one_window():
        answers = [linked.prove(stranger, "AAAA-AAAA-AAAA") for _ in range(8)]
        right = linked.prove(stranger)

    assert [answer.status_code for answer in answers] == [422] * 7 + [429]
    left = [re.findall(r"还能再试 (\d) 次", answer.get_data(as_text=True))[0] for answer in answers[:7]]
    assert left == ["7", "6", "5", "4", "3", "2", "1"]
    assert right.status_code == 429  # it is enough even for the right one
    assert linked.used() == (0, 0)
    with later(minutes=31):
        assert linked.prove(stranger).status_code == 303


def test_a_scanner_that_fills_the_form_in_locks_the_buyer_out_of_nothing(linked: Linked) -> None:
    scanner = linked.shop.client()
    for _ in range(12):
        linked.prove(scanner, "test@example.com", **from_network(7))

    assert linked.prove(linked.shop.client(), **from_network(8)).status_code == 303


def test_guessing_from_many_networks_ends_too(linked: Linked) -> None:
    with in_one_window():
        tries = [linked.prove(linked.shop.client(), "AAAA-AAAA-AAAA", **from_network(number)) for number in range(42)]

    assert [answer.status_code for answer in tries] == [422] * 39 + [429] * 3


def test_ten_thousand_passwords_open_nothing_and_are_answered_alike(linked: Linked) -> None:
    stranger = linked.shop.client()
    token = stranger.token(linked.url)

    def guess(number: int) -> tuple[Any, ...]:
        form = {"csrf_token": token, "password": f"{number:012d}"}
        return alike(stranger.client.post(f"{linked.url}/proof", data=form, **from_network(number)))

    with in_one_window():
        told = [guess(number) for number in range(ASKED)]

    assert [said[0] for said in told] == [422] * 39 + [429] * (ASKED - 39)
    assert len({re.sub(r"[\d ]+(次|分钟)", "…", str(said)) for said in told}) == 2
    order, guesses = linked.shop.order(linked.order), (f"{number:012d}" for number in range(RANDOM))
    assert not linked.shop.read(lambda: any(orders.is_password(order, text) for text in guesses))
    assert linked.used() == (0, 0)


# Links that lead nowhere -----------------------------------------------------------------------------------------


def test_a_link_ends_to_the_second(linked: Linked) -> None:
    phone = linked.shop.client()
    linked.prove(phone)
    ends = linked.link.expires_at

    with clock.running(lambda: ends - timedelta(milliseconds=1)):
        assert phone.get(linked.url).status_code == 200
        assert len(codes_in(linked.reveal(phone))) == 1
    with clock.running(lambda: ends):
        assert phone.get(linked.url).status_code == 404
        assert codes_in(linked.shown_to(phone, "")) == []  # nor does what was proved there help any more


def test_revoked_links_end_at_once_and_the_browser_that_paid_keeps_the_order(linked: Linked) -> None:
    phone, alice = linked.shop.client(), linked.shop.client()
    linked.prove(phone)
    alice.sign_in(linked.shop.owner)
    page = alice.get(f"/office/{linked.shop.slug}/orders").get_data(as_text=True)
    found = re.search(rf"/office/{linked.shop.slug}/orders/ord_\w+", page)
    assert found is not None

    answer = alice.post(f"{found[0]}/links/revocation", {}, page=found[0])

    assert answer.status_code == 303
    assert phone.get(linked.url).status_code == 404
    assert codes_in(linked.shown_to(phone, "")) == []
    assert len(codes_in(linked.shown_to(linked.dora, ""))) == 1
    assert "links.revoked" in happened(linked.shop)
    assert len(codes_in(linked.shown_to(phone, linked.password))) == 1  # the password stays good, by a new link


def test_all_links_that_lead_nowhere_are_answered_alike(shop: Shop, other: Shop) -> None:
    linked, elsewhere, stranger = Linked(shop), Linked(other), shop.client()
    csrf = stranger.token(linked.url)
    old = shop.write(lambda: delivery.make_link(linked.order.id, now=clock.now() - timedelta(days=31)))
    revoked = Linked(shop)
    shop.write(lambda: delivery.revoke_links(revoked.order.id, now=clock.now(), by=events.SYSTEM))
    ours = links.token_of(linked.link.id)
    dead = [
        links.token_of(old.id),
        links.token_of(revoked.link.id),
        links.token_of(elsewhere.link.id),  # of another shop
        links.token_of(new_id()),
        tokens.sign("order", linked.order.id.hex),  # signed, for something else
        tokens.sign("reveal link", 7),
        ours[:-9] + ("A" if ours[-9] != "A" else "B") + ours[-8:],
        "made-up",
    ]

    for method, path in (("GET", ""), ("POST", "/proof"), ("POST", "/reveal")):
        told, asked = set(), set()
        for token in dead:
            form = {"csrf_token": csrf, "password": linked.password} if method == "POST" else None
            with statements() as seen:
                answer = stranger.client.open(f"/s/{shop.slug}/r/{token}{path}", method=method, data=form)
            told.add(str(alike(answer, token)))
            asked.add("\n".join(one for one in seen if "shop_text" not in one))  # which is kept for a while
        assert len(told) == 1, told
        assert len(asked) == 1, asked
        assert next(iter(told)).startswith("(404")
    assert linked.used() == (0, 0)


def test_ten_thousand_made_up_tokens_lead_nowhere_and_are_answered_alike(linked: Linked) -> None:
    stranger = linked.shop.client()
    made_up = [tokens.random_token() if number % 2 else links.token_of(new_id()) for number in range(RANDOM)]

    told = {str(alike(stranger.get(f"/s/{linked.shop.slug}/r/{token}"), token)) for token in made_up[:ASKED]}

    assert len(told) == 1
    assert next(iter(told)).startswith("(404")
    now = clock.now()
    assert not linked.shop.read(lambda: any(links.find_link(token, now=now) for token in made_up))


# A limit on browsers ---------------------------------------------------------------------------------------------


def test_a_link_lets_five_new_browsers_in_and_those_stay_in(linked: Linked) -> None:
    browsers = [linked.shop.client() for _ in range(6)]

    answers = [linked.prove(browser) for browser in browsers]

    assert [answer.status_code for answer in answers] == [303] * 5 + [409]
    assert re.search(r'id="errors".*?\b5\b', answers[5].get_data(as_text=True), re.DOTALL)
    assert linked.used() == (5, 0)
    assert linked.prove(browsers[0]).status_code == 303  # a known one takes no room
    assert all(len(codes_in(linked.reveal(browser))) == 1 for browser in browsers[:5])
    assert codes_in(linked.reveal(browsers[5])) == []
    assert len(codes_in(linked.reveal(linked.dora))) == 1


@pytest.mark.both_engines
def test_ten_browsers_at_once_get_five_places(linked: Linked) -> None:
    shop, here = linked.shop, accounts.Browser("127.0.0.0/24", "tests")

    def come() -> None:
        shop.write(lambda: delivery.admit(linked.link, new_id(), browser=here, now=clock.now()))

    results = at_once([come] * 10)

    assert sum(result is None for result in results) == 5
    assert sum(isinstance(result, DeviceLimit) for result in results) == 5
    assert linked.used() == (5, 0)


# What is recorded ------------------------------------------------------------------------------------------------


def test_the_buyer_sees_who_looked_and_a_stranger_does_not(linked: Linked) -> None:
    agent = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) Version/17.0 Mobile/15E148 Safari/604.1"}
    linked.prove(phone := linked.shop.client(), **from_network(5))
    linked.reveal(phone, headers=agent, **from_network(5))

    for page in (linked.url, linked.address):
        seen = linked.dora.get(page).get_data(as_text=True)
        assert "Safari, iPhone" in seen
        assert "10.0.5.0/24" in seen
        unseen = linked.shop.client().get(page).get_data(as_text=True)
        assert "Safari, iPhone" not in unseen
        assert "10.0.5.0/24" not in unseen


def test_without_its_record_no_code_leaves(linked: Linked) -> None:
    linked.prove(phone := linked.shop.client())

    def fail(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if re.search(r'INSERT INTO "?event"?\b', statement):
            raise RuntimeError("the record cannot be written")

    event.listen(db.engine(), "before_cursor_execute", fail)
    try:
        answers = [linked.reveal(phone), linked.reveal(linked.dora), linked.shown_to(linked.dora, "")]
    finally:
        event.remove(db.engine(), "before_cursor_execute", fail)

    assert [(answer.status_code, codes_in(answer)) for answer in answers] == [(500, [])] * 3
    assert linked.used() == (1, 0)


# This browser ----------------------------------------------------------------------------------------------------


def test_a_browser_shows_its_orders_for_thirty_days(linked: Linked) -> None:
    list_of = f"/s/{linked.shop.slug}/orders"
    assert linked.order.number in linked.dora.get(list_of).get_data(as_text=True)

    with later(days=30):
        assert linked.order.number not in linked.dora.get(list_of).get_data(as_text=True)
        assert codes_in(linked.shown_to(linked.dora, "")) == []
        assert len(codes_in(linked.shown_to(linked.dora, linked.password))) == 1


def test_a_forgotten_browser_knows_nothing_any_more(linked: Linked) -> None:
    shop, dora = linked.shop, linked.dora
    page = f"/s/{shop.slug}/orders"
    kept = dora.device

    answer = dora.post(f"{page}/forgotten", {}, page=page)

    assert (answer.status_code, dora.device) == (303, "")
    assert linked.order.number not in dora.get(page).get_data(as_text=True)
    dora.client.set_cookie("device", kept)  # nor does a copy of its cookie help
    assert linked.order.number not in dora.get(page).get_data(as_text=True)
    assert codes_in(linked.shown_to(dora, "")) == []
    assert len(codes_in(linked.shown_to(dora, linked.password))) == 1
    assert dora.device not in {"", kept}


def timeline(linked: Linked) -> Any:
    return linked.shop.read(lambda: events.timeline(order_id=linked.order.id))


def test_only_the_browser_that_ordered_may_cancel(shop: Shop) -> None:
    browser: Browser = shop.client()
    linked = Linked(shop)
    linked.prove(browser)

    answer = browser.post(f"{linked.address}/cancellation", {}, page=linked.url)

    assert answer.status_code == 404

"""The office says how buyers are told, sees how well that goes, and mends much at once."""

import re

import pytest

from app.delivery import queries
from app.delivery.models import Channel, State
from app.kit import clock, effects
from app.kit.effects import Refused, Unknown
from app.kit.ids import public
from tests import people
from tests.delivery.conftest import server as server
from tests.delivery.routes import DORA, PHONE, connect, learn, plan, rows, sell, states
from tests.engines import on_one_engine
from tests.make import Browser, Shop
from tests.smtp import MailServer

pytestmark = on_one_engine


def text(browser: Browser, url: str) -> str:
    answer = browser.get(url)
    assert answer.status_code == 200, url
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))


def shown(browser: Browser, url: str) -> int:
    """Count the messages of a list."""
    page = text(browser, url)
    return page[page.index('id="messages"') :].count('<td class="cell-act">')


def fail(shop: Shop, count: int = 1) -> None:
    """Let so many buyers not be told by SMS."""
    fake = connect(shop, Channel.SMS)
    fake.answer = lambda _: Refused("no such number")
    for _ in range(count):
        sell(shop)
    shop.drain()
    fake.answer = None


def test_the_plan_is_moved_and_switched_and_says_what_will_happen(shop: Shop) -> None:
    alice, page = people.alice(shop), f"/office/{shop.slug}/telling?lang=en"
    connect(shop, Channel.SMS)
    assert "by the first of these that reaches them: E-mail, SMS." in text(alice, page)

    alice.post(f"/office/{shop.slug}/telling/order", {"channel": "sms", "way": "up"}, page=page)
    assert "reaches them: SMS, E-mail." in text(alice, page)
    alice.post(f"/office/{shop.slug}/telling/use", {"channel": "email", "on": "0"}, page=page)
    assert "reaches them: SMS." in text(alice, page)
    night = {"quiet_from": "22:00", "quiet_to": "08:00", "told.READY": "1", "waits.READY": "1", "told.QUEUED": "1"}
    alice.post(f"/office/{shop.slug}/telling", night, page=page)
    said = text(alice, page)
    assert "From 22:00 to 08:00 nobody is woken; it waits for the morning: Codes are ready." in said
    assert "Nobody is told of: Money on its way back." in said
    assert "How buyers are notified changed" in said


@pytest.mark.parametrize("wrong", ["25:00", "8", "22.00", "morgen"])
def test_a_time_that_is_none_is_refused_in_words(shop: Shop, wrong: str) -> None:
    alice, page = people.alice(shop), f"/office/{shop.slug}/telling?lang=en"

    answer = alice.post(f"/office/{shop.slug}/telling", {"quiet_from": wrong, "quiet_to": "08:00"}, page=page)

    assert answer.status_code == 422
    assert "Give a time such as 22:00." in answer.get_data(as_text=True)


def test_the_last_channel_is_not_switched_off(shop: Shop) -> None:
    alice, page = people.alice(shop), f"/office/{shop.slug}/telling?lang=en"
    plan(shop, off=frozenset(queries.CHANNELS) - {Channel.EMAIL})

    answer = alice.post(f"/office/{shop.slug}/telling/use", {"channel": "email", "on": "0"}, page=page)

    assert answer.status_code == 422
    assert "At least one channel has to be used." in answer.get_data(as_text=True)


def test_the_list_is_filtered_and_each_figure_leads_to_what_it_counts(shop: Shop, server: MailServer) -> None:
    fail(shop, 2)
    order = sell(shop, DORA)
    shop.drain()
    alice, home = people.alice(shop), f"/office/{shop.slug}/messages?lang=en"
    page = text(alice, home)
    figures = page[page.index('id="figures"') : page.index('class="filters"')]
    assert "33.3%" in figures

    counted = re.findall(r'href="([^"]+state=(?:badly|queued)[^"]*)">(\d+)<', figures)
    assert {number for _, number in counted} == {"2"}  # a zero leads nowhere
    assert re.search(r'<td[^>]*data-label="Being sent">0</td>', figures)
    for url, number in counted:
        assert shown(alice, url.replace("&amp;", "&")) == int(number), url
    for query, found in (
        (f"order={order.number}", 1),
        ("channel=sms", 2),
        ("about=code", 0),
        ("age=day&state=failed", 2),
    ):
        assert shown(alice, f"{home}&{query}") == found, query


def test_all_of_a_list_is_sent_again_once_its_count_is_confirmed(shop: Shop) -> None:
    fail(shop, 3)
    alice, page = people.alice(shop), f"/office/{shop.slug}/messages/resends/new?channel=sms&lang=en"
    assert "3 messages are sent again" in text(alice, page)
    grown = alice.post(f"/office/{shop.slug}/messages/resends", {"channel": "sms", "count": "2"}, page=page)
    assert grown.status_code == 409
    assert "There are 3 such messages now" in grown.get_data(as_text=True)

    answer = alice.post(f"/office/{shop.slug}/messages/resends", {"channel": "sms", "count": "3"}, page=page)
    shop.drain()

    assert "3 of 3 messages" in text(alice, f"{answer.headers['Location']}?lang=en")
    assert shop.read(lambda: queries.count_stuck_among({})) == 0
    again = alice.post(f"/office/{shop.slug}/messages/resends", {"count": "3"}, page=page)
    assert "None of these messages failed or is unknown." in again.get_data(as_text=True)


def test_one_of_which_nobody_knows_is_told_by_another_channel_with_one_click(shop: Shop, server: MailServer) -> None:
    fake = connect(shop, Channel.SMS)
    fake.answer = lambda _: Unknown("cut off")
    learn(shop, PHONE, Channel.EMAIL, DORA)
    plan(shop, channels=(Channel.SMS, Channel.EMAIL))
    order = sell(shop)
    shop.drain()
    alice, page = people.alice(shop), f"/office/{shop.slug}/messages?lang=en"
    listed = text(alice, page)
    assert "cut off" in listed
    assert "By E-mail" in listed

    message = public("msg", rows(shop, order)[0].id)
    alice.post(f"/office/{shop.slug}/messages/{message}/other", {"channel": "email"}, page=page)
    shop.drain()

    assert states(shop, order) == [(Channel.SMS, State.PASSED), (Channel.EMAIL, State.SENT)]


def test_what_is_tried_again_says_how_often_and_when_next(shop: Shop, server: MailServer) -> None:
    server.dead = True
    order = sell(shop, DORA)
    shop.drain()
    (message,) = rows(shop, order)
    (call,) = shop.read(lambda: effects.list_of([message.id])[message.id])

    assert call.due_at > clock.now()
    assert "next at" in text(people.alice(shop), f"/office/{shop.slug}/messages?lang=en")


def test_bob_may_look_and_change_nothing(shop: Shop) -> None:
    fail(shop)
    bob = people.bob(shop)

    assert "Send again" not in text(bob, f"/office/{shop.slug}/messages?lang=en")
    assert "Your role can view this but not change it." in text(bob, f"/office/{shop.slug}/telling?lang=en")


def test_who_begins_finds_words_and_not_a_table(shop: Shop) -> None:
    page = text(people.alice(shop), f"/office/{shop.slug}/messages?lang=en")

    assert "No messages yet" in page
    assert "Last 24 hours</span>" not in page

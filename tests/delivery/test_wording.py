"""A shop's own words: saved as versions, read by buyers once published, and kept for who got them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from app.accounts import queries as accounts
from app.catalog import queries as catalog
from app.catalog import service as shelving
from app.delivery import queries, service
from app.delivery.models import WHOLE_SHOP, Medium
from app.delivery.queries import Place, Said, Step, Words
from app.delivery.wording_text import Span, read
from app.entitlements import queries as entitled
from app.kit import clock, pictures
from app.kit.errors import Invalid, NotFound
from app.kit.events import SYSTEM, By
from app.orders.models import Order
from tests.make import Shop, at_once
from tests.payments.market import Market
from tests.smtp import MailServer

DORA = "dora@example.com"
TIPS = Words(
    title="About {{ product }}", tips="**{{ shop }}**: order {{ order }}, {{ count }} on {{ date }} for {{ buyer }}"
)


def product_of(shop: Shop) -> UUID:
    return shop.read(lambda: catalog.get_sku(shop.sku).product_id)


def place(shop: Shop, lang: str = "en", medium: Medium = Medium.PAGE, product: UUID | None = None) -> Place:
    return Place(product or product_of(shop), lang, medium)


def write(shop: Shop, words: Words, where: Place | None = None, **known: Any) -> int:
    """Save words, publish them, and return their number."""
    spot, now = where or place(shop), known.get("now") or clock.now()
    shop.write(lambda: service.save_wording(spot, words, now=now, by=SYSTEM))
    return shop.write(lambda: service.publish_wording(spot, now=now, by=SYSTEM)).number


def act(shop: Shop, verb: Any, *more: Any, where: Place | None = None, by: By = SYSTEM) -> Any:
    """Do something with a wording of the shop."""
    spot = where or place(shop)
    return shop.write(lambda: verb(spot, *more, now=clock.now(), by=by))


def sell(shop: Shop) -> Order:
    shop.codes(1)
    order = shop.place(contact=DORA)
    assert shop.pay(order)
    return shop.order(order)


def said(shop: Shop, order: Order, lang: str = "en", medium: Medium = Medium.PAGE) -> Said | None:
    def ask() -> dict[UUID, Said]:
        owned = entitled.list_of_order(order.id)
        return queries.said_of(order, owned, lang=lang, medium=medium, now=clock.now())

    return next(iter(shop.read(ask).values()), None)


def title(shop: Shop, order: Order, medium: Medium = Medium.PAGE) -> str | None:
    found = said(shop, order, medium=medium)
    return found.title if found else None


# What is said ----------------------------------------------------------------------------------------------------


def test_words_have_the_values_of_the_order_and_no_contact_in_full(shop: Shop) -> None:
    write(shop, TIPS)
    order = sell(shop)

    found = said(shop, order)
    assert found
    assert found.title == "About Card"
    (line,) = found.tips
    assert line[0] == Span("Alice's", is_bold=True)
    assert order.number in line[1].text
    assert "do***@example.com" in line[1].text
    assert DORA not in str(found)


def test_what_a_buyer_typed_is_no_mark(shop: Shop) -> None:
    write(shop, Words(tips="{{ buyer }}"))
    shop.codes(1)
    order = shop.place(contact="[x](https://evil.example)**b**@example.com")
    assert shop.pay(order)

    found = said(shop, shop.order(order))
    assert found
    assert all(not (span.url or span.is_bold) for line in found.tips for span in line)


def test_a_link_leads_to_https_alone() -> None:
    assert read("[a](https://example.com/x)") == (Span("a", url="https://example.com/x"),)
    assert read("[a](javascript:alert)") == (Span("a"),)
    assert read("[a](http://example.com)") == (Span("a"),)
    assert read(r"\*\*plain\*\* <b>") == (Span("**plain** <b>"),)


def test_faults_are_told_all_at_once_with_their_line(shop: Shop) -> None:
    bad = Words(
        title="x" * 81,
        tips="fine\n{{ code }}",
        steps=(Step("[a](http://example.com)"),),
        button="Go",
        button_url="https://example.com/{{ code }}",
    )
    with pytest.raises(Invalid) as refusal:
        act(shop, service.save_wording, bad)

    assert set(refusal.value.fields) == {"title", "tips", "step_1", "button_url"}
    assert "Line 2: there is no “code”" in str(refusal.value.fields["tips"])


# Which words -----------------------------------------------------------------------------------------------------


def test_words_fall_back_from_product_to_shop_to_none(shop: Shop) -> None:
    order = sell(shop)
    assert said(shop, order) is None

    steps: list[tuple[Place, str]] = [
        (place(shop, product=WHOLE_SHOP), "shop en"),
        (place(shop, "zh"), "product zh"),
        (place(shop, "en"), "product en"),
    ]
    for where, words in steps:
        write(shop, Words(title=words), where)
        again = sell(shop)
        assert title(shop, again) == words
    assert title(shop, again, Medium.MAIL) == "product en"
    write(shop, Words(title="mail"), place(shop, medium=Medium.MAIL))
    assert title(shop, sell(shop), Medium.MAIL) == "mail"
    assert title(shop, sell(shop)) == "product en"


def test_a_draft_is_read_by_nobody(shop: Shop) -> None:
    act(shop, service.save_wording, Words(title="draft"))

    assert said(shop, sell(shop)) is None


def test_a_buyer_keeps_the_version_he_got(shop: Shop) -> None:
    write(shop, Words(title="first"))
    early = sell(shop)
    assert write(shop, Words(title="second")) == 2
    late = sell(shop)
    act(shop, service.withdraw_wording)
    after = sell(shop)

    assert [title(shop, it) for it in (early, late, after)] == ["first", "second", None]


def test_what_is_published_again_after_it_was_withdrawn_is_a_version_of_its_own(shop: Shop) -> None:
    write(shop, Words(title="first"))
    act(shop, service.withdraw_wording)
    between = sell(shop)

    assert act(shop, service.publish_wording).number == 2
    assert said(shop, between) is None


def test_an_older_version_and_another_text_can_be_taken_over(shop: Shop) -> None:
    write(shop, Words(title="first"))
    write(shop, Words(title="second"))
    made = act(shop, service.restore_wording, 1)
    assert (made.number, made.title, made.published_at) == (3, "first", None)

    mail = place(shop, medium=Medium.MAIL)
    copied = act(shop, service.copy_wording, place(shop), where=mail)
    assert (copied.number, copied.title) == (1, "first")
    with pytest.raises(NotFound):
        act(shop, service.restore_wording, 9)


def test_the_same_words_once_more_make_no_version(shop: Shop) -> None:
    for _ in range(2):
        made = act(shop, service.save_wording, TIPS)

    assert made.number == 1


def test_pictures_stay_at_their_steps_when_words_change(shop: Shop) -> None:
    picture = shop.write(lambda: pictures.keep_drawn('<svg viewBox="0 0 9 9"/>', now=clock.now()))
    act(shop, service.put_picture, "2", picture)
    new = Words(title="x", steps=(Step("one"), Step("two"), Step("three")))
    made = act(shop, service.save_wording, new)

    words = queries.words_of(made)
    assert words == replace(new, steps=(Step("one"), Step("two", picture), Step("three")))
    with pytest.raises(NotFound):
        act(shop, service.put_picture, "6", picture)


@pytest.mark.both_engines
def test_of_many_who_publish_at_once_one_version_is_in_force(shop: Shop) -> None:
    def job(number: int) -> Any:
        return lambda: write(shop, Words(title=f"by {number}"))

    at_once([job(number) for number in range(4)])

    spot = place(shop)
    versions = shop.read(lambda: queries.list_versions(spot))
    assert sum(it.published_at is not None and it.ended_at is None for it in versions) == 1
    assert sorted(it.number for it in versions) == list(range(1, len(versions) + 1))


# Letters ---------------------------------------------------------------------------------------------------------


def test_the_letter_says_it_too(shop: Shop, server: MailServer) -> None:
    write(shop, replace(TIPS, steps=(Step("Open **the app**"),), button="Redeem", button_url="https://example.com/r"))
    sell(shop)
    shop.drain()

    (letter,) = server.letters
    html = letter.message.get_body(("html",))
    assert html is not None
    for part in ("About Card", "<b>the app</b>", 'href="https://example.com/r"'):
        assert part in html.get_content()
    for part in ("About Card", "1. Open the app", "Redeem: https://example.com/r"):
        assert part in letter.text


def test_no_code_reaches_a_letter_whatever_the_words_are(shop: Shop, server: MailServer) -> None:
    write(shop, replace(TIPS, tips=" ".join(f"{{{{ {name} }}}}" for name in queries.NAMES)))
    shop.imports("CANARY-IN-WORDS-1")
    order = shop.place(contact=DORA)
    assert shop.pay(order)
    shop.drain()

    assert "CANARY" not in str(server.letters[0].message)
    assert "CANARY" not in str(said(shop, shop.order(order)))


def test_the_letter_of_what_opens_later_says_when_and_the_next_one_comes_then(
    market: Market, server: MailServer
) -> None:
    shop = market.shop
    shop.write(lambda: shelving.set_opening(catalog.get_sku(shop.sku), 30, now=clock.now(), by=SYSTEM))
    order = sell(shop)
    shop.drain()

    (letter,) = server.letters
    assert order.paid_at
    opens = (order.paid_at + timedelta(minutes=30)).astimezone(ZoneInfo("Asia/Shanghai"))
    assert f"your order opens at {opens:%Y-%m-%d %H:%M} CST" in letter.text
    market.wait(minutes=30)
    assert "Your codes are ready" in server.letters[-1].message["Subject"]


def test_a_trial_goes_to_whoever_asks_and_to_nobody_else(shop: Shop, server: MailServer) -> None:
    act(shop, service.save_wording, TIPS)
    owner = shop.read(lambda: next(iter(accounts.list_owners())))
    act(shop, service.try_wording, by=By("user", owner))
    shop.drain()

    (letter,) = server.letters
    assert letter.to == (shop.owner,)
    assert "Only a trial" in letter.message["Subject"]
    assert "About Card" in letter.text

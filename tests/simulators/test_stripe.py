"""The simulated Stripe as Stripe's own library, buyers and shops use it."""

from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe as sdk

from tests.simulators.stripe_desk import ITEM, WISH, Desk, Shop, desk, shop, told

__all__ = ["desk", "shop"]  # fixtures


# As the library sees it ------------------------------------------------------------------------------------------


def test_the_library_opens_a_session_a_buyer_pays_and_the_shop_is_told(desk: Desk, shop: Shop) -> None:
    secret = desk.tell(shop)
    session = desk.opened()
    assert (session.status, session.payment_status, session.amount_total) == ("open", "unpaid", 1999)

    status, _, headers = desk.press(session.url, "pay")

    assert (status, headers["Location"]) == (303, f"https://shop.example/o/x?s={session.id}")
    event = told(shop, secret, "checkout.session.completed")
    assert event.data.object.payment_status == "paid"
    again = desk.v1.checkout.sessions.retrieve(
        session.id, params={"expand": ["payment_intent.latest_charge.balance_transaction"]}
    )
    assert again.payment_intent.latest_charge.payment_method_details.card.brand == "visa"
    assert again.payment_intent.latest_charge.balance_transaction.fee == 87


def test_a_session_expires_once_and_not_after_it_was_paid(desk: Desk) -> None:
    session = desk.opened()
    assert desk.v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(sdk.InvalidRequestError, match="status of `expired`"):
        desk.v1.checkout.sessions.expire(session.id)
    assert desk.press(session.url or f"{desk.url}/c/pay/{session.id}", "pay")[0] in (403, 409)

    paid = desk.opened()
    desk.press(paid.url, "pay")
    with pytest.raises(sdk.InvalidRequestError, match="status of `complete`"):
        desk.v1.checkout.sessions.expire(paid.id)


def test_money_goes_back_and_never_more_than_came(desk: Desk, shop: Shop) -> None:
    secret = desk.tell(shop)
    session = desk.opened()
    desk.press(session.url, "pay")
    payment = desk.v1.checkout.sessions.retrieve(session.id).payment_intent

    refund = desk.v1.refunds.create(params={"payment_intent": payment, "amount": 500})
    assert (refund.status, refund.amount) == ("succeeded", 500)
    with pytest.raises(sdk.InvalidRequestError, match="greater than unrefunded"):
        desk.v1.refunds.create(params={"payment_intent": payment, "amount": 1500})
    desk.v1.refunds.create(params={"payment_intent": payment})
    with pytest.raises(sdk.InvalidRequestError) as refused:
        desk.v1.refunds.create(params={"payment_intent": payment})

    assert refused.value.code == "charge_already_refunded"
    assert sum(one.amount for one in desk.v1.refunds.list(params={"payment_intent": payment}).data) == 1999
    assert told(shop, secret, "charge.refunded").data.object.amount == 1999
    moved = desk.v1.balance_transactions.list(params={"limit": 100, "expand": ["data.source"]}).data
    assert sum(one.amount for one in moved) == 0
    assert {one.source.object for one in moved} == {"charge", "refund"}


def test_a_key_does_one_thing_once_and_repeats_its_answer(desk: Desk) -> None:
    first = desk.v1.checkout.sessions.create(params=WISH, options={"idempotency_key": "k"})
    again = desk.v1.checkout.sessions.create(params=WISH, options={"idempotency_key": "k"})
    assert (again.id, again.last_response.headers["idempotent-replayed"]) == (first.id, "true")

    with pytest.raises(sdk.IdempotencyError):
        desk.v1.checkout.sessions.create(
            params=WISH | {"client_reference_id": "other"}, options={"idempotency_key": "k"}
        )


def test_an_error_after_the_work_is_repeated_under_its_key_and_one_before_is_not(desk: Desk) -> None:
    desk.gateway.faults.cause("down", on="start", times=1)
    with pytest.raises(sdk.APIError):
        desk.v1.checkout.sessions.create(params=WISH, options={"idempotency_key": "a"})
    desk.v1.checkout.sessions.create(params=WISH, options={"idempotency_key": "a"})

    desk.gateway.faults.cause("broken", on="start", times=1)
    for _ in range(2):
        with pytest.raises(sdk.APIError):
            desk.v1.checkout.sessions.create(params=WISH, options={"idempotency_key": "b"})


def test_two_with_one_key_at_once_are_told_so(desk: Desk) -> None:
    desk.gateway.book.begin(desk.who.account, "k", "what the other asks", desk.gateway.now)

    with pytest.raises(sdk.StripeError) as refused:
        desk.v1.checkout.sessions.create(params=WISH, options={"idempotency_key": "k"})

    assert refused.value.http_status in (400, 409)


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": "gift"},
        {"success_url": ""},
        {"line_items": []},
        {"colour": "red"},
        {"expires_at": 1},
        {"line_items": [{"quantity": 1, "price_data": ITEM["price_data"] | {"unit_amount": 49}}]},  # type: ignore[operator]
        {"line_items": [{"quantity": 1, "price_data": ITEM["price_data"] | {"currency": "USD"}}]},  # type: ignore[operator]
        {"line_items": [{"quantity": 1, "price_data": ITEM["price_data"] | {"currency": "isk", "unit_amount": 550}}]},  # type: ignore[operator]
        {"line_items": [{"quantity": 1, "price_data": ITEM["price_data"] | {"currency": "kwd", "unit_amount": 5125}}]},  # type: ignore[operator]
    ],
)
def test_what_stripe_refuses_is_refused(desk: Desk, changes: dict[str, Any]) -> None:
    with pytest.raises(sdk.InvalidRequestError):
        desk.opened(**changes)


def test_a_stranger_s_key_opens_nothing_and_is_not_shown(desk: Desk) -> None:
    stranger: Any = sdk.StripeClient("sk_test_astranger", base_addresses={"api": desk.url}).v1

    with pytest.raises(sdk.AuthenticationError) as refused:
        stranger.checkout.sessions.create(params=WISH)

    assert "astranger" not in str(refused.value)


def test_lists_come_in_pages(desk: Desk) -> None:
    for _ in range(7):
        desk.opened()

    page = desk.v1.checkout.sessions.list(params={"limit": 3})

    assert len({session.id for session in page.auto_paging_iter()}) == 7


# As a buyer sees it ----------------------------------------------------------------------------------------------


def test_the_page_is_marked_plain_and_closed_to_frames_and_scripts(desk: Desk) -> None:
    status, text, headers = desk.get(urlsplit(desk.opened().url).path)

    assert status == 200
    for words in ("不动真钱", "no real money", "19.99", "USD", "卡 &amp; &lt;b&gt;", 'name="viewport"'):
        assert words in text
    assert "<script" not in text
    assert headers["Content-Security-Policy"].endswith("form-action 'self' https://shop.example")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert desk.get("/style.css")[0] == 200


def test_a_buyer_may_be_declined_and_try_again_or_go_back(desk: Desk) -> None:
    session = desk.opened(cancel_url="https://shop.example/o/x")

    assert "declined" in desk.press(session.url, "decline")[1]
    assert desk.press(session.url, "back")[2]["Location"] == "https://shop.example/o/x"
    assert desk.press(session.url, "pay")[0] == 303
    assert "Already paid" in desk.get(urlsplit(session.url).path)[1]


def test_a_form_without_its_token_pays_nothing(desk: Desk) -> None:
    session = desk.opened()

    assert desk._call("POST", urlsplit(session.url).path, "choice=pay")[0] == 403
    assert desk.v1.checkout.sessions.retrieve(session.id).status == "open"


def test_no_page_is_shown_for_a_number_that_there_is_not(desk: Desk) -> None:
    assert desk.get("/c/pay/cs_test_nothing")[0] == 404

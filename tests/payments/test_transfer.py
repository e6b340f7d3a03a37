"""Bank transfers: what a buyer tells, what people confirm, and where the money goes that is not what was due."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from app.kit import clock
from app.kit.errors import Invalid, NotFound
from app.kit.events import SYSTEM
from app.kit.ids import new_id
from app.kit.money import Money
from app.messages.models import StaffNote
from app.orders import queries as orders
from app.orders.models import Order
from app.orders.service import TIME_TO_PAY
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.errors import (
    LookedMeanwhile,
    NoTransferHere,
    OddProof,
    ProofTooLarge,
    TooManyTellings,
)
from app.payments.models import PaybackKind, PaybackState, TellingState
from app.payments.providers import TRANSFER, Account, BadAccount, Scene, provider
from app.payments.service.transfers import MOST_TELLINGS
from app.refunds import service as refunds
from tests.make import at_once
from tests.payments.gate import inbox
from tests.payments.market import Market, rows
from tests.payments.transferring import PDF, Till, picture
from tests.payments.transferring import till as till

BOOKS = ("income:sales", "asset:bank", "asset:gateway", "liability:refunds")


@pytest.fixture
def order(market: Market) -> Order:
    market.shop.codes(4)
    return market.shop.place()


def test_a_transfer_somebody_saw_in_the_bank_pays_as_any_notice_does(till: Till, order: Order) -> None:
    till.begin(order)
    till.tell(order)

    assert till.confirm(order) == 0
    till.market.work()

    assert till.market.word(order) == "delivered"
    assert [till.market.balance(name) for name in BOOKS] == [-1999, 1999, 0, 0]
    till.market.assert_books()
    assert {"transfer.told", "transfer.confirmed", "order.paid"} <= set(till.market.happened(order))
    assert till.shop.order(order).expires_at == order.expires_at  # by which windows of time know when it was placed


def test_an_order_waits_a_day_for_its_transfer_and_then_gives_its_stock_back(till: Till, order: Order) -> None:
    till.begin(order)
    assert till.shop.order(order).expires_at == order.placed_at + timedelta(hours=24)
    till.market.wait(hours=23)
    assert (till.market.word(order), till.shop.stock()["held"]) == ("pending", 1)
    till.begin(order)  # choosing it again does not lengthen it

    till.market.wait(hours=1, minutes=1)

    assert (till.market.word(order), till.shop.stock()["held"]) == ("expired", 0)
    assert [effect.kind for effect in till.market.effects(till.transfer(order))].count("payment.sweep") == 0


def test_another_gateway_that_closes_after_its_own_time_leaves_the_order_to_the_transfer(
    till: Till, order: Order
) -> None:
    till.market.start(order)
    till.begin(order)

    till.market.wait(minutes=16)

    assert till.market.word(order) == "pending"
    assert till.confirm(order) == 0


def test_money_after_the_end_takes_the_way_of_all_late_money(till: Till, market: Market) -> None:
    market.shop.codes(1)
    order = market.shop.place()
    till.begin(order)
    market.wait(hours=25)
    till.tell(order)  # it may be on its way
    market.buy(market.shop.place())

    till.confirm(order)
    market.work()

    assert market.word(order) == "queued"
    market.shop.codes(1)
    market.work()
    assert market.word(order) == "delivered"


def test_pieces_pay_as_soon_as_they_are_enough_together(till: Till, order: Order) -> None:
    till.begin(order)
    till.tell(order, 1000)

    assert [till.confirm(order, 1000), till.confirm(order, 500)] == [999, 499]
    assert (till.received(order), till.market.word(order)) == (1500, "pending")
    (open_notice,) = [row for row in inbox(till.shop) if row.cleared_at is None]  # one line for people, with all of it
    assert (open_notice.is_misfit, open_notice.amount) == (True, 1500)

    assert till.confirm(order, 499) == 0
    till.market.work()
    assert (till.received(order), till.market.word(order)) == (0, "delivered")
    assert [till.market.balance(name) for name in BOOKS] == [-1999, 1999, 0, 0]
    till.market.assert_books()
    assert not till.market.paybacks()


@pytest.mark.parametrize("way", ["accepted as full payment", "sent back"])
def test_too_little_is_taken_for_the_whole_or_goes_back_by_hand(till: Till, order: Order, way: str) -> None:
    till.begin(order)
    till.confirm(order, 1000)
    till.confirm(order, 500)
    (notice,) = [row for row in inbox(till.shop) if row.cleared_at is None]

    if way == "sent back":
        till.shop.write(lambda: payments.send_back_misfit(notice.id, now=clock.now(), by=SYSTEM))
        till.market.work()
        (payback,) = till.market.paybacks()
        assert (payback.state, payback.amount, till.received(order)) == (PaybackState.REFUSED, 1500, 0)
        assert till.confirm(order, 1999) == 0  # what went back does not count
    else:
        till.shop.write(lambda: payments.accept_short(notice.id, reason="kind", now=clock.now(), by=SYSTEM))
    till.market.work()
    paid = till.shop.order(order)
    assert paid.expires_at - paid.placed_at == TIME_TO_PAY  # windows of time reckon from it

    assert till.market.word(order) == "delivered"


def test_what_is_more_than_due_is_given_back_by_hand_and_stays_in_sight_until_then(till: Till, order: Order) -> None:
    till.begin(order)

    till.confirm(order, 1000)
    till.confirm(order, 1500)
    till.market.work()

    assert till.market.word(order) == "delivered"
    (payback,) = till.market.paybacks(order)
    assert (payback.kind, payback.amount, payback.state) == (PaybackKind.SURPLUS, 501, PaybackState.REFUSED)
    assert till.shop.read(lambda: paying.list_stuck_paybacks(limit=9))
    assert till.shop.read(lambda: paying.is_by_hand(payback))
    till.shop.write(lambda: payments.give_back_by_hand(payback.id, note="sent back", now=clock.now(), by=SYSTEM))
    assert not till.shop.read(lambda: paying.list_stuck_paybacks(limit=9))
    till.market.work()
    assert [till.market.balance(name) for name in BOOKS] == [-1999, 1999, 0, 0]
    till.market.assert_books()


def test_money_for_an_order_that_is_paid_is_surplus(till: Till, order: Order) -> None:
    till.begin(order)
    till.market.buy(order)

    till.confirm(order)
    till.market.work()

    (payback,) = till.market.paybacks(order)
    assert (payback.kind, payback.amount) == (PaybackKind.SURPLUS, 1999)


def test_a_refund_goes_back_by_hand(till: Till, order: Order) -> None:
    till.begin(order)
    till.confirm(order)
    till.market.work()

    till.shop.write(lambda: refunds.refund(order.id, reason="", now=clock.now(), by=SYSTEM))
    till.market.work()

    (payback,) = till.market.paybacks(order)
    assert (payback.kind, payback.state) == (PaybackKind.REFUND, PaybackState.REFUSED)
    till.shop.write(lambda: payments.give_back_by_hand(payback.id, note="sent", now=clock.now(), by=SYSTEM))
    till.market.work()
    assert till.market.word(order) == "refunded"
    assert [till.market.balance(name) for name in BOOKS] == [0, 0, 0, 0]
    till.market.assert_books()


def test_a_bank_reference_counts_once_in_the_whole_shop(till: Till, order: Order) -> None:
    second = till.shop.place()
    for each in (order, second):
        till.begin(each)
    till.confirm(order, reference="BANK-1")

    with pytest.raises(Invalid) as refused:
        till.confirm(second, reference="BANK-1")

    assert list(refused.value.fields) == ["reference"]
    assert (till.market.word(second), till.seen(second)) == ("pending", 0)


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("same", [True, False])
def test_of_many_who_confirm_at_once_one_counts(till: Till, order: Order, told: bool, same: bool) -> None:
    till.begin(order)
    telling_id = till.tell(order) if told else None
    known: dict[str, Any] = {"seen": 0, "telling_id": telling_id}

    said = at_once(
        [partial(till.confirm, order, 1999, "BANK-1" if same else f"BANK-{place}", **known) for place in range(5)]
    )

    assert sum(answer == 0 for answer in said) == 1, said
    assert all(answer == 0 or isinstance(answer, LookedMeanwhile | Invalid) for answer in said), said
    assert (till.market.word(order), till.seen(order)) == ("delivered", 1)
    assert not till.market.paybacks()


def test_of_a_confirmation_and_a_rejection_at_once_one_counts(till: Till, order: Order) -> None:
    till.begin(order)
    telling_id = till.tell(order)

    jobs: list[Any] = [
        partial(till.confirm, order, seen=0, telling_id=telling_id),
        partial(till.reject, order, telling_id),
    ]
    said = at_once(jobs)

    assert sum(isinstance(answer, LookedMeanwhile) for answer in said) == 1, said


def test_a_buyer_tells_anew_until_somebody_has_looked(till: Till, order: Order) -> None:
    transfer = till.begin(order)
    first = till.tell(order, 19990)
    second = till.tell(order)
    with pytest.raises(LookedMeanwhile):
        till.confirm(order, telling_id=first)
    with pytest.raises(NotFound):  # its proof is gone
        till.shop.write(lambda: payments.take_transfer_proof(transfer, first, network="", now=clock.now(), by=SYSTEM))

    till.reject(order, second, "the name is another")

    told = till.shop.read(lambda: paying.list_tellings(transfer))
    assert [(one.state, one.reason) for one in told] == [
        (TellingState.REJECTED, "the name is another"),
        (TellingState.REPLACED, ""),
    ]
    assert till.shop.read(lambda: paying.payer_of(told[0])) == "Dora"
    with pytest.raises(LookedMeanwhile):
        till.reject(order, second)
    notes = [note for note in till.shop.read(lambda: rows(StaffNote)) if note.kind == "transfer.told"]
    assert len(notes) == 2  # once for each proof

    for _ in range(MOST_TELLINGS - 2):
        till.tell(order)
    with pytest.raises(TooManyTellings):
        till.tell(order)


def test_a_proof_is_given_out_as_it_was_kept_and_each_look_is_told(till: Till, order: Order) -> None:
    transfer = till.begin(order)
    number = till.tell(order)

    telling, content = till.shop.write(
        lambda: payments.take_transfer_proof(transfer, number, network="n", now=clock.now(), by=SYSTEM)
    )

    assert (content, b"%PDF" in telling.proof) == (PDF, False)  # sealed where it lies
    assert "transfer.proof_taken" in till.market.happened(order)
    with pytest.raises(NotFound):  # by the number of another transfer
        till.shop.write(lambda: payments.take_transfer_proof(new_id(), number, network="", now=clock.now(), by=SYSTEM))


def test_what_cannot_be_is_refused_and_changes_nothing(till: Till, order: Order) -> None:
    with pytest.raises(NoTransferHere):  # not chosen yet
        till.tell(order)
    till.begin(order)
    tomorrow = clock.now().date() + timedelta(days=1)
    for amount, more, field in (
        (0, {}, "amount"),
        (-1, {}, "amount"),
        (1999 * 100 + 1, {}, "amount"),
        (1999, {"currency": "USD"}, "amount"),
        (1999, {"sent_on": tomorrow}, "sent_on"),
    ):
        with pytest.raises(Invalid) as refused:
            till.tell(order, amount, **more)
        assert list(refused.value.fields) == [field], (amount, more)
    for amount, more in ((0, {}), (-5, {}), (199901, {}), (1999, {"currency": "USD"})):
        with pytest.raises(Invalid):
            till.confirm(order, amount, **more)
    with pytest.raises(Invalid):
        till.reject(order, new_id(), "")
    assert (till.waiting(order), till.seen(order), till.market.word(order)) == (None, 0, "pending")

    paid = till.shop.place()
    till.begin(paid)
    till.market.buy(paid)
    cancelled = till.shop.place()
    till.begin(cancelled)
    till.shop.write(lambda: payments.cancel(orders.get(cancelled.id), now=clock.now(), by=SYSTEM))
    till.market.work()
    assert till.market.word(cancelled) == "cancelled"
    for closed in (paid, cancelled):
        with pytest.raises(NoTransferHere):
            till.tell(closed)


def test_a_proof_is_a_picture_made_anew_or_a_pdf_as_it_is() -> None:
    made = payments.read_proof(picture(kind="JPEG") + b"<script>")
    assert (made.media, b"<script>" in made.content) == ("image/webp", False)
    assert payments.read_proof(PDF).content == PDF

    bomb = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (60_000).to_bytes(4) * 2 + b"\x08\x02\0\0\0" + b"\0" * 40
    for bad in (b"MZ\x90\0" + b"\0" * 99, b"%PDF-1.4 cut off", bomb, b"GIF89a", b"<svg/>", b"", b"RIFF____AVI "):
        with pytest.raises(OddProof):
            payments.read_proof(bad)
    with pytest.raises(ProofTooLarge):
        payments.read_proof(PDF * 200_000)


def test_an_account_nobody_could_send_money_to_is_refused() -> None:
    gateway = provider(TRANSFER)
    good = {"holder": "A", "bank": "B", "hours": "168", "currency": "CNY"}
    gateway.check(Account("DE89 3704 0044 0532 0130 00", good))
    for number, more, field in (
        ("12", {}, "number"),
        ("<b>123456</b>", {}, "number"),
        ("123456", {"hours": "0"}, "hours"),
        ("123456", {"hours": "169"}, "hours"),
        ("123456", {"hours": "day"}, "hours"),
        ("123456", {"currency": "yuan"}, "currency"),
        ("123456", {"note": "x" * 301}, "note"),
    ):
        with pytest.raises(BadAccount) as fault:
            gateway.check(Account(number, good | more))
        assert fault.value.field == field

    offers = [gateway.offers(Scene.DESKTOP, Money(1, currency), Account("1", good)) for currency in ("CNY", "USD")]
    assert [offer is None for offer in offers] == [False, True]

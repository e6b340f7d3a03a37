"""What Stripe tells us: signatures, times, modes, accounts, and what each kind of event means."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from stripe import SignatureVerificationError, StripeClient, WebhookSignature

from app.kit.money import Money
from app.kit.secret import Secret
from app.payments.providers import Account, Forged, Hint, Told, Wire
from app.payments.providers.stripe import Stripe

VECTOR = json.loads((Path(__file__).parent / "vectors" / "vectors.json").read_text())["stripe"]
SECRET = "whsec_test_secret"
ACCOUNT = Account("acct_0123456789", keys={"key": Secret("sk_test_0123456789"), "webhook": Secret(SECRET)})
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SESSION: dict[str, Any] = {
    "id": "cs_test_a1",
    "object": "checkout.session",
    "mode": "payment",
    "status": "complete",
    "payment_status": "paid",
    "amount_total": 1999,
    "currency": "cny",
    "client_reference_id": "trade1",
    "metadata": {"trade": "trade1"},
    "payment_intent": "pi_1",
    "payment_method_types": ["card"],
    "livemode": False,
    "customer_details": {"email": "Dora@Example.com", "name": "Dora Buyer", "phone": "+8613800138000"},
    "url": "https://checkout.stripe.com/c/pay/cs_test_a1#secret",
}


def event(name: str = "checkout.session.completed", thing: dict[str, Any] | None = None, **more: Any) -> bytes:
    said = {"id": "evt_1", "object": "event", "type": name, "livemode": False, "data": {"object": thing or SESSION}}
    return json.dumps(said | more).encode()


def signed(body: bytes, *, at: datetime = NOW, secret: str = SECRET) -> Wire:
    """Return a body as Stripe's own library signs it."""
    header = WebhookSignature.generate_signature_header(body.decode(), secret, int(at.timestamp()))
    return Wire({"Stripe-Signature": header}, body)


def hear(wire: Wire, account: Account = ACCOUNT, now: datetime = NOW) -> Told | Hint:
    return Stripe().verify(wire, account, now)


def why_not(wire: Wire, account: Account = ACCOUNT, now: datetime = NOW) -> str:
    with pytest.raises(Forged) as forged:
        hear(wire, account, now)
    return str(forged.value)


def test_a_paid_session_is_a_payment() -> None:
    payment = Told("trade1", "pi_1", "acct_0123456789", Money(1999, "CNY"), "card", "dora@example.com")

    assert hear(signed(event())) == payment
    assert hear(signed(event("checkout.session.async_payment_succeeded"))) == payment


def test_the_vector_has_the_signature_that_we_expect() -> None:
    body, stamp = VECTOR["payload"].encode(), VECTOR["t"]
    wire = Wire({"stripe-signature": f"t={stamp},v1={VECTOR['v1']}"}, body)
    account = Account("acct_1", keys={"key": Secret("sk_test_x"), "webhook": Secret(VECTOR["secret"])})

    assert why_not(wire, account, datetime.fromtimestamp(stamp, UTC)) == "another mode"  # past the signature


def test_stripe_s_library_believes_what_we_believe_and_no_more() -> None:
    client, wire = StripeClient("sk_test_x"), signed(event(), at=datetime.now(UTC))
    header = wire.headers["Stripe-Signature"]

    client.construct_event(wire.body, header, SECRET)
    assert isinstance(hear(wire, now=datetime.now(UTC)), Told)

    with pytest.raises(SignatureVerificationError):
        client.construct_event(wire.body + b" ", header, SECRET)
    assert why_not(Wire(wire.headers, wire.body + b" "), now=datetime.now(UTC)) == "wrong signature"


def test_an_old_time_is_refused_and_so_is_one_to_come_which_stripe_s_library_takes() -> None:
    assert why_not(signed(event(), at=NOW - timedelta(seconds=301))) == "too old"
    assert why_not(signed(event(), at=NOW + timedelta(seconds=301))) == "too new"
    assert isinstance(hear(signed(event(), at=NOW - timedelta(seconds=300))), Told)
    assert isinstance(hear(signed(event(), at=NOW + timedelta(seconds=300))), Told)


def test_while_a_secret_is_rolled_one_of_two_signatures_is_enough() -> None:
    old, new = (signed(event(), secret=secret).headers["Stripe-Signature"] for secret in ("whsec_old", SECRET))
    both = f"{old},{new.split(',')[1]}"

    assert isinstance(hear(Wire({"Stripe-Signature": both}, event())), Told)


def test_a_v0_signature_is_none() -> None:
    header = signed(event()).headers["Stripe-Signature"].replace("v1=", "v0=")

    assert why_not(Wire({"Stripe-Signature": header}, event())) == "wrong signature"


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", "no timestamp"),
        ("nonsense", "no timestamp"),
        ("t=,v1=00", "no timestamp"),
        ("t=１２,v1=00", "no timestamp"),
        ("t=1,t=2,v1=00", "no timestamp"),
        (f"t={int(NOW.timestamp())}", "wrong signature"),
        (f"t={int(NOW.timestamp())},v1=é", "wrong signature"),
    ],
)
def test_a_header_that_makes_no_sense_is_refused(header: str, reason: str) -> None:
    assert why_not(Wire({"Stripe-Signature": header}, event())) == reason
    assert why_not(Wire({}, event())) == "no timestamp"


def test_without_a_signing_secret_nothing_is_believed_also_what_an_empty_one_signed() -> None:
    empty = Account(ACCOUNT.number, keys={"key": ACCOUNT.key("key")})

    assert why_not(signed(event(), secret=""), empty) == "no signing secret"


def test_test_and_live_do_not_mix() -> None:
    live = Account(ACCOUNT.number, keys={**ACCOUNT.keys, "key": Secret("rk_live_0123456789")})

    assert why_not(signed(event()), live) == "another mode"
    assert why_not(signed(event(livemode=True))) == "another mode"
    assert why_not(signed(event(thing=SESSION | {"livemode": True}))) == "another mode"


def test_an_event_of_another_account_is_not_ours() -> None:
    assert why_not(signed(event(account="acct_another"))) == "another merchant"


def test_a_payment_of_something_else_in_the_same_account_is_nothing_of_ours() -> None:
    assert hear(signed(event(thing=SESSION | {"metadata": {}}))) == Hint(trade_no="pi_1")
    assert hear(signed(event("customer.created", {"id": "cus_1", "object": "customer"}))) == Hint()


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("checkout.session.completed", {"payment_status": "unpaid"}),
        ("checkout.session.completed", {"payment_status": "no_payment_required"}),
        ("checkout.session.completed", {"mode": "setup"}),
        ("checkout.session.expired", {"status": "expired", "payment_status": "unpaid"}),
        ("checkout.session.async_payment_failed", {"payment_status": "unpaid"}),
        ("charge.succeeded", {}),
        ("charge.refunded", {}),
        ("payment_intent.succeeded", {}),
    ],
)
def test_all_else_only_makes_us_ask(name: str, changes: dict[str, Any]) -> None:
    assert hear(signed(event(name, SESSION | changes))) == Hint("trade1")


def test_a_refund_that_moved_makes_us_ask_about_it() -> None:
    refund = {"id": "re_1", "object": "refund", "metadata": {"trade": "trade1", "payback": "ref1"}}

    assert hear(signed(event("refund.updated", refund))) == Hint("trade1", "ref1")
    assert hear(signed(event("refund.failed", refund))) == Hint("trade1", "ref1", alarm="refund failed")


def test_a_dispute_is_something_a_person_must_see() -> None:
    dispute = {"id": "dp_1", "object": "dispute", "metadata": {}, "payment_intent": "pi_1"}

    assert hear(signed(event("charge.dispute.created", dispute))) == Hint(trade_no="pi_1", alarm="disputed")
    ends = {"won": "dispute won", "lost": "dispute lost", "warning_closed": "dispute over"}
    for status, alarm in ends.items():
        over = signed(event("charge.dispute.closed", dispute | {"status": status}))
        assert hear(over) == Hint(trade_no="pi_1", alarm=alarm)


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_total": "1999"},
        {"amount_total": 19.99},
        {"amount_total": True},
        {"amount_total": None},
        {"currency": None},
        {"currency": "rmb!"},
        {"payment_intent": None},
        {"payment_intent": "seti_1"},
        {"client_reference_id": "trade2"},
        {"client_reference_id": None},
    ],
)
def test_a_payment_that_cannot_be_read_is_none(changes: dict[str, Any]) -> None:
    assert why_not(signed(event(thing=SESSION | changes))) == "not understood"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'"event"', b"{}", b"[" * 60_000])
def test_what_is_no_event_is_refused(body: bytes) -> None:
    stamp = int(NOW.timestamp())
    mark = hmac.new(SECRET.encode(), b"%d." % stamp + body, hashlib.sha256).hexdigest()

    assert why_not(Wire({"Stripe-Signature": f"t={stamp},v1={mark}"}, body)) == "not understood"


def test_what_is_kept_tells_nothing_of_who_paid_nor_where_to_pay() -> None:
    kept = Stripe().kept(Wire({}, event()))

    for secret in ("ora@", "Dora", "13800138000", "#secret"):
        assert secret not in kept
    said = json.loads(kept)
    assert (said["id"], said["type"]) == ("evt_1", "checkout.session.completed")
    assert said["data"]["object"]["amount_total"] == 1999
    assert said["data"]["object"]["metadata"] == {"trade": "trade1"}


@pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 60_000, b'{"data": {"object": {"status": "\\ud800"}}}'])
def test_anything_at_all_can_be_kept(body: bytes) -> None:
    kept = Stripe().kept(Wire({}, body))

    assert kept.encode("utf-8").decode("utf-8") == kept  # a database takes no half of a letter

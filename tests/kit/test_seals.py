"""A seal opens in its own place, with its own key, unchanged; in any other way it stays shut (B3.2)."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kit import crypto, db
from app.kit.crypto import Key, Sealed, Unreadable
from app.kit.ids import new_id
from app.kit.secret import Secret
from tests.kit.depth import DEPTH

PLAIN = "CANARY-4711-XYZ"
RAW, OTHER_RAW = bytes(range(32)), bytes(range(1, 33))
KEY = Key(7, UUID(int=1), "contact", RAW)
ROW = UUID(int=99)


def sealed(key: Key = KEY, text: str = PLAIN, *, row: UUID = ROW) -> Sealed:
    blob = key.seal("order", "contact", row, Secret(text))
    return Sealed("order", "contact", key.merchant_id, row, key.id, blob)


@given(st.text(max_size=200))
@settings(max_examples=50 * DEPTH, deadline=None)
def test_what_was_sealed_opens_again(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()

    assert KEY.unseal(sealed(text=text)).expose() == text


def test_a_seal_shows_nothing_and_never_looks_the_same_twice() -> None:
    seals = [sealed() for _ in range(1000)]

    assert len({seal.blob for seal in seals}) == len({seal.blob[1:13] for seal in seals}) == 1000
    assert not any(b"CANARY" in seal.blob for seal in seals)
    assert "CANARY" not in repr(seals[0])
    assert repr(seals[0].blob) not in repr(seals[0])
    assert repr(RAW) not in repr(KEY)


@pytest.mark.parametrize(
    "place",
    [
        {"table": "orders"},
        {"table": "code"},
        {"column": "contact_mask"},
        {"merchant_id": 8},
        {"row_id": UUID(int=98)},
        {"table": "order\0contact", "column": ""},
        {"table": "", "column": "order\0contact"},
    ],
    ids=str,
)
def test_a_seal_moved_to_another_place_stays_shut(place: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        KEY.unseal(replace(sealed(), **place))


@pytest.mark.parametrize(
    "key",
    [
        Key(7, UUID(int=1), "contact", OTHER_RAW),
        Key(7, UUID(int=2), "contact", RAW),  # the same bytes under another key's name
        Key(7, UUID(int=1), "code", RAW),
        Key(8, UUID(int=1), "contact", OTHER_RAW),
    ],
    ids=["bytes", "id", "purpose", "merchant"],
)
def test_another_key_opens_nothing(key: Key) -> None:
    with pytest.raises(Unreadable):
        key.unseal(sealed())


def test_two_seals_of_one_key_cannot_be_swapped() -> None:
    one, two = sealed(row=UUID(int=1), text="1111"), sealed(row=UUID(int=2), text="2222")

    for seal, blob in ((one, two.blob), (two, one.blob)):
        with pytest.raises(Unreadable):
            KEY.unseal(replace(seal, blob=blob))


def test_not_one_bit_of_a_seal_can_be_changed() -> None:
    seal = sealed()

    for place in range(len(seal.blob)):
        for bit in (1, 128):
            changed = bytearray(seal.blob)
            changed[place] ^= bit
            with pytest.raises(Unreadable):
                KEY.unseal(replace(seal, blob=bytes(changed)))


def test_a_seal_cut_short_or_made_longer_stays_shut() -> None:
    seal = sealed()

    for length in range(len(seal.blob)):
        with pytest.raises(Unreadable):
            KEY.unseal(replace(seal, blob=seal.blob[:length]))
    with pytest.raises(Unreadable):
        KEY.unseal(replace(seal, blob=seal.blob + b"\0"))


def test_why_it_stays_shut_is_said_without_what_was_in_it() -> None:
    with pytest.raises(Unreadable) as refused:
        KEY.unseal(replace(sealed(), merchant_id=8))

    assert str(refused.value) == "order.contact"


def test_look_up_values_depend_on_text_and_key_and_tell_nothing() -> None:
    value = KEY.fingerprint("4711")

    assert value == KEY.fingerprint("4711")
    assert len(value) == 32
    assert len({value, KEY.fingerprint("4712"), Key(7, UUID(int=1), "contact", OTHER_RAW).fingerprint("4711")}) == 3


# The door for all that is no code --------------------------------------------------------------------------------


def kept(merchant: int, purpose: str) -> Sealed:
    """Seal a text for a purpose with the merchant's key for it."""
    row = new_id()

    def seal() -> Sealed:
        key = crypto.key_for(purpose)
        return Sealed("order", "contact", merchant, row, key.id, key.seal("order", "contact", row, Secret(PLAIN)))

    return db.write(merchant, seal)


def test_unseal_opens_what_was_sealed_for_its_purpose(merchant: int) -> None:
    seal = kept(merchant, "contact")

    assert db.read(merchant, lambda: crypto.unseal(seal, "contact")).expose() == PLAIN


@pytest.mark.parametrize("purpose", ["", "contacts", "payment credentials", "code"])
def test_unseal_opens_nothing_for_another_purpose(merchant: int, purpose: str) -> None:
    seal = kept(merchant, "contact")

    with pytest.raises(Unreadable, match="is not for"):
        db.read(merchant, lambda: crypto.unseal(seal, purpose))


@pytest.mark.parametrize("purpose", ["code", "contact"])
def test_unseal_cannot_open_a_code(merchant: int, purpose: str) -> None:
    seal = kept(merchant, "code")

    with pytest.raises(Unreadable, match="is not for"):
        db.read(merchant, lambda: crypto.unseal(seal, purpose))


def test_unseal_opens_nothing_of_another_merchant(merchant: int, stranger: int) -> None:
    seal = kept(stranger, "contact")

    for shown in (seal, replace(seal, merchant_id=merchant)):
        with pytest.raises(Unreadable):
            db.read(merchant, lambda shown=shown: crypto.unseal(shown, "contact"))  # type: ignore[misc]


def test_a_key_of_ones_own_does_not_open_the_seal_of_another_merchant(merchant: int, stranger: int) -> None:
    theirs, mine = kept(stranger, "contact"), kept(merchant, "contact")

    with pytest.raises(Unreadable):
        db.read(merchant, lambda: crypto.unseal(replace(theirs, merchant_id=merchant, key_id=mine.key_id), "contact"))

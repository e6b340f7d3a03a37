"""A refusal has a stable word for programs and a sentence for people; every one of them can be said."""

import importlib
import inspect
import pkgutil
import string
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

import app
from app.inventory.errors import OutOfStock
from app.kit.errors import Denied, Invalid, NotFound, Refusal, Required, TooLong, words
from app.kit.money import Money
from app.risk.rules import Hit
from app.web.errors import STATUS

for module in pkgutil.walk_packages(app.__path__, "app."):
    importlib.import_module(module.name)


def all_refusals(of: type[Refusal] = Refusal) -> list[type[Refusal]]:
    """List every refusal of the house, children after parents."""
    found = []
    for child in of.__subclasses__():
        if child.__module__.startswith("app."):
            found += [child] * hasattr(child, "message") + all_refusals(child)
    return found


def example(refusal: type[Refusal]) -> Refusal:
    """Make one with values of the kinds it asks for."""
    takes = refusal.__init__ is not Refusal.__init__
    asked = inspect.signature(refusal, eval_str=True).parameters.values() if takes else ()
    given: dict[Any, Any] = {
        int: 7,
        str: "Seven.",
        date: date(2027, 1, 31),
        datetime: datetime(2027, 1, 31, tzinfo=UTC),
        Money: Money(7, "CNY"),
        Money | None: None,
        Sequence[Hit]: (),
        Collection[str]: ("seven", "eight"),
        Mapping[str, Any]: {"contact_mask": "d***@example.com", "contact_index": b"d", "network_index": None},
        Mapping[str, Refusal]: {"field": Required()},
    }
    needed = [one for one in asked if one.default is one.empty]
    return refusal(*(given[one.annotation] for one in needed))


class LampIsOut(Refusal):
    message = words("The lamp in room {room} is out.")

    def __init__(self, room: int) -> None:
        self.room = room


def test_the_word_for_programs_comes_from_the_name() -> None:
    assert LampIsOut(7).code == "lamp_is_out"
    assert [NotFound().code, OutOfStock(2).code, TooLong(5).code] == ["not_found", "out_of_stock", "too_long"]


def test_a_refusal_says_what_it_knows() -> None:
    assert str(LampIsOut(7)) == "The lamp in room 7 is out."
    assert str(OutOfStock(2)) == "Only 2 left."
    assert Denied("codes.view").mend.format(permission="codes.view").endswith("“codes.view”.")


def test_what_was_typed_is_refused_field_by_field() -> None:
    refused = Invalid({"quantity": TooLong(3), "contact": Required()})

    assert (refused.kind, list(refused.fields)) == ("invalid", ["quantity", "contact"])
    assert str(refused) == "Something needs to be corrected."


@pytest.mark.parametrize("refusal", all_refusals(), ids=lambda refusal: str(refusal.__name__))
def test_every_refusal_can_be_said(refusal: type[Refusal]) -> None:
    said = example(refusal)

    assert said.kind in STATUS
    assert str(said)[-1] in ".”"
    holes = {name for text in (said.message, said.mend) for _, name, _, _ in string.Formatter().parse(text) if name}
    assert holes <= vars(said).keys()

"""Why a message did not leave is said in the reader's language, whoever found the reason."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import force_locale

from app.web.office.reasons import BEFORE, SENTENCES, reason_words
from app.web.office.shown import STEPS
from tests.engines import on_one_engine

APP = Path(__file__).parents[3] / "app"
SAID_BY = {"Refused", "Temporary", "Unknown", "Later", "Unfit", "NotTaken", "NotSent", "Doubtful", "Broken"}
PLACES = [*(APP / "messages").rglob("*.py"), *(APP / "delivery").rglob("*.py"), APP / "kit" / "smtp.py"]


def reasons() -> Iterator[tuple[str, str]]:
    """Yield each reason that is written where somebody finds one, with its place."""
    for path in PLACES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in SAID_BY and node.args:
                text = beginning(node.args[0])
                if text:
                    yield text, f"{path.relative_to(APP)}:{node.lineno}"


def _name(called: ast.expr) -> str:
    return str(getattr(called, "attr", getattr(called, "id", "")))


def beginning(said: ast.expr) -> str:
    """Return the words a reason begins with: all of it, or what stands before its first detail."""
    if isinstance(said, ast.BoolOp):
        return beginning(said.values[-1])
    first = said.values[0] if isinstance(said, ast.JoinedStr) else said
    text = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
    return text.removesuffix(": ")


def test_every_reason_that_is_found_can_be_translated() -> None:
    found = dict(reasons())
    assert len(found) > 20
    assert {text: at for text, at in found.items() if text not in SENTENCES} == {}, "add them to reasons.SENTENCES"


@on_one_engine
@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("", ""),
        ("no template is set for this message", "no template is set for this message"),
        ("no approved text is set for this message", "no template is set for this message"),
        (
            "no answer to the letter: the mail server took too long",
            "no answer to the letter · the mail server took too long",
        ),
        ("the mail server cannot be reached: OSError", "the mail server cannot be reached · OSError"),
        ("550 5.1.1 (address): no such mailbox", "550 5.1.1 (address): no such mailbox"),
        ("40003: invalid openid", "40003: invalid openid"),
    ],
)
def test_what_another_side_said_stays_as_it_said_it(app: Flask, reason: str, said: str) -> None:
    with app.test_request_context(), force_locale("en"):
        assert reason_words(reason) == said


def test_what_was_kept_before_is_said_as_now() -> None:
    assert set(BEFORE.values()) <= SENTENCES


@on_one_engine
def test_what_happened_to_an_order_says_it_in_the_reader_s_language(app: Flask) -> None:
    _, _, note = STEPS["delivery.failed"]
    facts = {"about": "delivered", "channel": "sms", "reason": "no template is set for this message"}

    with app.test_request_context(), force_locale("zh"):
        assert note(facts).endswith("短信 · 这条消息没有设置模板")

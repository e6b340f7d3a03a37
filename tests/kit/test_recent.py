"""What is remembered for a moment: only what is committed, only for a moment, and never that something is missing."""

import pytest

from app.kit import db, recent
from app.kit.recent import Recent


class Question:
    """Counts how often it is asked."""

    def __init__(self, answer: str | None) -> None:
        self.answer, self.asked = answer, 0
        self.memory: Recent[str] = Recent()

    def __call__(self) -> str | None:
        return self.memory.find(("key",), self.ask)

    def ask(self) -> str | None:
        self.asked += 1
        return self.answer


def test_an_answer_is_asked_for_once(merchant: int) -> None:
    question = Question("yes")

    assert [db.read(merchant, question) for _ in range(3)] == ["yes"] * 3
    assert question.asked == 1


def test_it_is_asked_for_anew_after_a_moment(merchant: int, monkeypatch: pytest.MonkeyPatch) -> None:
    question = Question("yes")
    monkeypatch.setattr(recent, "SECONDS", 0.0)

    assert [db.read(merchant, question) for _ in range(3)] == ["yes"] * 3
    assert question.asked == 3


def test_that_there_is_nothing_is_not_remembered(merchant: int) -> None:
    question = Question(None)

    assert db.read(merchant, question) is None
    question.answer = "now"
    assert db.read(merchant, question) == "now"


def test_what_a_writer_saw_is_remembered_only_when_it_commits(merchant: int) -> None:
    question = Question("written and undone")

    def fail() -> None:
        question()
        raise LookupError

    with pytest.raises(LookupError):
        db.write(merchant, fail)
    question.answer = "true"
    assert db.write(merchant, question) == db.read(merchant, question) == "true"


def test_who_changes_an_answer_lets_it_be_forgotten(merchant: int) -> None:
    question = Question("old")

    def change() -> None:
        question()
        question.memory.forget()
        question.answer = "new"

    db.write(merchant, change)

    assert db.read(merchant, question) == "new"


def test_while_one_asks_anew_others_go_on_with_what_was_known(merchant: int, monkeypatch: pytest.MonkeyPatch) -> None:
    question, heard = Question("old"), list[str | None]()
    monkeypatch.setattr(recent, "SECONDS", 0.0)
    db.read(merchant, question)

    def ask() -> str:
        heard.append(question.memory.find(("key",), lambda: "asked by a second one"))
        return "new"

    assert db.read(merchant, lambda: question.memory.find(("key",), ask)) == "new"
    assert heard == ["old"]


def test_what_is_gone_is_told_to_be_gone(merchant: int, monkeypatch: pytest.MonkeyPatch) -> None:
    question = Question("here")
    monkeypatch.setattr(recent, "SECONDS", 0.0)
    db.read(merchant, question)
    question.answer = None

    assert [db.read(merchant, question) for _ in range(2)] == [None, None]

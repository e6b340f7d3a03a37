"""Letters to a mail server: over TLS that was checked, each once, and every answer told apart."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.kit import smtp
from app.kit.ids import new_id
from app.kit.mail import Doubtful, Letter, NotSent, NotTaken
from app.kit.secret import Secret
from app.kit.smtp import Server
from tests.smtp import LOG_IN, SENDER, MailServer, certificates, running

LETTER = Letter("dora@example.com", "你好 Dora", "words\n.\n.dots\n", "<p>字</p>", "Alice's", "alice@example.com")


@pytest.fixture
def server() -> Iterator[MailServer]:
    with running() as server:
        yield server


def test_a_letter_arrives_whole_from_the_shop_and_under_its_name(server: MailServer) -> None:
    key = new_id()
    send(server, replace(LETTER, text="中文\n.\n.dots\n"), key=key)

    (received,) = server.letters
    assert received.to == ("dora@example.com",)
    assert received.message["From"] == f"Alice's <{SENDER}>"
    assert received.message["Reply-To"] == "alice@example.com"
    assert received.message["Subject"] == "你好 Dora"
    assert received.message["Message-ID"] == f"<{key}@example.com>"
    assert received.text == "中文\n.\n.dots\n"


def test_a_line_that_is_a_dot_ends_no_letter(server: MailServer) -> None:
    send(server, LETTER)

    assert server.letters[0].text == "words\n.\n.dots\n"


def test_many_letters_go_over_one_connection(server: MailServer) -> None:
    with server.line().opened() as line:
        for _ in range(3):
            line.send(LETTER, key=new_id())

    assert (len(server.letters), server.connections) == (3, 1)


@pytest.mark.parametrize("to", ["dora,eve@example.com", "dora@x@example.com", "a b@example.com"])
def test_an_odd_name_stays_one_reader(server: MailServer, to: str) -> None:
    send(server, replace(LETTER, to=to))

    (received,) = server.letters
    assert len(received.to) == 1
    assert received.to[0].replace('"', "") == to


def test_a_name_beyond_ascii_is_asked_for(server: MailServer) -> None:
    send(server, replace(LETTER, to="朵拉@example.com"))

    assert server.letters[0].smtputf8


# TLS and log-in --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("tls", "log_in"), [("smtps", {}), ("starttls", LOG_IN)])
def test_over_tls_with_a_log_in(tmp_path: Path, tls: str, log_in: dict[str, Any]) -> None:
    ours, theirs = certificates(tmp_path)
    with (
        running(tls=tls, certificate=ours, log_in=bool(log_in)) as server,
        server.line(tls=tls, trust=theirs, **log_in).opened() as line,
    ):
        line.check()
        line.send(LETTER, key=new_id())

    assert len(server.letters) == 1


@pytest.mark.parametrize("tls", ["smtps", "starttls"])
@pytest.mark.parametrize("host", ["127.0.0.1", "elsewhere.example"])
def test_a_certificate_that_is_not_good_gets_no_letter(tmp_path: Path, tls: str, host: str) -> None:
    ours, theirs = certificates(tmp_path, host=host)
    trust = theirs if host != "127.0.0.1" else ssl.create_default_context()  # a wrong name, or nobody we trust
    with running(tls=tls, certificate=ours) as server, pytest.raises(NotSent, match="certificate"):
        send(server, tls=tls, trust=trust)

    assert not server.letters


def test_a_server_without_tls_gets_neither_log_in_nor_letter() -> None:
    seen: list[str] = []
    with running() as server:
        server.on_mail = lambda: seen.append("mail") or "250 OK"  # type: ignore[func-returns-value]
        with pytest.raises(NotSent, match="does not offer"):
            send(server, tls="starttls", **LOG_IN)

    assert not seen


def test_a_wrong_password_is_told_and_does_not_cost_the_letter(tmp_path: Path) -> None:
    ours, theirs = certificates(tmp_path)
    with running(tls="starttls", certificate=ours, log_in=True) as server, pytest.raises(NotSent, match="535"):
        send(server, tls="starttls", trust=theirs, user="miaofa", password=Secret("wrong"))


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.com", Server("mail.example.com", 587, "starttls")),
        ("smtps://mail.example.com", Server("mail.example.com", 465, "smtps")),
        ("smtp://mail.example.com:25", Server("mail.example.com", 25, "starttls")),
        ("smtp://127.0.0.1:25", Server("127.0.0.1", 25, "")),
        ("smtps://localhost", Server("localhost", 465, "smtps")),
    ],
)
def test_an_address_says_how_its_server_is_spoken_to(url: str, server: Server) -> None:
    assert Server.at(url) == server


def test_a_name_and_password_in_the_address_are_taken_out_and_not_printed() -> None:
    server = Server.at("smtps://a%40b:p%3Aw@mail.example.com")

    assert server.user == "a@b"
    assert server.password is not None
    assert server.password.expose() == "p:w"
    assert "p:w" not in repr(server)


# Answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["550 5.1.1 <dora@example.com>: no such mailbox", "553 not here"])
def test_a_reader_who_is_refused_for_good(server: MailServer, said: str) -> None:
    server.on_rcpt = lambda to: said

    with pytest.raises(NotTaken, match=said[:3]) as refused:
        send(server)
    assert "dora" not in str(refused.value)


def test_a_reader_who_is_refused_for_now(server: MailServer) -> None:
    server.on_rcpt = lambda to: "451 try again later"

    with pytest.raises(NotSent, match="451 try again later"):
        send(server)


def test_a_sender_that_is_refused_is_a_fault_of_ours_that_can_be_mended(server: MailServer) -> None:
    server.on_mail = lambda: "550 who are you"

    with pytest.raises(NotSent, match="550 who are you"):
        send(server)


@pytest.mark.parametrize(("said", "kind"), [("554 spam", NotTaken), ("452 disk full", NotSent), ("150 hm", Doubtful)])
def test_a_letter_that_is_not_taken(server: MailServer, said: str, kind: type[Exception]) -> None:
    server.on_letter = lambda letter: said

    with pytest.raises(kind, match=said[:3]):
        send(server)


def test_after_a_refusal_the_next_letter_goes_over_the_same_connection(server: MailServer) -> None:
    server.on_rcpt = lambda to: "550 no" if to.startswith("eve") else "250 OK"
    with server.line().opened() as line:
        with pytest.raises(NotTaken):
            line.send(replace(LETTER, to="eve@example.com"), key=new_id())
        line.send(LETTER, key=new_id())

    assert ([letter.to for letter in server.letters], server.connections) == ([("dora@example.com",)], 1)


# Cuts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_connection_that_breaks_after_the_letter_leaves_it_in_doubt(server: MailServer, cut: str) -> None:
    server.cut = cut

    with pytest.raises(Doubtful, match="no answer to the letter"):
        send(server)
    assert len(server.letters) == (cut == "after")


def test_a_server_that_does_not_answer_a_letter_in_time_leaves_it_in_doubt(server: MailServer) -> None:
    server.slow = 3

    with quick(), pytest.raises(Doubtful, match="took too long"):
        send(server)


def test_a_server_that_hangs_up_at_once_has_no_letter(server: MailServer) -> None:
    server.dead = True

    with pytest.raises(NotSent):
        send(server)


def test_no_server_at_all_is_no_letter() -> None:
    with running() as server:
        pass

    with pytest.raises(NotSent, match="cannot be reached"):
        send(server)


def test_a_server_that_hangs_up_between_two_letters_is_called_again(server: MailServer) -> None:
    times = iter(["250 OK", "421 enough for one connection", "250 OK"])
    server.on_mail = lambda: next(times)
    with server.line().opened() as line:
        line.send(LETTER, key=new_id())
        line.send(LETTER, key=new_id())

    assert (len(server.letters), server.connections) == (2, 2)


@contextmanager
def quick() -> Iterator[None]:
    before, smtp.LAST_SECONDS = smtp.LAST_SECONDS, 0.2
    try:
        yield
    finally:
        smtp.LAST_SECONDS = before


def send(server: MailServer, letter: Letter = LETTER, *, key: UUID | None = None, **more: Any) -> str:
    with server.line(**more).opened() as line:
        return line.send(letter, key=key or new_id())

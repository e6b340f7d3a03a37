"""Letters in the spool: each one whole, once, for its one reader, and for no other eye on the machine."""

import email
import stat
from dataclasses import replace
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from uuid import UUID

import pytest

from app.kit.ids import new_id
from app.kit.mail import Letter, NotSent, Spool

LETTER = Letter("dora@example.com", "你好 Dora", "a secret link\n", "<p>a secret link</p>")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", "no-reply@shop.example")


def test_a_letter_arrives_as_it_was_written(spool: Spool) -> None:
    key = new_id()

    message = send(spool, LETTER, key)

    assert message["To"] == "dora@example.com"
    assert message["Subject"] == "你好 Dora"
    assert message["From"] == "Miaofa <no-reply@shop.example>"
    assert message["Message-ID"] == f"<{key}@shop.example>"
    assert body(message, "plain").strip() == "a secret link"
    assert body(message, "html").strip() == "<p>a secret link</p>"


def test_nobody_else_on_the_machine_reads_it(spool: Spool) -> None:
    send(spool, LETTER, new_id())

    assert stat.S_IMODE(spool.folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(file.stat().st_mode) for file in spool.folder.iterdir()] == [0o600]


def test_the_same_letter_again_is_no_second_one(spool: Spool) -> None:
    key = new_id()
    send(spool, LETTER, key)
    send(spool, LETTER, key)
    send(spool, LETTER, new_id())

    assert len(list(spool.folder.iterdir())) == 2


def test_a_spool_that_cannot_be_written_says_so_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file stands where the folder should be")

    with pytest.raises(NotSent, match="cannot be written"):
        Spool(tmp_path / "spool", "no-reply@shop.example").send(LETTER, key=new_id())


def test_a_disk_that_fills_up_leaves_no_half_letter(spool: Spool) -> None:
    key = new_id()
    (spool.folder / f"{key}.eml").mkdir(parents=True)  # so that the last step, the renaming, fails

    with pytest.raises(NotSent):
        spool.send(LETTER, key=key)

    assert [file.name for file in spool.folder.iterdir()] == [f"{key}.eml"]


@pytest.mark.parametrize(
    "to", ["dora,eve@example.com", '"dora" <eve@example.com', "dora;eve@example.com", "朵拉@example.com"]
)
def test_an_odd_name_stays_one_reader(spool: Spool, to: str) -> None:
    message = send(spool, replace(LETTER, to=to), new_id())

    (reader,) = message["To"].addresses
    name = reader.username.encode("utf-8", "surrogateescape").decode()  # the parser keeps raw UTF-8 as it came
    assert (name, reader.domain) == tuple(to.rsplit("@", 1))


@pytest.mark.parametrize("subject", ["Hello\nBcc: eve@example.com", "Hello\r\n\r\nbody"])
def test_a_subject_adds_no_header(spool: Spool, subject: str) -> None:
    with pytest.raises(ValueError, match="linefeed"):
        spool.send(replace(LETTER, subject=subject), key=new_id())


@pytest.mark.parametrize("mark", ["\r\n", "\n", "\r", "\0"])
@pytest.mark.parametrize("where", ["to", "reply_to", "sender"])
def test_neither_a_name_nor_an_address_adds_a_header(spool: Spool, where: str, mark: str) -> None:
    odd = {where: f"help@shop.example{mark}Bcc: eve@example.com"}

    with pytest.raises(ValueError, match=r"linefeed|CR or LF"):
        spool.send(replace(LETTER, **odd), key=new_id())
    assert not list(spool.folder.glob("*"))


def test_a_printed_letter_tells_no_secret() -> None:
    assert "secret" not in repr(LETTER) + str(LETTER)


def send(spool: Spool, letter: Letter, key: UUID) -> EmailMessage:
    with spool.opened() as transport:
        transport.send(letter, key=key)
    content = (spool.folder / f"{key}.eml").read_bytes()
    return email.message_from_bytes(content, policy=default)


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())

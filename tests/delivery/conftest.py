"""A shop whose letters go to a mail server of the test."""

from collections.abc import Iterator

import pytest

from app.kit import mail
from tests import smtp
from tests.payments.market import market as market
from tests.smtp import MailServer


@pytest.fixture
def server() -> Iterator[MailServer]:
    """The mail server, and every letter of this test goes there."""
    before = mail._opener
    with smtp.running() as server:
        mail.configure(opener=server.line().opened)
        yield server
    mail.configure(opener=before)

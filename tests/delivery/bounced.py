"""Letters that come back, as mail servers report them, and how they are read."""

import io
import json
from typing import Any

from tests.make import Shop


def report(
    to: str, action: str = "failed", status: str = "5.1.1", said: str = "550 5.1.1 <x@y.example>: unknown"
) -> bytes:
    """Return a report as mail servers write them."""
    return f"""From: MAILER-DAEMON@mx.example
To: {to}
Subject: Undelivered Mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I am sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; x@y.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}

--b
Content-Type: text/rfc822-headers

Subject: Your codes are ready
--b--
""".replace("\n", "\r\n").encode()


def bounce(shop: Shop, raw: bytes) -> dict[str, Any]:
    answer = shop.app.test_cli_runner().invoke(args=["mail", "bounce"], input=io.BytesIO(raw))
    found: dict[str, Any] = json.loads(answer.output.splitlines()[-1])
    assert answer.exit_code == 0, answer.output
    return found

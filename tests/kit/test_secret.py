"""A secret leaves its wrapper by one word only; every accidental way out shows a mask or raises."""

import copy
import html
import io
import json
import logging
import pickle
import pprint
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import structlog
from flask import Flask, render_template_string
from markupsafe import escape

from app.kit.secret import Secret
from app.logs import _without_arguments

PLAIN = "CANARY-4711-XYZ"
SECRET = Secret(PLAIN)


@dataclass
class Holder:
    secret: Secret


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        ascii,
        format,
        lambda secret: f"{secret}",
        lambda secret: f"{secret!r:>40}",
        lambda secret: f"{secret:>40}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 (this way must be safe too)
        lambda secret: "{}".format(secret),  # noqa: UP032
        lambda secret: repr([secret, {"key": secret}, Holder(secret)]),
        lambda secret: pprint.pformat([secret]),
        lambda secret: json.dumps({"secret": secret}, default=str),
        lambda secret: json.dumps({"secret": secret}, default=repr),
        lambda secret: str(escape(secret)),
        lambda secret: html.escape(str(secret)),
        lambda secret: secret.__html__(),
    ],
)
def test_whatever_shows_it_shows_a_mask(show: Callable[[Secret], str]) -> None:
    shown = show(SECRET)

    assert "•••" in shown or r"\u2022\u2022\u2022" in shown
    assert "CANARY" not in shown
    assert "4711" not in shown


@pytest.mark.parametrize(
    "leak",
    [
        lambda: json.dumps(SECRET),
        lambda: json.dumps([{"code": SECRET}]),
        *(lambda protocol=protocol: pickle.dumps(SECRET, protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)),
        lambda: pickle.dumps(Holder(SECRET)),
        lambda: copy.copy(SECRET),
        lambda: copy.deepcopy(Holder(SECRET)),
        lambda: Secret("a") == Secret("a"),
        lambda: Secret("a") == "a",
        lambda: hash(SECRET),
        lambda: {SECRET: 1},
        lambda: ",".join(["a", SECRET]),  # type: ignore[list-item]  # noqa: FLY002
        lambda: bytes(SECRET),  # type: ignore[call-overload]
        lambda: vars(SECRET),
    ],
)
def test_whatever_would_carry_it_off_raises_without_naming_it(leak: Callable[[], Any]) -> None:
    with pytest.raises(TypeError) as refused:
        leak()

    assert PLAIN not in "".join(traceback.format_exception(refused.value))


def test_a_template_shows_the_mask() -> None:
    with Flask(__name__).app_context():
        assert render_template_string("{{ secret }} {{ [secret] }}", secret=SECRET) == "••• [Secret(•••)]"


def test_a_log_line_shows_the_mask() -> None:
    written = io.StringIO()
    log = logging.getLogger("tests.secret")
    log.addHandler(logging.StreamHandler(written))

    log.warning("%s %r", SECRET, [SECRET])
    log.warning(SECRET)

    assert written.getvalue() == "••• [Secret(•••)]\n•••\n"


def test_a_structured_log_line_shows_the_mask_and_no_message_of_an_error() -> None:
    written = io.StringIO()
    chain: list[Any] = [_without_arguments, structlog.processors.JSONRenderer(ensure_ascii=False)]
    log = structlog.wrap_logger(structlog.PrintLogger(written), processors=chain)

    try:
        raise LookupError(f"row ({SECRET.expose()})")
    except LookupError:
        log.error("it.failed", secret=SECRET, exc_info=True)

    assert PLAIN not in written.getvalue()
    assert json.loads(written.getvalue()) == {"secret": "Secret(•••)", "event": "it.failed", "error": "LookupError"}


def test_it_is_given_back_when_asked_by_name() -> None:
    assert Secret("卡密 🎁").expose() == "卡密 🎁"
    assert len(SECRET) == len(PLAIN)

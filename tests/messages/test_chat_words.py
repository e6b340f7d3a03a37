"""What is said to WeChat, WeCom and DingTalk: cut to what they take, signed as they want it."""

import pytest

from app.kit.effects import Temporary
from app.kit.http import Client
from app.kit.party import Account
from app.messages.providers import wechat
from app.messages.providers.dingtalk import signature
from app.messages.providers.talking import fits_bytes
from app.messages.providers.wecom import WeComRobot
from simulators.chats import weixin
from simulators.chats.wecom import LONGEST_TEXT
from tests.messages.chats import message


@pytest.mark.parametrize(
    ("field", "value", "fitted"),
    [
        ("thing1", "一二三四五六七八九十一二三四五六七八九十又一", "一二三四五六七八九十一二三四五六七八九…"),
        ("thing1", "two\nlines", "two lines"),
        ("thing1", "", "-"),
        ("character_string2", "订单 A-1" + "x" * 40, "A-1" + "x" * 29),
        ("number3", "12 个", "12"),
        ("phrase4", "已发货 ok 请查收", "已发货请查"),
        ("amount5", "¥19.99", "¥19.99"),
    ],
)
def test_values_are_cut_to_what_their_field_takes(field: str, value: str, fitted: str) -> None:
    assert wechat.fitted(field, value) == fitted
    assert weixin.TYPES[field[:-1]].fullmatch(wechat.fitted(field, value)) or fitted == "-"


def test_dingtalk_is_signed_as_published() -> None:
    assert signature("1700000000000", "SECtest0123456789") == "yBKp5IlG6qCzcQWmgyRK/ziJBdVNJmHfFE2ST/CzT/g="


def test_no_letter_is_cut_in_half() -> None:
    cut = fits_bytes("长" * 1000, LONGEST_TEXT)

    assert len(cut.encode()) <= LONGEST_TEXT
    assert cut == "长" * 681 + "…"


def test_nobody_listening_is_tried_again() -> None:
    with Client() as client:
        answer = WeComRobot("http://127.0.0.1:9").send(message(""), None, Account("x"), client)
    assert isinstance(answer, Temporary)

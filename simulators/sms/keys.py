"""What a shop has with both services: keys, signature, and the texts that were approved."""

import json
import os
import re
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

ALIYUN, TENCENT = "aliyun", "tencent"
SLOT = {ALIYUN: re.compile(r"\$\{(\w+)\}"), TENCENT: re.compile(r"\{(\d+)\}")}


@dataclass(frozen=True)
class Keys:
    """One shop's account at each of the two."""

    key_id: str
    key_secret: str
    app_id: str
    secret_id: str
    secret_key: str
    sign_name: str = "秒发演示"
    region: str = "ap-guangzhou"


@dataclass(frozen=True)
class Text:
    """A text that was approved; one for codes is limited more."""

    code: str
    words: str
    for_codes: bool = False

    def slots(self, vendor: str) -> list[str]:
        """Return the variables in the order they stand in."""
        return list(dict.fromkeys(SLOT[vendor].findall(self.words)))

    def said(self, vendor: str, values: dict[str, str]) -> str:
        """Return the text with its values."""
        return SLOT[vendor].sub(lambda found: values[found[1]], self.words)


TEXTS = {
    ALIYUN: {
        text.code: text
        for text in (
            Text("SMS_1001", "验证码${code}，${minutes}分钟内有效，请勿告诉他人。", for_codes=True),
            Text("SMS_1002", "您尾号${number}的订单已完成，请到网站查看。"),
            Text("SMS_1003", "您尾号${number}的订单已付款，正在备货。"),
            Text("SMS_1004", "您尾号${number}的订单已退款${amount}。"),
        )
    },
    TENCENT: {
        text.code: text
        for text in (
            Text("2001", "验证码{1}，{2}分钟内有效，请勿告诉他人。", for_codes=True),
            Text("2002", "您尾号{1}的订单已完成，请到网站查看。"),
            Text("2003", "您尾号{1}的订单已付款，正在备货。"),
            Text("2004", "您尾号{1}的订单已退款{2}。"),
        )
    },
}


def make_keys() -> Keys:
    """Return the keys of a new shop."""
    return Keys(
        key_id=f"LTAI5t{secrets.token_hex(9)}",
        key_secret=secrets.token_hex(15),
        app_id=f"14{secrets.randbelow(10**8):08d}",
        secret_id=f"AKID{secrets.token_hex(16)}",
        secret_key=secrets.token_hex(16),
    )


def kept_keys(file: Path | None) -> Keys:
    """Return the keys of a file, made and written there when there is none."""
    if file is None:
        return make_keys()
    if not file.exists():
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as made:
            json.dump(asdict(make_keys()), made, indent=1)
    return Keys(**json.loads(file.read_text()))

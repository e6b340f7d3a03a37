"""Subscribe messages of a WeChat mini program: each consent that somebody gave by a tap buys one message."""

import re
from typing import Any

from app.kit.effects import Answer, Done, Refused, Unknown
from app.kit.errors import words
from app.kit.http import Client
from app.kit.party import Account, BadAccount, Field, Kind
from app.messages.providers import wechat
from app.messages.providers.base import Carried, Channel, Message, Wording
from app.messages.providers.talking import Talk
from app.messages.providers.wechat_template import values_of

PAGE = r"[0-9A-Za-z_/?=&.-]{0,200}"
ODD_PAGE = words("The path of a page, such as pages/orders/index.")


class WeChatMini:
    """Carries subscribe messages."""

    name = "wechat_mini"
    title = words("WeChat mini program")
    channel = Channel.MINI
    fields: tuple[Field, ...] = (
        wechat.APPID,
        wechat.APP_SECRET,
        Field("page", words("Page it opens"), ODD_PAGE, required=False, pattern=PAGE),
        Field(
            "state",
            words("Version it opens"),
            kind=Kind.CHOICE,
            choices=(("formal", words("released")), ("trial", words("trial")), ("developer", words("in development"))),
        ),
    )
    numbered_by = "appid"
    needs_wording = True

    def __init__(self, origin: str = wechat.REAL) -> None:
        self._origin = origin

    def check(self, account: Account) -> None:
        wechat.check(account)
        if not re.fullmatch(PAGE, account.setting("page")):
            raise BadAccount("page", ODD_PAGE)

    def fetch_token(self, account: Account, http: Client) -> Answer:
        return wechat.fetch_token(self._origin, account, http)

    def send(self, message: Message, wording: Wording | None, account: Account, http: Client) -> Answer:
        if wording is None:
            return Refused("no template is set for this message")
        content: dict[str, Any] = {
            "touser": message.to.expose(),
            "template_id": wording.code,
            "data": values_of(message, wording),
            "miniprogram_state": account.setting("state") or "formal",
            "lang": "zh_CN" if message.lang.startswith("zh") else "en_US",
        }
        content |= {"page": account.setting("page")} if account.setting("page") else {}
        talk = Talk(self._origin, wechat.CODES, http)
        path = wechat.with_token("/cgi-bin/message/subscribe/send", account)
        return talk.tell(path, content, lambda said: Done(Carried(str(said.get("msgid", message.key.hex)))))

    def query(self, number: str, message: Message, account: Account, http: Client) -> Answer:
        return Unknown("WeChat tells nobody what became of a subscribe message")

    def probe(self, account: Account, http: Client) -> Answer:
        return wechat.found(self.fetch_token(account, http))

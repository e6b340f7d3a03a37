"""Subscribe messages of a WeChat mini program: each consent that somebody gave by a tap buys one message.

WeChat pushes what people tapped, what they turned off later, and what became of each message, as events in XML.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from app.kit.effects import Answer, Done, Refused, Temporary, Unknown
from app.kit.errors import words
from app.kit.http import Client
from app.kit.party import Account, BadAccount, Field, Kind, Reply, Wire
from app.kit.secret import Secret
from app.messages.providers import wechat, wechat_template
from app.messages.providers.base import Carried, Channel, Consent, Message, NoConsent, Receipt, Template
from app.messages.providers.talking import Said, Talk
from app.messages.providers.wechat_template import CALLBACK_FIELD, event_in, fields_in, values_of

PAGE = r"[0-9A-Za-z_/?=&.-]{0,200}"
TAPPED, CHANGED, SENT = "subscribe_msg_popup_event", "subscribe_msg_change_event", "subscribe_msg_sent_event"
NONE_LEFT = "43101"
OPENID = re.compile(r"[0-9A-Za-z_-]{1,128}")
ONE = re.compile(r"<List>(.*?)</List>", re.DOTALL)
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
        Field(
            "asks",
            words("Asks buyers itself"),
            words(
                "Choose “built in” once it does what this account's page describes: then order pages in it offer it."
            ),
            kind=Kind.CHOICE,
            choices=(("no", words("not built in yet")), ("yes", words("built in"))),
            required=False,
        ),
        replace(
            CALLBACK_FIELD,
            help=words("With it WeChat tells who allowed a message: nobody gets one otherwise. Plain text mode, XML."),
        ),
    )
    numbered_by = "appid"
    needs_template = True
    accepted = Reply(200, "success")

    def __init__(self, origin: str = wechat.REAL) -> None:
        self._origin = origin

    def check(self, account: Account) -> None:
        wechat.check(account)
        wechat_template.check_callback(account)
        if not re.fullmatch(PAGE, account.setting("page")):
            raise BadAccount("page", ODD_PAGE)

    def fetch_token(self, account: Account, http: Client) -> Answer:
        return wechat.fetch_token(self._origin, account, http)

    def identify(self, code: Secret, account: Account, http: Client) -> Answer:
        """Ask whose login code it is; the session key that comes along is kept nowhere."""
        asked = {
            "appid": account.number,
            "secret": account.key(wechat.SECRET).expose(),
            "js_code": code.expose(),
            "grant_type": "authorization_code",
        }
        return Talk(self._origin, wechat.AT_THE_DOOR, http).get(f"/sns/jscode2session?{urlencode(asked)}", _person)

    def send(self, message: Message, template: Template | None, account: Account, http: Client) -> Answer:
        if template is None:
            return Refused("no template is set for this message")
        content: dict[str, Any] = {
            "touser": message.to.expose(),
            "template_id": template.code,
            "data": values_of(message, template),
            "miniprogram_state": account.setting("state") or "formal",
            "lang": "zh_CN" if message.lang.startswith("zh") else "en_US",
        }
        content |= {"page": account.setting("page")} if account.setting("page") else {}
        talk = Talk(self._origin, wechat.CODES, http)
        path = wechat.with_token("/cgi-bin/message/subscribe/send", account)
        answer = talk.tell(path, content, lambda said: Done(Carried(str(said.get("msgid", message.key.hex)))))
        if isinstance(answer, Refused) and answer.reason.startswith(NONE_LEFT):
            return NoConsent(answer.reason)
        return answer

    def query(self, number: str, message: Message, account: Account, http: Client) -> Answer:
        return Unknown("WeChat tells nobody what became of a subscribe message")

    def greet(self, request: Wire, account: Account) -> Reply:
        return wechat_template.echoed(request, account)

    def receipts(self, request: Wire, account: Account, now: datetime) -> Sequence[Receipt]:
        """Return what an event tells of messages; other events of the account tell nothing of them."""
        return [_receipt(one, now) for one in _told(request, account, SENT) if one.get("MsgID")]

    def consents(self, request: Wire, account: Account) -> Sequence[Consent]:
        """Return what somebody tapped, or turned off; who only did not allow a message took nothing back."""
        taps = [one for one in _told(request, account, TAPPED) if one.get("SubscribeStatusString") == "accept"]
        ends = [one for one in _told(request, account, CHANGED) if one.get("SubscribeStatusString") == "reject"]
        return [_consent(one, given=True) for one in taps] + [_consent(one, given=False) for one in ends]

    def probe(self, account: Account, http: Client) -> Answer:
        return wechat.found(self.fetch_token(account, http))


def _person(said: Said) -> Answer:
    openid = said.get("openid")
    if not isinstance(openid, str) or not OPENID.fullmatch(openid):
        return Temporary("answer not understood")
    return Done(Secret(openid))


# What WeChat pushes ----------------------------------------------------------------------------------------------


def _told(request: Wire, account: Account, name: str) -> Sequence[Mapping[str, str]]:
    """Return what an event of this name tells of each template, with whom and when it is about."""
    wechat_template.check_signature(request, account)
    if request.method != "POST":
        return []
    event = event_in(request.body)
    if event.get("Event") != name or not event.get("CreateTime", "").isdigit() or not event.get("FromUserName"):
        return []
    head = {field: event[field] for field in ("CreateTime", "FromUserName")}
    told = [{**head, **fields_in(one)} for one in ONE.findall(request.body.decode())]
    return [one for one in told if one.get("TemplateId")]


def _consent(one: Mapping[str, str], *, given: bool) -> Consent:
    at = datetime.fromtimestamp(int(one["CreateTime"]), UTC)
    return Consent(Secret(one["FromUserName"]), one["TemplateId"], given, at)


def _receipt(one: Mapping[str, str], now: datetime) -> Receipt:
    arrived = one.get("ErrorCode") == "0"
    return Receipt(one["MsgID"], arrived, "" if arrived else one.get("ErrorStatus", ""), now)

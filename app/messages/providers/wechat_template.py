"""Template messages of a WeChat service account, to people who follow it."""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from app.kit.effects import Absent, Answer, Done, Refused
from app.kit.errors import words
from app.kit.http import Client
from app.kit.party import Account, BadAccount, Field, Forged, Kind, Reply, Wire
from app.messages.providers import wechat
from app.messages.providers.base import Carried, Channel, Message, Receipt, Template
from app.messages.providers.talking import Said, Talk

CALLBACK = "callback_token"
ODD_CALLBACK = words("3 to 32 letters and digits, the same as in the WeChat platform.")
ENDED = "TEMPLATESENDJOBFINISH"
CALLBACK_FIELD = Field(
    CALLBACK,
    words("Token of the server configuration"),
    words("Optional: with it WeChat tells what became of each message. In plain text mode."),
    kind=Kind.PASSWORD,
    required=False,
    pattern=r"[0-9A-Za-z]{3,32}",
)
LARGEST_EVENT = 64 * 1024
TAG = re.compile(r"<(\w+)>(?:<!\[CDATA\[(.*?)\]\]>|([^<>]*))</\1>", re.DOTALL)


class WeChatTemplate:
    """Carries template messages; what became of them comes as events."""

    name = "wechat_template"
    title = words("WeChat service account")
    channel = Channel.WECHAT
    fields: tuple[Field, ...] = (
        wechat.APPID,
        wechat.APP_SECRET,
        CALLBACK_FIELD,
    )
    numbered_by = "appid"
    needs_template = True
    accepted = Reply(200, "success")

    def __init__(self, origin: str = wechat.REAL) -> None:
        self._origin = origin

    def check(self, account: Account) -> None:
        wechat.check(account)
        check_callback(account)

    def fetch_token(self, account: Account, http: Client) -> Answer:
        return wechat.fetch_token(self._origin, account, http)

    def send(self, message: Message, template: Template | None, account: Account, http: Client) -> Answer:
        if template is None:
            return Refused("no template is set for this message")
        content: dict[str, Any] = {
            "touser": message.to.expose(),
            "template_id": template.code,
            "client_msg_id": message.key.hex,  # the same one is the same message there
            "data": values_of(message, template),
        }
        content |= {"url": message.url} if message.url else {}
        talk = Talk(self._origin, wechat.CODES, http)
        return talk.tell(wechat.with_token("/cgi-bin/message/template/send", account), content, _carried)

    def query(self, number: str, message: Message, account: Account, http: Client) -> Answer:
        """Nobody can be asked, but the same message sent again is known there by its key, and arrives once."""
        return Absent()

    def probe(self, account: Account, http: Client) -> Answer:
        return wechat.found(self.fetch_token(account, http))

    def greet(self, request: Wire, account: Account) -> Reply:
        return echoed(request, account)

    def receipts(self, request: Wire, account: Account, now: datetime) -> Sequence[Receipt]:
        """Return what an event tells; other events of the account tell nothing to us."""
        check_signature(request, account)
        said = event_in(request.body) if request.method == "POST" else {}
        if said.get("Event") != ENDED or not said.get("MsgID"):
            return []
        status = said.get("Status", "")
        return [Receipt(said["MsgID"], status == "success", "" if status == "success" else status, now)]


def values_of(message: Message, template: Template) -> dict[str, dict[str, str]]:
    """Return the fields of a template, filled."""
    return {
        theirs: {"value": wechat.fitted(theirs, message.values.get(ours, ""))} for theirs, ours in template.variables
    }


def _carried(said: Said) -> Answer:
    return Done(Carried(str(said.get("msgid", ""))))


# What WeChat pushes ----------------------------------------------------------------------------------------------


def check_callback(account: Account) -> None:
    """Raise BadAccount for a token that WeChat does not take."""
    token = account.key(CALLBACK).expose()
    if token and not re.fullmatch(CALLBACK_FIELD.pattern, token):
        raise BadAccount(CALLBACK, ODD_CALLBACK)


def echoed(request: Wire, account: Account) -> Reply:
    """Return what WeChat wants to hear when it tries our address out."""
    check_signature(request, account)
    return Reply(200, parse_qs(request.query).get("echostr", [""])[0][:200])


def check_signature(request: Wire, account: Account) -> None:
    """Raise Forged unless who asks knows the token that was entered at both sides."""
    token, given = account.key(CALLBACK).expose(), parse_qs(request.query)
    if not token:
        raise Forged("no token is set for what WeChat pushes")
    stamp, nonce, signature = (given.get(name, [""])[0] for name in ("timestamp", "nonce", "signature"))
    joined = "".join(sorted((token, stamp, nonce)))
    expected = hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()  # WeChat's own choice
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise Forged("the signature does not fit")


def event_in(body: bytes) -> Mapping[str, str]:
    """Return the fields of a pushed event; raises Forged.

    It is flat, so no parser of XML is let near it: what declares types or entities is not from WeChat.
    """
    try:
        text = body[:LARGEST_EVENT].decode()
    except UnicodeDecodeError:
        raise Forged("it is no text") from None
    if len(body) > LARGEST_EVENT or "<!DOCTYPE" in text.upper() or "<!ENTITY" in text.upper():
        raise Forged("it is no event")
    inner = re.fullmatch(r"\s*<xml>(.*)</xml>\s*", text, re.DOTALL)
    if inner is None:
        raise Forged("it is no event")
    return fields_in(inner[1])


def fields_in(text: str) -> Mapping[str, str]:
    """Return the innermost fields of a piece of an event."""
    return {name: marked or plain for name, marked, plain in TAG.findall(text)}

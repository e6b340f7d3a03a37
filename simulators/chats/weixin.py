"""WeChat: stable tokens, template messages, subscribe messages, and the events it pushes."""

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from simulators.chats.desk import OVERLAP, Answer, Desk

OPENID = re.compile(r"o[\w-]{20,40}")
LOGIN_LIFE, LOGINS = 300.0, 100  # seconds that a login code is good for; logins of one person within a minute
TEMPLATE = re.compile(r"[\w-]{8,64}")
# What a field of each type may hold; a value that breaks it is refused with the whole message.
TYPES = {
    "thing": re.compile(r".{1,20}"),
    "number": re.compile(r"[0-9.]{1,32}"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"\W{1,5}"),
    "character_string": re.compile(r"[\x20-\x7e]{1,32}"),
    "time": re.compile(r".{1,40}"),
    "date": re.compile(r".{1,40}"),
    "amount": re.compile(r"\D{0,3}[0-9.,]{1,12}元?"),
    "phone_number": re.compile(r"[0-9+-]{1,17}"),
    "name": re.compile(r".{1,20}"),
    "phrase": re.compile(r"[\u4e00-\u9fff]{1,5}|-"),
    "const": re.compile(r".{1,20}"),
}


def stable_token(desk: Desk, wish: Mapping[str, Any]) -> dict[str, Any]:
    """Give the token of an app; the same one until five minutes before its end."""
    app, secret = str(wish.get("appid", "")), str(wish.get("secret", ""))
    if wish.get("grant_type") != "client_credential":
        raise Answer(40002, "invalid grant_type")
    if app not in desk.apps:
        raise Answer(40013, "invalid appid")
    if desk.apps[app] != secret:
        raise Answer(40125, "invalid appsecret")
    token = desk.give(app, early=OVERLAP, anew=wish.get("force_refresh") is True)
    return {"access_token": token.text, "expires_in": int(token.ends - desk.clock())}


def log_in(desk: Desk, app: str, openid: str) -> str:
    """Return what wx.login gives to a mini program for the person before it."""
    return desk.log_in(app, openid, LOGIN_LIFE)


def session(desk: Desk, asked: Mapping[str, str]) -> dict[str, Any]:
    """Say whom a login code names, once; there is no errcode in a good answer."""
    app = asked.get("appid", "")
    if asked.get("grant_type") != "authorization_code":
        raise Answer(40002, "invalid grant_type")
    if app not in desk.apps:
        raise Answer(40013, "invalid appid")
    if desk.apps[app] != asked.get("secret", ""):
        raise Answer(40125, "invalid appsecret")
    if not asked.get("js_code"):
        raise Answer(41008, "missing code")
    login = desk.use_login(app, asked["js_code"])
    if login is None:
        raise Answer(40029, "invalid code")
    if login.is_used:
        raise Answer(40163, "code been used")
    if not desk.count_speech(f"login {login.openid}", LOGINS, block=0.0):
        raise Answer(45011, "api minute-quota reach limit, must slower, retry next minute")
    if "Blocked" in login.openid:
        raise Answer(40226, "code blocked")
    return {"openid": login.openid, "session_key": secrets.token_urlsafe(18)}


def send_template(desk: Desk, token: str, wish: Mapping[str, Any]) -> dict[str, Any]:
    """Take a template message for somebody who follows the account."""
    app, to = desk.check(token), _person(wish)
    if "Stranger" in to:
        raise Answer(43004, "require subscribe")
    _check_template(wish)
    with desk.held():
        known = str(wish.get("client_msg_id", ""))
        for one in desk.sent_at("weixin.template"):
            if known and one["key"] == known and one["to"] == to:
                return {"errcode": 0, "errmsg": "ok", "msgid": one["number"]}
        values = {name: one["value"] for name, one in wish["data"].items()}
        number = desk.take(
            "weixin.template",
            app=app,
            to=to,
            key=known,
            template=wish["template_id"],
            values=values,
            url=wish.get("url", ""),
        )
    return {"errcode": 0, "errmsg": "ok", "msgid": number}


def send_subscribed(desk: Desk, token: str, wish: Mapping[str, Any]) -> dict[str, Any]:
    """Take a subscribe message, which uses up a consent."""
    app, to = desk.check(token), _person(wish)
    _check_template(wish)
    if wish.get("miniprogram_state", "formal") not in ("developer", "trial", "formal"):
        raise Answer(41030, "invalid page")
    consent = to, str(wish["template_id"])
    with desk.held():
        if desk.consents[consent] < 1:
            raise Answer(43101, "user refuse to accept the msg")
        desk.consents[consent] -= 1
        values = {name: one["value"] for name, one in wish["data"].items()}
        known = {"template": consent[1], "values": values, "page": wish.get("page", "")}
        number = desk.take("weixin.subscribe", app=app, to=to, **known)
    return {"errcode": 0, "errmsg": "ok", "msgid": number}


def _person(wish: Mapping[str, Any]) -> str:
    to = str(wish.get("touser", ""))
    if not OPENID.fullmatch(to):
        raise Answer(40003, "invalid openid")
    if "Refuses" in to:
        raise Answer(43101, "user refuse to accept the msg")
    return to


def _check_template(wish: Mapping[str, Any]) -> None:
    if not TEMPLATE.fullmatch(str(wish.get("template_id", ""))):
        raise Answer(40037, "invalid template_id")
    fields = wish.get("data")
    if not isinstance(fields, dict) or not fields:
        raise Answer(47003, "argument invalid! data is empty")
    for name, one in fields.items():
        kind = TYPES.get(name.rstrip("0123456789"))
        value = one.get("value") if isinstance(one, dict) else None
        if kind is None or not isinstance(value, str) or not kind.fullmatch(value):
            raise Answer(47003, f"argument invalid! data.{name}.value invalid")


# Events ----------------------------------------------------------------------------------------------------------

EVENT = """<xml><ToUserName><![CDATA[gh_simulated]]></ToUserName><FromUserName><![CDATA[{to}]]></FromUserName>\
<CreateTime>{at}</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event>\
<MsgID>{number}</MsgID><Status><![CDATA[{status}]]></Status></xml>"""


def event(message: Mapping[str, Any], status: str = "success") -> bytes:
    """Return what is pushed when the fate of a message is known."""
    told = EVENT.format(to=message["to"], at=int(message["at"]), number=message["number"], status=status)
    return told.encode()


SUBSCRIPTION = """<xml><ToUserName><![CDATA[gh_simulated]]></ToUserName><FromUserName><![CDATA[{to}]]></FromUserName>\
<CreateTime>{at}</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[subscribe_msg_{name}_event]]></Event>\
<{around}>{lists}</{around}></xml>"""


def tapped(desk: Desk, to: str, templates: Mapping[str, str], *, name: str = "popup") -> bytes:
    """Let somebody allow or refuse templates, and return what is pushed of it; `change` is what they turn off later."""
    with desk.held():
        for template, said in templates.items():
            if said == "accept":
                desk.consents[to, template] += 1
            elif name == "change":
                desk.consents[to, template] = 0
    said_of = [{"TemplateId": template, "SubscribeStatusString": said} for template, said in templates.items()]
    return _subscription(to, desk.clock(), name, said_of)


def became(message: Mapping[str, Any], status: str = "success") -> bytes:
    """Return what is pushed when the fate of a subscribe message is known."""
    told = {"TemplateId": message["template"], "MsgID": str(message["number"]), "ErrorStatus": status}
    told["ErrorCode"] = "0" if status == "success" else "1"
    return _subscription(message["to"], message["at"], "sent", [told])


def _subscription(to: str, at: float, name: str, told: Sequence[Mapping[str, str]]) -> bytes:
    lists = "".join(
        "<List>" + "".join(f"<{field}><![CDATA[{text}]]></{field}>" for field, text in one.items()) + "</List>"
        for one in told
    )
    around = f"SubscribeMsg{name.capitalize()}Event"
    return SUBSCRIPTION.format(to=to, at=int(at), name=name, around=around, lists=lists).encode()


def signed_query(token: str, stamp: str, nonce: str, **more: str) -> dict[str, str]:
    """Return the query that shows that a push is from here."""
    digest = hashlib.sha1("".join(sorted((token, stamp, nonce))).encode(), usedforsecurity=False).hexdigest()
    return {"signature": digest, "timestamp": stamp, "nonce": nonce, **more}

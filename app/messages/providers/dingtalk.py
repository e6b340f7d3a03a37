"""DingTalk: work notices of an app to a person of a company, and messages of a robot to a group of the staff."""

import base64
import hashlib
import hmac
import re
from typing import Any
from urllib.parse import quote, urlencode

from app.kit import clock
from app.kit.effects import Absent, Answer, Done, Refused, Unknown
from app.kit.errors import words
from app.kit.http import Client
from app.kit.party import Account, Field, Finding, Kind
from app.messages.providers.base import TOKEN, Carried, Channel, Message, Receipt, Template
from app.messages.providers.talking import Codes, Said, Talk, answered, fits, fits_bytes, token_in
from app.messages.providers.wecom import check_fields

REAL = "https://oapi.dingtalk.com"
LONGEST_NOTICE, LONGEST_SPEECH = 1500, 15_000  # bytes; of 2,048 and 20,000 that a whole body may have
LONGEST_TITLE, LONGEST_BUTTON = 60, 20
SECRET, ROBOT, SIGNING = "app_secret", "robot_token", "signing_secret"
USER_ID = re.compile(r"[0-9A-Za-z_.@-]{1,64}")

NOT_LISTED = words("Enter the address of this installation under the server IPs of the app in DingTalk.")
WRONG_KEYS = words("Enter the AppKey and the AppSecret again, as DingTalk shows them.")
NO_LEAVE = words("The app may not send work notices: grant it that in DingTalk, and check its AgentId.")
MISFIT = words("Choose the signature as the robot's security setting, and enter its secret and token again.")

CODES = Codes(
    stale=frozenset({40014, 42001, 33001}),
    later={90018: lambda: 60.0, 90002: lambda: 60.0},
    broken={60020: NOT_LISTED, 60011: NO_LEAVE, 33012: NO_LEAVE, 400001: WRONG_KEYS},
)
AT_THE_DOOR = Codes(later=CODES.later, broken={**CODES.broken, 40089: WRONG_KEYS, 40001: WRONG_KEYS, 40096: WRONG_KEYS})
TEN_MINUTES = 600.0
OF_ROBOTS = Codes(
    later={130101: lambda: TEN_MINUTES, 90030: lambda: TEN_MINUTES},
    broken={310000: MISFIT, 300001: MISFIT, 400101: MISFIT, 300005: MISFIT},
)


class DingTalkApp:
    """Carries work notices of an app of a company to one person of it."""

    name = "dingtalk"
    title = words("DingTalk app")
    channel = Channel.DINGTALK
    fields: tuple[Field, ...] = (
        Field(
            "appkey",
            words("AppKey"),
            words("In DingTalk's developer console, on the page of the app."),
            pattern=r"\w{8,40}",
        ),
        Field("agentid", words("AgentId of the app"), words("Digits; on the page of the app."), pattern=r"\d{1,15}"),
        Field(SECRET, words("AppSecret"), kind=Kind.PASSWORD, pattern=r"[\w-]{20,100}"),
    )
    numbered_by = "appkey"
    needs_template = False
    asked_after = 5.0

    def __init__(self, origin: str = REAL) -> None:
        self._origin = origin

    def check(self, account: Account) -> None:
        check_fields(self.fields, self.numbered_by, account)

    def fetch_token(self, account: Account, http: Client) -> Answer:
        asked = urlencode({"appkey": account.number, "appsecret": account.key(SECRET).expose()})
        return Talk(self._origin, AT_THE_DOOR, http).get(f"/gettoken?{asked}", token_in)

    def send(self, message: Message, template: Template | None, account: Account, http: Client) -> Answer:
        to = message.to.expose()
        if not USER_ID.fullmatch(to):  # a comma would make several people of it
            return Refused("this is no user ID of DingTalk")
        content = {"agent_id": int(account.setting("agentid")), "userid_list": to, "msg": _body(message)}
        path = f"/topapi/message/corpconversation/asyncsend_v2?{_token(account)}"
        return Talk(self._origin, CODES, http).tell(
            path, content, lambda said: Done(Carried(str(said.get("task_id", ""))))
        )

    def query(self, number: str, message: Message, account: Account, http: Client) -> Answer:
        """Ask about a task; one whose number was lost may be sent again: the same words in a day are one notice."""
        if not number.isdigit():
            return Absent()
        content = {"agent_id": int(account.setting("agentid")), "task_id": int(number)}
        path = f"/topapi/message/corpconversation/getsendresult?{_token(account)}"
        return Talk(self._origin, CODES, http).post(path, content, lambda said: _became(said, number))

    def probe(self, account: Account, http: Client) -> Answer:
        answer = self.fetch_token(account, http)
        return Done([Finding("keys", well=True)]) if isinstance(answer, Done) else answer


def _token(account: Account) -> str:
    return f"access_token={quote(account.key(TOKEN).expose(), safe='')}"


def _body(message: Message) -> dict[str, Any]:
    """Return what is said: a card where there is something to open, else a text."""
    if not message.url:
        said = fits_bytes(f"{message.title}\n{message.text}", LONGEST_NOTICE)
        return {"msgtype": "text", "text": {"content": said}}
    card = {
        "title": fits(message.title, LONGEST_TITLE),
        "markdown": fits_bytes(_unmarked(message.text), LONGEST_NOTICE - len(message.url.encode())),
        "single_title": fits(message.title, LONGEST_BUTTON),
        "single_url": message.url,
    }
    return {"msgtype": "action_card", "action_card": card}


def _unmarked(text: str) -> str:
    """Return words that no card takes for marks of its own."""
    return re.sub(r"([\\`*_{}\[\]<>#!|])", r"\\\1", text).replace("\n", "\n\n")


def _became(said: Said, number: str) -> Answer:
    result = said.get("send_result") or {}
    for name in ("invalid_user_id_list", "failed_user_id_list", "forbidden_user_id_list"):
        if result.get(name):
            return Done(Receipt(number, arrived=False, reason=name.removesuffix("_user_id_list")))
    if result.get("read_user_id_list") or result.get("unread_user_id_list"):
        return Done(Receipt(number, arrived=True))
    return Done(Carried(number))  # taken, and still on its way


class DingTalkRobot:
    """Carries messages to a group of the staff, signed with the robot's own secret."""

    name = "dingtalk_robot"
    title = words("DingTalk robot")
    channel = Channel.DINGTALK_ROBOT
    fields: tuple[Field, ...] = (
        Field("group", words("Name of the group"), words("For you to tell robots apart.")),
        Field(
            ROBOT,
            words("Token of the robot"),
            words("What stands behind access_token= in its webhook address; not the whole address."),
            kind=Kind.PASSWORD,
            pattern=r"[0-9A-Za-z]{16,128}",
        ),
        Field(
            SIGNING,
            words("Signing secret"),
            words("Begins with SEC; choose the signature among the security settings of the robot."),
            kind=Kind.PASSWORD,
            pattern=r"SEC[0-9A-Za-z]{8,128}",
        ),
    )
    numbered_by = "group"
    needs_template = False

    def __init__(self, origin: str = REAL) -> None:
        self._origin = origin

    def check(self, account: Account) -> None:
        check_fields(self.fields, self.numbered_by, account)

    def send(self, message: Message, template: Template | None, account: Account, http: Client) -> Answer:
        answer = self.say(f"{message.title}\n{message.text}", account, http)
        return Done(Carried(message.key.hex)) if isinstance(answer, Done) else answer

    def say(self, text: str, account: Account, http: Client) -> Answer:
        stamp = str(round(clock.now().timestamp() * 1000))
        asked = {
            "access_token": account.key(ROBOT).expose(),
            "timestamp": stamp,
            "sign": signature(stamp, account.key(SIGNING).expose()),
        }
        content = {"msgtype": "text", "text": {"content": fits_bytes(text, LONGEST_SPEECH)}}
        return Talk(self._origin, OF_ROBOTS, http).tell(f"/robot/send?{urlencode(asked)}", content, answered)

    def query(self, number: str, message: Message, account: Account, http: Client) -> Answer:
        return Unknown("a robot tells nobody what it said")

    def probe(self, account: Account, http: Client) -> Answer:
        """Nothing can be tried out without saying something to the group, so that is done instead."""
        return Done([])


def signature(stamp: str, secret: str) -> str:
    """Return the signature of a moment (milliseconds) under the secret of a robot."""
    digest = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()

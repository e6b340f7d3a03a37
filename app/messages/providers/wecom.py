"""WeCom: messages of an app to a person of a company, and of a robot to a group of the staff."""

import re
from typing import Any
from urllib.parse import quote, urlencode

from app.kit.effects import Absent, Answer, Done, Refused, Unknown
from app.kit.errors import words
from app.kit.http import Client
from app.kit.party import Account, BadAccount, Field, Finding, Kind
from app.messages.providers.base import TOKEN, Carried, Channel, Message, Template
from app.messages.providers.talking import Codes, Said, Talk, answered, fits_bytes, token_in

REAL = "https://qyapi.weixin.qq.com"
LONGEST_TEXT, LONGEST_TITLE, LONGEST_CARD = 2048, 128, 512  # bytes
SAME_FOR = 4 * 60 * 60  # seconds within which the same words to the same person are one message
SECRET, KEY = "secret", "key"
USER_ID = re.compile(r"[0-9A-Za-z_.@-]{1,64}")

NOT_LISTED = words("Enter the address of this installation under the trusted IPs of the app in WeCom.")
WRONG_KEYS = words("Enter the company ID and the secret of the app again, as WeCom shows them.")
WRONG_AGENT = words("Enter the AgentId of the app again, as WeCom shows it.")
NO_ROBOT = words("The robot was removed from its group. Add one again and enter its key.")

CODES = Codes(
    stale=frozenset({40014, 42001}),
    later={45009: lambda: 60.0, 45033: lambda: 60.0},
    broken={60020: NOT_LISTED, 40056: WRONG_AGENT, 301002: WRONG_AGENT, 48002: WRONG_AGENT, 40013: WRONG_KEYS},
)
AT_THE_DOOR = Codes(later=CODES.later, broken={**CODES.broken, 40001: WRONG_KEYS, 40091: WRONG_KEYS, 41004: WRONG_KEYS})
OF_ROBOTS = Codes(later={45009: lambda: 60.0}, broken={93000: NO_ROBOT, 93008: NO_ROBOT})


class WeComApp:
    """Carries messages of an app of a company to one person of it."""

    name = "wecom"
    title = words("WeCom app")
    channel = Channel.WECOM
    fields: tuple[Field, ...] = (
        Field(
            "corpid", words("Company ID (corpid)"), words("In WeCom under My Company."), pattern=r"w[0-9A-Za-z]{5,40}"
        ),
        Field(
            "agentid",
            words("AgentId of the app"),
            words("Digits; on the page of the app."),
            pattern=r"\d{1,12}",
            tells_apart=True,
        ),
        Field(SECRET, words("Secret of the app"), kind=Kind.PASSWORD, pattern=r"[\w-]{20,64}"),
    )
    numbered_by = "corpid"
    needs_template = False

    def __init__(self, origin: str = REAL) -> None:
        self._origin = origin

    def check(self, account: Account) -> None:
        check_fields(self.fields, self.numbered_by, account)

    def fetch_token(self, account: Account, http: Client) -> Answer:
        asked = urlencode({"corpid": account.number, "corpsecret": account.key(SECRET).expose()})
        return Talk(self._origin, AT_THE_DOOR, http).get(f"/cgi-bin/gettoken?{asked}", token_in)

    def send(self, message: Message, template: Template | None, account: Account, http: Client) -> Answer:
        to = message.to.expose()
        if not USER_ID.fullmatch(to):  # a | would make several people of it
            return Refused("this is no user ID of WeCom")
        content = {
            "touser": to,
            "agentid": int(account.setting("agentid")),
            "enable_duplicate_check": 1,
            "duplicate_check_interval": SAME_FOR,
            **_body(message),
        }
        path = f"/cgi-bin/message/send?access_token={quote(account.key(TOKEN).expose(), safe='')}"
        return Talk(self._origin, CODES, http).tell(path, content, _carried)

    def query(self, number: str, message: Message, account: Account, http: Client) -> Answer:
        """Nobody can be asked, but the same words sent again within four hours are one message there."""
        return Absent()

    def probe(self, account: Account, http: Client) -> Answer:
        answer = self.fetch_token(account, http)
        return Done([Finding("keys", well=True)]) if isinstance(answer, Done) else answer


def _body(message: Message) -> dict[str, Any]:
    """Return what is said: a card where there is something to open, else a text."""
    if not message.url:
        return {"msgtype": "text", "text": {"content": fits_bytes(f"{message.title}\n{message.text}", LONGEST_TEXT)}}
    card = {
        "title": fits_bytes(message.title, LONGEST_TITLE),
        "description": fits_bytes(_plain(message.text), LONGEST_CARD),
        "url": message.url,
    }
    return {"msgtype": "textcard", "textcard": card}


def _plain(text: str) -> str:
    """Return words that no card takes for marks: the text of a card is read as HTML."""
    return text.replace("<", "＜").replace(">", "＞")


def _carried(said: Said) -> Answer:
    if said.get("invaliduser"):
        return Refused("WeCom knows nobody of this user ID, or the app is not visible to them")
    return Done(Carried(str(said.get("msgid", ""))))


class WeComRobot:
    """Carries messages to a group of the staff; whoever has the key may write there, so it is a secret."""

    name = "wecom_robot"
    title = words("WeCom robot")
    channel = Channel.WECOM_ROBOT
    fields: tuple[Field, ...] = (
        Field("group", words("Name of the group"), words("For you to tell robots apart.")),
        Field(
            KEY,
            words("Key of the robot"),
            words("What stands behind key= in its webhook address; not the whole address."),
            kind=Kind.PASSWORD,
            pattern=r"[0-9A-Za-z-]{16,64}",
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
        content = {"msgtype": "text", "text": {"content": fits_bytes(text, LONGEST_TEXT)}}
        path = f"/cgi-bin/webhook/send?key={quote(account.key(KEY).expose(), safe='')}"
        return Talk(self._origin, OF_ROBOTS, http).tell(path, content, answered)

    def query(self, number: str, message: Message, account: Account, http: Client) -> Answer:
        return Unknown("a robot tells nobody what it said")

    def probe(self, account: Account, http: Client) -> Answer:
        """Nothing can be tried out without saying something to the group, so that is done instead."""
        return Done([])


def check_fields(fields: tuple[Field, ...], numbered_by: str, account: Account) -> None:
    """Raise BadAccount for a field that is missing or does not look as it must."""
    for field in fields:
        given = account.key(field.name).expose() if field.is_secret else account.setting(field.name)
        text = account.number if field.name == numbered_by else given
        if not text and not field.required:
            continue
        if not text.strip() or (field.pattern and not re.fullmatch(field.pattern, text)):
            raise BadAccount(field.name, field.help or ODD)


ODD = words("Copy it from the settings there, without blanks.")

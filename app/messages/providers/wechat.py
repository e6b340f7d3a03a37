"""What the service account and the mini program share at WeChat: the account, its token, the numbers of its answers.

The token is a *stable* one: asking for it again gives the same until five minutes before its end, so that neither a
second process of ours nor another program of the merchant ends it (unless that one uses the older way).
"""

import re
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

from app.kit import clock
from app.kit.effects import Answer, Done
from app.kit.errors import words
from app.kit.http import Client
from app.kit.party import Account, BadAccount, Field, Finding, Kind
from app.messages.providers.base import TOKEN, Stale
from app.messages.providers.talking import Codes, Talk, fits, token_in

REAL = "https://api.weixin.qq.com"
CHINA = timezone(timedelta(hours=8))
SECRET = "secret"
APPID = Field(
    "appid",
    words("AppID"),
    words("Begins with wx; in the WeChat platform under the basic settings."),
    pattern=r"wx[0-9A-Za-z]{16}",
)
APP_SECRET = Field(
    SECRET,
    words("App secret (AppSecret)"),
    words("32 letters and digits. Enter the addresses of this installation in the IP whitelist there."),
    kind=Kind.PASSWORD,
    pattern=r"[0-9A-Za-z]{32}",
)
ODD_APPID = words("An AppID is wx and 16 letters or digits.")
ODD_SECRET = words("An app secret is 32 letters and digits.")

WRONG_KEYS = words("Enter the AppID and the app secret again, as the WeChat platform shows them.")
NOT_LISTED = words("Enter the address of this installation in the IP whitelist of the WeChat platform.")
NO_LEAVE = words("The WeChat platform has not granted this account the right to send such messages.")


def to_midnight() -> float:
    """Return the seconds until the day of WeChat's quotas is over."""
    now = clock.now().astimezone(CHINA)
    tomorrow = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), CHINA)
    return (tomorrow - now).total_seconds()


CODES = Codes(
    stale=frozenset({40001, 40014, 42001}),
    later={45009: to_midnight, 45011: lambda: 60.0},
    broken={40164: NOT_LISTED, 48001: NO_LEAVE, 40125: WRONG_KEYS, 40013: WRONG_KEYS},
)
# Where the token is asked for, a wrong secret has the number that elsewhere says that a token is worn out.
AT_THE_DOOR = Codes(later=CODES.later, broken={**CODES.broken, 40001: WRONG_KEYS})


def check(account: Account) -> None:
    """Raise BadAccount for what cannot be an account at WeChat."""
    if not re.fullmatch(APPID.pattern, account.number):
        raise BadAccount("appid", ODD_APPID)
    if not re.fullmatch(APP_SECRET.pattern, account.key(SECRET).expose()):
        raise BadAccount(SECRET, ODD_SECRET)


def fetch_token(origin: str, account: Account, http: Client) -> Answer:
    """Return the token that is good now, fetched without ending the one that others use."""
    asked = {"grant_type": "client_credential", "appid": account.number, "secret": account.key(SECRET).expose()}
    return Talk(origin, AT_THE_DOOR, http).post("/cgi-bin/stable_token", {**asked, "force_refresh": False}, token_in)


def with_token(path: str, account: Account) -> str:
    """Return the path of a question asked with our token."""
    return f"{path}?access_token={quote(account.key(TOKEN).expose(), safe='')}"


def found(answer: Answer) -> Answer:
    """Return what a self-test says that had a token fetched."""
    if isinstance(answer, Done):
        return Done([Finding("keys", well=True)])
    return answer if not isinstance(answer, Stale) else Done([Finding("keys", well=False, message=answer.reason)])


# What a field of a template may hold -----------------------------------------------------------------------------

LONGEST = {"thing": 20, "name": 10, "const": 20, "letter": 32, "symbol": 5, "phone_number": 17, "car_number": 8}
NOTHING = "-"


def fitted(field: str, value: str) -> str:
    """Return a value as a field of a template takes it; its type stands in its name, such as thing3.

    A value that breaks the rules of its type is refused with the whole message (47003), so it is cut here.
    """
    kind, text = field.rstrip("0123456789"), " ".join(value.split())
    if kind == "character_string":
        text = "".join(letter for letter in text if letter.isascii()).strip()[:32]
    elif kind == "number":
        text = "".join(re.findall(r"[0-9.]", text))[:32]
    elif kind == "phrase":
        text = "".join(re.findall(r"[\u4e00-\u9fff]", text))[:5]
    elif kind in LONGEST:
        text = fits(text, LONGEST[kind])
    return text or NOTHING

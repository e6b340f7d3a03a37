"""Trying an account out: whether its keys, its number and our clock are right, moving nothing."""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from app.kit import clock
from app.kit.effects import Absent, Answer, Done, Refused, Temporary, Unknown
from app.kit.errors import words
from app.kit.http import Response
from app.payments.providers.base import Finding
from app.payments.providers.wechat.buyers import buyer_of
from app.payments.providers.wechat.line import SKEW_SECONDS, Line, Said
from app.payments.providers.wechat.reading import UNSEEN

NEVER = "MIAOFA0PROBE0NEVER0PAID"
KEYS_RIGHT = words("WeChat Pay knows our key, and we know theirs.")
MENDS = {
    "SIGN_ERROR": words(
        "Private key, certificate and merchant number do not belong together: take all three from one account."
    ),
    "NO_AUTH": words("This merchant number may not do this yet. Apply for the product in the merchant platform."),
    "PARAM_ERROR": words("Merchant number or AppID is wrong. Copy both from the merchant platform."),
}
OTHER = words("Look the code up in the merchant platform, or ask WeChat Pay's support with it.")
SECRET_REFUSED = ("40001", "40013", "40125", "40164", "41002", "41004")
CODE_REFUSED = ("40029", "40163", "42003")  # which means that app and secret were taken


@dataclass
class _Clock:
    """How far WeChat's clock is from ours, in seconds."""

    away: int | None = None

    def note(self, response: Response) -> None:
        """Take the time of an answer: as it was signed, or as its server says."""
        signed, plain = response.headers.get("wechatpay-timestamp", ""), response.headers.get("date", "")
        try:
            told = float(signed) if signed else parsedate_to_datetime(plain).timestamp()
        except (ValueError, TypeError):
            return
        self.away = round(told - clock.now().timestamp())


def findings(line: Line, office: str) -> tuple[Finding, ...]:
    """Return what a self-test found; `office` is where the app secret is tried, "" where there is none."""
    watch = _Clock()
    path = f"/v3/pay/transactions/out-trade-no/{NEVER}?mchid={line.account.number}"
    answer = line.ask(path, _read, see=watch.note)
    found = (_keys(answer), _time(watch.away))
    return (*found, _secret(line, office)) if office else found


def _read(said: Said) -> Answer:
    return Absent() if said.code in UNSEEN else Refused(said.reason) if said.code else Done()


def _keys(answer: Answer) -> Finding:
    match answer:
        case Done() | Absent():
            return Finding("keys", well=True, message=KEYS_RIGHT)
        case Refused(reason):
            return Finding("keys", False, reason, MENDS.get(reason.partition(":")[0], OTHER))
        case Temporary(reason) | Unknown(reason) if "not authentic" in reason:
            mend = words("Check the WeChat Pay public key and its ID, and the clock of this server.")
            return Finding("keys", False, reason, mend)
        case _:
            mend = words("Try again in a moment; this server must reach api.mch.weixin.qq.com.")
            return Finding("query", False, words("WeChat Pay does not answer."), mend)


def _time(away: int | None) -> Finding:
    if away is None or abs(away) <= SKEW_SECONDS // 5:
        return Finding("clock", well=True)
    mend = words("Set this server's clock (NTP): beyond five minutes WeChat Pay refuses every request.")
    return Finding("clock", False, words("This server's clock is wrong."), mend)


def _secret(line: Line, office: str) -> Finding:
    answer = buyer_of(office, "miaofa-probe", line.account, line.http)
    code = answer.reason.partition(":")[0] if isinstance(answer, Refused) else ""
    if code in CODE_REFUSED:
        return Finding("jsapi", well=True)
    if code in SECRET_REFUSED:
        mend = words("Enter the AppSecret of this AppID, and allow this server's address in its IP list.")
        return Finding("jsapi", False, answer.reason if isinstance(answer, Refused) else "", mend)
    return Finding("jsapi", False, words("WeChat does not answer."), words("Try again in a moment."))

"""What Alipay does for us."""

from datetime import date, datetime
from urllib.parse import urlsplit

from app.kit.effects import Absent, Answer, Done, Refused, Temporary, Unknown
from app.kit.errors import words
from app.kit.http import Client, Interrupted, Oversized, Unreachable
from app.kit.money import Money
from app.payments.providers.alipay import accounts, notices, probing
from app.payments.providers.alipay.line import DONE, UNHEARD, Line, Said, china_time, put_off, refused
from app.payments.providers.alipay.notices import fen, told
from app.payments.providers.base import (
    Account,
    Closed,
    Field,
    Forged,
    Hint,
    Opened,
    Paid,
    Payback,
    Reply,
    Scene,
    Start,
    Told,
    Trade,
    Unpaid,
    Way,
    Wire,
)
from app.payments.providers.keeping import redacted

REAL = "https://openapi.alipay.com"
SANDBOX = "https://openapi-sandbox.dl.alipaydev.com"
PATH = "/gateway.do"
LEADS_TO = {REAL: "https://*.alipay.com", SANDBOX: "https://*.alipaydev.com"}  # from its door to its cashiers
MOST = 100_000_000_00  # fen in one trade
LONGEST_SUBJECT, LONGEST_REASON, LONGEST_CODE = 256, 256, 1024
LARGEST_BILL = 64 * 1024 * 1024

PAGE_PAY, WAP_PAY, PRECREATE = "alipay.trade.page.pay", "alipay.trade.wap.pay", "alipay.trade.precreate"
QUERY, CLOSE = "alipay.trade.query", "alipay.trade.close"
REFUND, REFUND_QUERY = "alipay.trade.refund", "alipay.trade.fastpay.refund.query"
BILL = "alipay.data.dataservice.bill.downloadurl.query"
PRODUCTS = {PAGE_PAY: "FAST_INSTANT_TRADE_PAY", WAP_PAY: "QUICK_WAP_PAY"}
NO_TRADE, NO_RIGHT = "ACQ.TRADE_NOT_EXIST", "40006"


class Alipay:
    """Speaks to Alipay, or to a simulator at another address, where every account is a test."""

    name = "alipay"
    title = words("Alipay")
    fields: tuple[Field, ...] = accounts.FIELDS
    numbered_by = accounts.APP_ID
    accepted = Reply(200, "success")
    refused = Reply(400, "fail")
    shows_wallets: tuple[str, ...] = ("alipay",)

    def __init__(self, url: str = REAL) -> None:
        self.url = url.rstrip("/")

    def confirms_first(self, account: Account) -> bool:
        """Tell that a notice counts by itself: Alipay signs it by a key of its own."""
        return False

    def check(self, account: Account) -> None:
        """Raise BadAccount with the field that cannot work, and how to mend it."""
        accounts.check(account)

    def is_test(self, account: Account) -> bool:
        """Tell whether this is Alipay's sandbox or a simulator."""
        return self._address(account) != REAL

    def offers(self, scene: Scene, due: Money, account: Account) -> Way | None:
        """Offer yuan anywhere but inside WeChat, which lets no page of Alipay's open."""
        if due.currency != "CNY" or not 1 <= due.minor <= MOST or scene is Scene.WECHAT:
            return None
        return Way.SCAN if _scans(scene, account) else Way.GO

    def origins(self, account: Account) -> tuple[str, ...]:
        """Return Alipay's door and the cashiers it leads on to."""
        address = self._address(account)
        return (address, LEADS_TO[address]) if address in LEADS_TO else (address,)

    def start(self, start: Start, account: Account, http: Client) -> Answer:
        """Return the address of Alipay's page, or a QR code; where that product was not granted, the page."""
        line = self._line(account, http)
        page = Done(Opened(Way.GO, _page(line, start)))
        if not _scans(start.scene, account):
            return page

        def read(said: Said) -> Answer:
            if said.code == DONE:
                return Done(Opened(Way.SCAN, _qr_code(said, start)))
            return page if said.code == NO_RIGHT else refused(said)

        return line.ask(PRECREATE, _wish(start), read, notify_url=start.notify_url)

    def verify(self, request: Wire, account: Account, now: datetime) -> Told | Hint:
        """Return what a notice says; of whatever age, since Alipay tells for a day, and each trade counts once."""
        return notices.read(request, account)

    def kept(self, request: Wire) -> str:
        """Return a notice without who paid."""
        return redacted(request, notices.PRIVATE)

    def query(self, trade: Trade, account: Account, http: Client) -> Answer:
        """Ask how a trade stands; one that Alipay does not know yet may still be paid."""

        def read(said: Said) -> Answer:
            if said.code == DONE:
                return Done(_standing(said, trade, account))
            return Done(Unpaid()) if said.sub_code == NO_TRADE else put_off(said)

        return self._line(account, http).ask(QUERY, {"out_trade_no": trade.trade}, read)

    def close(self, trade: Trade, account: Account, http: Client) -> Answer:
        """Close a trade unless it was paid; one that Alipay never saw is closed by the end that we wrote on it."""

        def read(said: Said) -> Answer:
            if said.code == DONE:
                _same(said, "out_trade_no", trade.trade)
                return Done(Closed())
            if said.sub_code == NO_TRADE:
                return Done(Closed())
            return self._after(said, trade, account, http) if "STATUS" in said.sub_code else put_off(said)

        return self._line(account, http).tell(CLOSE, {"out_trade_no": trade.trade}, read)

    def _after(self, said: Said, trade: Trade, account: Account, http: Client) -> Answer:
        """Return how a trade stands that is in no state to be closed: paid just now, or closed before."""
        answer = self.query(trade, account, http)
        return put_off(said) if answer == Done(Unpaid()) else answer

    def refund(self, payback: Payback, account: Account, http: Client) -> Answer:
        """Give money back, once for each number; what Alipay refuses may have gone back before, so it is asked."""
        wish = {
            **_place(payback),
            "refund_amount": payback.amount.major,
            "out_request_no": payback.number,
            "refund_reason": _plain(payback.reason)[:LONGEST_REASON],
        }

        def read(said: Said) -> Answer:
            if said.code in UNHEARD:
                return refused(said)
            if said.code == DONE:
                _same_trade(said, payback)
            if said.code == DONE and said.text("fund_change") == "Y":
                return Done(payback.number)
            known = self.refund_query(payback, account, http)
            if isinstance(known, Done | Refused):
                return known
            if said.code == DONE:
                return Unknown("processing")
            return refused(said) if isinstance(known, Absent) else Unknown(said.refusal)

        return self._line(account, http).tell(REFUND, {name: wish[name] for name in wish if wish[name]}, read)

    def refund_query(self, payback: Payback, account: Account, http: Client) -> Answer:
        """Ask whether money went back under a number."""

        def read(said: Said) -> Answer:
            if said.code != DONE:
                return Absent() if said.sub_code.endswith("_NOT_EXIST") else put_off(said)
            _same_trade(said, payback)
            match said.text("refund_status"):
                case "":
                    return Absent()
                case "REFUND_SUCCESS":
                    _same(said, "out_request_no", payback.number)
                    if fen(said.text("refund_amount")) != payback.amount:
                        return Refused("the number was used for another payback")
                    return Done(payback.number)
            return Temporary("processing")

        wish = {**_place(payback), "out_request_no": payback.number}
        return self._line(account, http).ask(REFUND_QUERY, wish, read)

    def probe(self, account: Account, http: Client) -> Answer:
        """Try keys, clock and rights with questions about trades that do not exist."""
        return Done(probing.findings(self._line(account, http)))

    def bill(self, day: date, account: Account, http: Client) -> Answer:
        """Fetch the bill of a day of China: Done(the bytes of a zip of CSV files in GBK)."""

        def read(said: Said) -> Answer:
            return self._download(said.text("bill_download_url"), http) if said.code == DONE else refused(said)

        return self._line(account, http).ask(BILL, {"bill_type": "trade", "bill_date": day.isoformat()}, read)

    def _download(self, url: str, http: Client) -> Answer:
        """Fetch what lies at an address that holds for half a minute."""
        if urlsplit(url).scheme != urlsplit(self.url).scheme:
            raise Forged("no address of a bill")
        try:
            response = http.download(url, largest=LARGEST_BILL)
        except Oversized:
            return Refused(f"the bill is larger than {LARGEST_BILL // 1024 // 1024} MB: download it and upload it here")
        except (Unreachable, Interrupted) as error:
            return Temporary(str(error))
        if response.status != 200 or not response.body.startswith(b"PK"):
            return Temporary(f"no bill came, status {response.status}")
        return Done(response.body)

    def _address(self, account: Account) -> str:
        is_sandbox = account.setting(accounts.ENVIRONMENT) == accounts.SANDBOX
        return SANDBOX if is_sandbox and self.url == REAL else self.url

    def _line(self, account: Account, http: Client) -> Line:
        return Line(self._address(account) + PATH, account, http)


# Asking ----------------------------------------------------------------------------------------------------------


def _scans(scene: Scene, account: Account) -> bool:
    return scene is Scene.DESKTOP and account.setting(accounts.DESKTOP) == accounts.QR


def _page(line: Line, start: Start) -> str:
    method = WAP_PAY if start.scene in (Scene.MOBILE, Scene.ALIPAY) else PAGE_PAY
    wish = _wish(start) | {"product_code": PRODUCTS[method]}
    if method == WAP_PAY:
        wish |= {"quit_url": start.return_url}
    return line.page(method, wish, notify_url=start.notify_url, return_url=start.return_url)


def _wish(start: Start) -> dict[str, str]:
    wish = {
        "out_trade_no": start.trade,
        "total_amount": start.due.major,
        "subject": _plain(start.subject)[:LONGEST_SUBJECT] or start.trade,
    }
    return wish | {"time_expire": china_time(start.expires_at)} if start.expires_at else wish


def _plain(text: str) -> str:
    """Return a text as Alipay takes it; without the marks that part the fields of a signed notice."""
    return " ".join("".join(" " if mark in "/=&" or not mark.isprintable() else mark for mark in text).split())


def _place(payback: Payback) -> dict[str, str]:
    return {"trade_no": payback.trade_no} if payback.trade_no else {"out_trade_no": payback.trade}


# Reading ---------------------------------------------------------------------------------------------------------


def _standing(said: Said, trade: Trade, account: Account) -> Paid | Unpaid | Closed:
    """Return how a trade stands; one closed after all of it went back pays nothing either."""
    _same(said, "out_trade_no", trade.trade)
    match said.text("trade_status"):
        case "WAIT_BUYER_PAY":
            return Unpaid()
        case "TRADE_CLOSED":
            return Closed()
        case "TRADE_SUCCESS" | "TRADE_FINISHED":
            return Paid(told(said.fields, account))
    raise Forged("not understood")


def _qr_code(said: Said, start: Start) -> str:
    _same(said, "out_trade_no", start.trade)
    code = said.text("qr_code")
    if not code or len(code) > LONGEST_CODE or not code.isprintable():
        raise Forged("no QR code")
    return code


def _same_trade(said: Said, payback: Payback) -> None:
    for name, value in _place(payback).items():
        _same(said, name, value)


def _same(said: Said, name: str, value: str) -> None:
    if said.text(name) != value:
        raise Forged("an answer to another question")

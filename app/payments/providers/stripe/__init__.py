"""Stripe Checkout: the buyer pays on Stripe's page, mostly by card; an optional channel for money from overseas.

What we call a trade is a *session* there, and its number is kept with the attempt; a payment is a *payment intent*,
and its number is the trade number of a notice.
"""

import re
from collections.abc import Callable
from datetime import date, datetime

from app.kit.effects import Answer
from app.kit.errors import words
from app.kit.http import Client
from app.kit.money import Money
from app.payments.providers.base import (
    Account,
    BadAccount,
    Field,
    Hint,
    Kind,
    Payback,
    Reply,
    Scene,
    Start,
    Told,
    Trade,
    Way,
    Wire,
)
from app.payments.providers.stripe import bills, notices, refunds, sessions, trial
from app.payments.providers.stripe.amounts import accepts
from app.payments.providers.stripe.line import Ended, Line, is_live

REAL = "https://api.stripe.com"
PAGE = "https://checkout.stripe.com"
ACCOUNT, KEY, SECRET = "account", "key", "webhook"


class Stripe:
    """Speaks Stripe's API, at its own address or a simulator's."""

    name = "stripe"
    title = words("Card (Stripe)")
    fields: tuple[Field, ...] = (
        Field(
            ACCOUNT,
            words("Account number"),
            words("In Stripe's dashboard under Settings, Account details: it begins with acct_."),
            pattern=r"acct_[A-Za-z0-9]{8,64}",
        ),
        Field(
            KEY,
            words("Secret key"),
            words("Begins with sk_ or, better, a restricted one with rk_; test keys take no money."),
            Kind.PASSWORD,
        ),
        Field(
            SECRET,
            words("Signing secret of the webhook"),
            words("Stripe shows it once our notify address is added there under Webhooks: it begins with whsec_."),
            Kind.PASSWORD,
            required=False,
            later=True,
        ),
        Field(
            "methods",
            words("Ways to pay on Stripe's page"),
            kind=Kind.CHOICE,
            choices=(
                ("card", words("Cards")),
                ("wallets", words("Cards, Alipay and WeChat Pay through Stripe")),
                ("dashboard", words("All that are switched on in Stripe's dashboard")),
            ),
        ),
        Field(
            "page",
            words("Address of the payment page"),
            words("Only with a domain of your own at Stripe: https://pay.example.com."),
            Kind.URL,
            required=False,
        ),
    )
    numbered_by = ACCOUNT
    accepted = Reply(200, "ok")
    refused = Reply(400, "refused")
    shows_wallets: tuple[str, ...] = ("card",)

    def __init__(self, url: str = REAL) -> None:
        self._origin = url.rstrip("/")

    # Without a network ------------------------------------------------------------------------------------------

    def confirms_first(self, account: Account) -> bool:
        """Tell that a notice counts by itself: it is signed by a secret that no buyer sees."""
        return False

    def check(self, account: Account) -> None:
        """Raise BadAccount for what cannot be what it should be; Stripe's texts tell what they are."""
        key, secret = (account.key(name).expose() for name in (KEY, SECRET))
        if not re.fullmatch(r"acct_[A-Za-z0-9]{8,64}", account.number):
            raise BadAccount(ACCOUNT, words("An account number begins with acct_ and has letters and digits after it."))
        if key.startswith("pk_"):
            raise BadAccount(KEY, words("This is the publishable key: copy the secret key below it."))
        if key.startswith("whsec_"):
            raise BadAccount(KEY, words("This is the signing secret of a webhook: it belongs in the field below."))
        if not re.fullmatch(r"[rs]k_(test|live)_[A-Za-z0-9_]{8,240}", key):
            raise BadAccount(KEY, words("A secret key begins with sk_test_, sk_live_, rk_test_ or rk_live_."))
        if secret and not re.fullmatch(r"whsec_[!-~]{8,200}", secret):
            raise BadAccount(SECRET, words("A signing secret begins with whsec_: it is not a key of the API."))
        if account.setting("methods") not in ("", *sessions.MANNERS):
            raise BadAccount("methods", words("Choose one from the list."))
        if account.setting("page") and not re.fullmatch(r"https://[a-z0-9.-]+(:[0-9]+)?", account.setting("page")):
            raise BadAccount("page", words("Give an address such as https://pay.example.com, without a path."))

    def is_test(self, account: Account) -> bool:
        """Tell whether the key is a test key, or leads to a simulator."""
        return self._origin != REAL or not is_live(account.key(KEY).expose())

    def offers(self, scene: Scene, due: Money, account: Account) -> Way | None:
        """Send the browser to Stripe's page; the browser inside WeChat does not open it."""
        return Way.GO if scene is not Scene.WECHAT and accepts(due) else None

    def origins(self, account: Account) -> tuple[str, ...]:
        """Return where Stripe's page is, and where the merchant's own domain shows it."""
        own = account.setting("page")
        return (PAGE if self._origin == REAL else self._origin, *((own,) if own else ()))

    def verify(self, request: Wire, account: Account, now: datetime) -> Told | Hint:
        """Return what an event says; raises Forged for a wrong signature, time, mode, account or shape."""
        live = is_live(account.key(KEY).expose())
        return notices.verify(request, account.key(SECRET).expose(), account.number, now, is_live=live)

    def kept(self, request: Wire) -> str:
        """Return an event without who paid."""
        return notices.kept(request)

    # From an effect ---------------------------------------------------------------------------------------------

    def start(self, start: Start, account: Account, http: Client) -> Answer:
        """Return a page to pay at; asking twice is the same page."""
        return self._talk(account, http, lambda line: sessions.start(start, line))

    def query(self, trade: Trade, account: Account, http: Client) -> Answer:
        """Ask how a session stands."""
        return self._talk(account, http, lambda line: sessions.query(trade, line))

    def close(self, trade: Trade, account: Account, http: Client) -> Answer:
        """Let a session expire unless it was paid."""
        return self._talk(account, http, lambda line: sessions.close(trade, line))

    def refund(self, payback: Payback, account: Account, http: Client) -> Answer:
        """Give money back, once for each number."""
        return self._talk(account, http, lambda line: refunds.refund(payback, line))

    def refund_query(self, payback: Payback, account: Account, http: Client) -> Answer:
        """Ask whether money went back under a number."""
        return self._talk(account, http, lambda line: refunds.refund_query(payback, line))

    def probe(self, account: Account, http: Client) -> Answer:
        """Try the key, the clock, the permissions and the webhook."""
        has_secret = bool(account.key(SECRET).expose())
        return self._talk(account, http, lambda line: trial.probe(line, has_secret=has_secret))

    def bill(self, day: date, account: Account, http: Client) -> Answer:
        """Return the movements of a day in UTC as CSV."""
        return self._talk(account, http, lambda line: bills.bill(day, line))

    def _talk(self, account: Account, http: Client, talk: Callable[[Line], Answer]) -> Answer:
        try:
            return talk(Line(self._origin, account, account.key(KEY).expose(), http))
        except Ended as ended:
            return ended.answer

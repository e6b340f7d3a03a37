"""The gateway: which version an account speaks, and what a buyer is offered where."""

from datetime import date, datetime

from app.kit.effects import Answer, Done, Refused, Temporary
from app.kit.errors import words
from app.kit.http import Client
from app.kit.money import Money
from app.payments.providers.base import (
    Account,
    Field,
    Hint,
    Opened,
    Payback,
    Reply,
    Scene,
    Start,
    Told,
    Trade,
    Way,
    Wire,
)
from app.payments.providers.epay import first, second, settings
from app.payments.providers.epay.first import First
from app.payments.providers.epay.second import Second
from app.payments.providers.epay.site import CNY, fields_of
from app.payments.providers.keeping import redacted

WALLETS = {Scene.WECHAT: "wxpay", Scene.ALIPAY: "alipay"}
REAL = ""  # every account names its own site
UNSAFE = "the address of the site is not https: correct it in the settings"
HIDDEN = ("sign", "buyer", "clientip", "key")  # of a notice


class Epay:
    """Sites of the epay protocol, each account at one of them; the one at `simulator` takes no real money."""

    name = "epay"
    title = words("Epay")
    fields: tuple[Field, ...] = settings.FIELDS
    numbered_by = "pid"
    accepted = Reply(200, "success")
    refused = Reply(200, "fail")
    shows_wallets: tuple[str, ...] = ("alipay", "wechat", "qq")

    def __init__(self, simulator: str = REAL) -> None:
        self.simulator = simulator

    def confirms_first(self, account: Account) -> bool:
        """Tell whether a notice is a hint only: where buyers see signatures made with the key that signs notices."""
        return settings.is_first(account)

    def check(self, account: Account) -> None:
        """Raise BadAccount when the keys cannot be read or fields contradict each other."""
        settings.check(account, self.simulator)

    def is_test(self, account: Account) -> bool:
        """Tell whether the site is the simulator."""
        return settings.is_at(account, self.simulator)

    def offers(self, scene: Scene, due: Money, account: Account) -> Way | None:
        """Offer yuan only, and inside an app only what that app pays with."""
        types, wallet = settings.types_of(account), WALLETS.get(scene)
        if due.currency != CNY or (wallet and types and wallet not in types):
            return None
        scans = scene is Scene.DESKTOP and account.setting("desktop") == "scan" and len(types) == 1
        return Way.SCAN if scans else Way.GO

    def origins(self, account: Account) -> tuple[str, ...]:
        """Return where the site is."""
        return tuple(filter(None, (settings.origin_of(settings.base_of(account)),)))

    def start(self, start: Start, account: Account, http: Client) -> Answer:
        """Return the site's page, signed, which needs no network, or the QR code it makes when asked."""
        way = self.offers(start.scene, start.due, account)
        if way is None:
            return Refused("not offered here")
        if not settings.may_be_asked(account, self.simulator):
            return Refused(UNSAFE)
        site, kind = _site(account, http), _kind(start.scene, account)
        return site.create(start, kind) if way is Way.SCAN else Done(Opened(Way.GO, site.page(start, kind)))

    def verify(self, request: Wire, account: Account, now: datetime) -> Told | Hint:
        """Return what a notice says, sent by GET or by POST."""
        fields = fields_of(request)
        if settings.is_first(account):
            return first.told(fields, account)
        return second.told(fields, account, now)

    def kept(self, request: Wire) -> str:
        """Return a notice without its signature, which could be used again, and without who paid."""
        return redacted(request, HIDDEN)

    def query(self, trade: Trade, account: Account, http: Client) -> Answer:
        """Ask how a trade stands."""
        return self._safely(account) or _site(account, http).query(trade)

    def close(self, trade: Trade, account: Account, http: Client) -> Answer:
        """Close a trade; the first version cannot, so there it stays open until the order's own time is up."""
        return self._safely(account) or _site(account, http).close(trade)

    def refund(self, payback: Payback, account: Account, http: Client) -> Answer:
        """Give money back where the site lets us."""
        return self._safely(account) or _site(account, http).refund(payback)

    def refund_query(self, payback: Payback, account: Account, http: Client) -> Answer:
        """Ask whether money went back."""
        return self._safely(account) or _site(account, http).refund_query(payback)

    def probe(self, account: Account, http: Client) -> Answer:
        """Ask the site who we are."""
        return self._safely(account) or _site(account, http).probe()

    def bill(self, day: date, account: Account, http: Client) -> Answer:
        """Refuse: sites have no bills to compare."""
        return Refused("not offered")

    def _safely(self, account: Account) -> Answer | None:
        return None if settings.may_be_asked(account, self.simulator) else Temporary(UNSAFE)


def _site(account: Account, http: Client) -> First | Second:
    return First(account, http) if settings.is_first(account) else Second(account, http)


def _kind(scene: Scene, account: Account) -> str:
    """Return which way to pay is asked for; none lets the site ask the buyer."""
    types = settings.types_of(account)
    if types and scene in WALLETS:
        return WALLETS[scene]
    return types[0] if len(types) == 1 else ""

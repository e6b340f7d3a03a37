"""People who have opened an account at the demo shop, each by a code of their own."""

from datetime import datetime, timedelta
from functools import partial

from app.accounts.service import Browser
from app.commands.demo.plan import AGENTS, NETWORKS
from app.delivery.service import Asking
from app.kit import db
from app.kit.listing import listed
from app.kit.onetime import digits_of
from app.members import queries, service

CONTACTS = ("lin@demo.example", "chen@demo.example", "zhou@demo.example")
AGO = timedelta(days=3)


def join(merchant_id: int, *, now: datetime) -> None:
    """Let a few people sign in for the first time; a shop that has members stays as it is."""
    if db.read(merchant_id, lambda: listed(queries.MEMBERS, {}).page.rows):
        return
    for number, contact in enumerate(CONTACTS):
        at = now - AGO * (number + 1)
        asking = Asking("", Browser(NETWORKS[number % len(NETWORKS)], AGENTS[number % len(AGENTS)]))
        token = db.write(merchant_id, partial(service.ask_code, contact, asking, lang="zh", now=at))
        db.write(merchant_id, partial(_sign_in, Asking(token, asking.browser), at))


def _sign_in(asking: Asking, at: datetime) -> None:
    code = service.find_asked(asking.device_token)
    assert code is not None
    service.prove(digits_of(code.id).expose(), asking, token="", now=at)

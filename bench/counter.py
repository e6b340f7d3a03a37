"""How many uses a counter takes in a second, over HTTP: the form that a scanner sends, by clerks who are signed in.

Ours and the floor's `apply` take turns, as in bench/sales.py. Afterwards the books of redemption are checked: every
answer that said so is one use, and no code was used twice.
"""

from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

import httpx
from sqlalchemy import func, select

from app.entitlements.models import Entitlement
from app.kit import db
from app.kit.ids import new_id
from app.redemption.models import Redemption, Voucher
from bench.figures import Figure
from bench.pages import cookies_of, token_of
from bench.requests import Request
from bench.sales import CONNECTIONS, compare
from bench.stage import SLUG, Stage
from tests.make import PASSWORD

CLERKS = 4  # browsers with a session of their own
PATH = f"/office/{SLUG}/counter"


def measure(stage: Stage, codes: Sequence[str]) -> Figure:
    """Redeem codes at the counter, each load a share of them, and check what was written."""
    clerks = [sign_in(stage) for _ in range(CLERKS)]
    share = len(codes) // (len(CONNECTIONS) + stage.size.rounds + 1)
    made = scans(codes, clerks)
    before = count_uses(stage)
    said = compare(
        stage, "counter", "apply", lambda count: [next(made) for _ in range(min(count, share))], unit="uses/s"
    )
    check(stage, before, said)
    return said


def sign_in(stage: Stage) -> tuple[str, str]:
    """Sign a clerk in and return the cookies of the counter and the token of its form."""
    with httpx.Client(base_url=f"http://127.0.0.1:{stage.port}") as browser:
        form = {"email": stage.shop.owner, "password": PASSWORD, "csrf_token": token_of(browser.get("/office/login"))}
        browser.post("/office/login", data=form)
        token = token_of(browser.get(PATH))
        return cookies_of(browser), token


def scans(codes: Sequence[str], clerks: Sequence[tuple[str, str]]) -> Iterator[Request]:
    """Yield the scan of each code, by one clerk after the other, as the page sends it."""
    for number, code in enumerate(codes):
        cookies, token = clerks[number % len(clerks)]
        headers = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
        headers |= {"HX-Request": "true", "HX-Target": "counter-answer"}
        form = {"csrf_token": token, "idem": new_id().hex, "code": code, "uses": "1"}
        yield Request("POST", PATH, 200, headers, urlencode(form).encode())


def count_uses(stage: Stage) -> tuple[int, int, int]:
    """Count the uses that are written, those the vouchers lack, and those the entitlements say."""
    written = select(func.coalesce(func.sum(Redemption.uses), 0)).scalar_subquery()
    taken = select(func.coalesce(func.sum(Voucher.uses - Voucher.uses_left), 0)).scalar_subquery()
    told = select(func.coalesce(func.sum(Entitlement.used), 0)).scalar_subquery()
    counts = stage.shop.read(lambda: db.session().execute(select(written, taken, told)).one())
    return int(counts[0]), int(counts[1]), int(counts[2])


def check(stage: Stage, before: tuple[int, int, int], said: Figure) -> None:
    """Raise unless the three counts agree and rose by no less than was answered; a load may end amid an answer."""
    after = count_uses(stage)
    rose = {now - then for now, then in zip(after, before, strict=True)}
    if len(rose) != 1 or min(rose) < said["answers"]:
        raise RuntimeError(f"Uses before and after {said['answers']} answers: {before}, {after}")

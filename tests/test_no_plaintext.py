"""A code is plaintext on its buyer's screen and nowhere else: not in the database, Redis, logs or temporary files.

Canary codes go the whole way (upload, command line, sale, reveal, redemption, hand-out, failures on purpose); then
every place where something could have stayed is searched for them, in clear, in base64 and in hex.
"""

import base64
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from redis import Redis as Client
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from app.commands.demo import OWNER, PASSWORD
from app.commands.demo.company import ADMINISTRATOR
from app.commands.demo.company import PASSWORD as HR_PASSWORD
from tests.conftest import new_database
from tests.engines import Postgres
from tests.installation import Installation

SKU, CARD = "YT-MONTH", "LJ-500"
NEW_PASSWORD = "a password chosen by letter"
ORDER_PASSWORD = r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}"
REFERENCE = "Staff-4711"
CONTROL = "Supplier-in-clear"  # is no secret and must be found, or the search searches nothing


@pytest.fixture(params=["sqlite", "postgresql"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    urls = None if request.param == "sqlite" else new_database("postgresql", tmp_path, request)
    with Installation(tmp_path, urls=urls) as installation:
        yield installation


def test_canaries_are_found_nowhere_but_on_the_buyers_screen(
    installation: Installation, request: pytest.FixtureRequest
) -> None:
    canaries = [f"CANARY{secrets.token_hex(8).upper()}" for _ in range(40)]
    pins = [f"PIN{secrets.token_hex(8)}" for _ in range(10)]
    merchant = Person(installation)
    merchant.sign_in()
    merchant.upload(SKU, "code\n" + "\n".join(canaries[:20]) + "\n" + canaries[0], name="canaries.csv")
    merchant.upload(CARD, "\n".join(f"{number},{pin}" for number, pin in zip(canaries[20:30], pins, strict=True)))
    merchant.upload(SKU, "code,code\n" + canaries[30], expect=422)  # a broken header
    merchant.upload(SKU, canaries[31].encode("utf-16"), expect=422)
    merchant.upload("NO-SUCH", canaries[32], expect=422)
    merchant.visit_office()
    import_by_command(installation, canaries[33:])

    token = Person(installation).choose_new_password(installation)
    dora = Person(installation)
    seen = dora.buy_until_canary(canaries)
    assert seen in canaries
    link = dora.open_link_of_letter(installation)
    merchant.sign_in(NEW_PASSWORD)
    merchant.allow_codes_by_mail()
    phone = Person(installation)
    digits = phone.come_in_by_code(installation, dora.contact)

    hr, staff = Person(installation), f"staff-{secrets.token_hex(6)}@example.com"
    merchant.type_at_the_counter(canaries[33])
    dora.type_to_redeem(canaries[21], pins[1])
    hr.sign_in_for_the_company()
    hr.redeem_in_bulk(canaries[:3])
    hr.hand_out(staff)
    claim, given = Person(installation).open_claim(installation)

    break_something(installation)
    assert any(CONTROL.encode() in content for _, content in places(installation, request, logs_only=False))
    for canary in (*canaries, *pins, given):
        assert_found_nowhere(canary, installation, request)
    for secret in (token, NEW_PASSWORD, link, dora.contact, claim, staff):
        assert_found_nowhere(secret, installation, request, but="instance/spool/")  # where mailboxes begin
    assert_digits_found_nowhere(digits, installation, request, but="instance/spool/")
    assert str(phone.http.cookies.get("device"))
    assert_found_nowhere(str(phone.http.cookies.get("device")), installation, request)
    for secret in (dora.password, dora.password.replace("-", "")):
        assert_found_nowhere(secret, installation, request)
    assert_found_nowhere(installation_key(installation), installation, request, logs_only=True)


class Person:
    """Somebody with a browser without JavaScript."""

    def __init__(self, installation: Installation) -> None:
        self.contact = f"dora-{secrets.token_hex(6)}@example.com"
        self.password = ""
        self.http = httpx.Client(base_url=installation.base, follow_redirects=True, timeout=30)

    def sign_in(self, password: str = PASSWORD) -> None:
        form = {"csrf_token": self.token("/office/login"), "email": OWNER, "password": password}
        assert self.http.post("/office/login", data=form).url.path == "/office/demo/"

    def upload(self, sku: str, content: str | bytes, *, name: str = "codes.txt", expect: int = 200) -> None:
        fields = {"csrf_token": self.token("/office/demo/imports/new"), "sku": sku, "cost": "1", "supplier": CONTROL}
        answer = self.http.post("/office/demo/imports", data=fields, files={"file": (name, content)})
        assert answer.status_code == expect, answer.text

    def visit_office(self) -> None:
        for path in ("", "codes", "stock", "orders", "products"):
            page = self.http.get(f"/office/demo/{path}")
            assert page.status_code == 200
            assert "CANARY" not in page.text

    def buy_until_canary(self, canaries: list[str]) -> str:
        """Buy the card whose stock is older and the demo's codes until a canary comes; the pool sells in order."""
        page = self.http.get("/p/lanjing-points-500")
        form = fields_of(page.text, "/orders") | {"contact": self.contact, "quantity": "201"}
        cashier = self.http.post("/orders", data=form)
        self.password = re.search(ORDER_PASSWORD, cashier.text)[0]  # type: ignore[index]
        gateway = self.http.post(f"{cashier.url.path}/payments", data=fields_of(cashier.text, "/payments"))
        path = re.search(r'action="(/pay/[^"]+)"', gateway.text)
        assert path, gateway.text
        paid = self.http.post(str(gateway.url.join(path[1])), data=fields_of(gateway.text, path[1]))
        assert paid.url.path.startswith("/o/")
        until = time.monotonic() + 30
        while "/reveal" not in paid.text and time.monotonic() < until:
            time.sleep(0.1)
            paid = self.http.get(paid.url)
        shown = self.http.post(f"{paid.url.path}/reveal", data=fields_of(paid.text, "/reveal"))
        assert shown.headers["Cache-Control"] == "no-store"
        return next((canary for canary in canaries if canary in shown.text.replace("<", " <")), "none was shown")

    def open_link_of_letter(self, installation: Installation) -> str:
        """Open the link in the buyer's letter and return the link's token."""
        token = token_in_letter(installation, r"/r/([\w.-]+)")
        page = self.http.get(f"/s/demo/r/{token}")
        assert page.status_code == 200
        return token

    def allow_codes_by_mail(self) -> None:
        page = self.http.get("/office/demo/letters")
        form = fields_of(page.text, "/letters/proof")
        assert self.http.post("/office/demo/letters/proof", data=form | {"mail_proof": "1"}).status_code == 200

    def come_in_by_code(self, installation: Installation, contact: str) -> str:
        """Ask for a code to a contact, type wrong and right digits, look at the codes, and return the right ones."""
        form = {"csrf_token": self.token("/lookup/code"), "name": contact}
        asked = self.http.post("/lookup/code", data=form)
        assert asked.url.path == "/lookup/code/enter"
        digits = token_in_letter(installation, r"(?m)^(\d{6})\r?$")
        for typed in (f"{(int(digits) + 1) % 10**6:06d}", digits):
            page = self.http.get(asked.url)
            answer = self.http.post(asked.url, data=fields_of(page.text, "/enter") | {"digits": typed})
        assert answer.url.path == "/orders"
        owned = re.search(r'href="(/o/[^"]+)"', answer.text)
        assert owned, answer.text
        page = self.http.get(owned[1])
        shown = self.http.post(f"{owned[1]}/reveal", data=fields_of(page.text, "/reveal"))
        assert "data-field" in shown.text
        return digits

    def choose_new_password(self, installation: Installation) -> str:
        """Forget the password, choose a new one by the link in the letter, and return the link's token."""
        form = {"csrf_token": self.token("/office/reset"), "email": OWNER}
        assert self.http.post("/office/reset", data=form).url.path == "/office/reset/sent"
        token = token_in_letter(installation)
        page = self.http.get(f"/office/reset/{token}")
        form = fields_of(page.text, token) | {"password": NEW_PASSWORD, "again": NEW_PASSWORD}
        assert self.http.post(page.url, data=form).url.path == "/office/login"
        self.sign_in(NEW_PASSWORD)
        return token

    def type_at_the_counter(self, code: str) -> None:
        """Choose where the counter stands, and type something that was never sold."""
        page = self.http.get("/office/demo/counter").text
        place = re.search(r'<option value="(loc_\w+)"', page)
        assert place, page
        form = fields_of(page, "/counter/place") | {"place": place[1]}
        page = self.http.post("/office/demo/counter/place", data=form).text
        answer = self.http.post("/office/demo/counter", data=fields_of(page, "/counter") | {"code": code, "uses": "1"})
        assert answer.status_code in {409, 422}, answer.text

    def type_to_redeem(self, code: str, pin: str) -> None:
        form = fields_of(self.http.get("/redeem").text, "/redeem")
        assert self.http.post("/redeem", data=form | {"code": code, "pin": pin}).status_code in {200, 409, 422}
        assert self.http.post("/redeem", data=form | {"code": code, "pin": "wrong"}).status_code in {409, 422}

    def sign_in_for_the_company(self) -> None:
        form = {"csrf_token": self.token("/enterprise/demo/login"), "email": ADMINISTRATOR, "password": HR_PASSWORD}
        assert self.http.post("/enterprise/demo/login", data=form).url.path == "/enterprise/demo/"

    def redeem_in_bulk(self, typed: list[str]) -> None:
        """Paste a list of codes that are not the company's, and redeem two pieces of its batch; save both as files."""
        page = self.http.get("/enterprise/demo/redeem").text
        rows = {"rows": "\n".join(f"{code},{CONTROL}" for code in typed)}
        self.http.post("/enterprise/demo/redeem/pasted", data=fields_of(page, "/pasted") | rows)
        some = fields_of(page, "/redeem/batch") | {"batch": batch_in(page), "quantity": "2", "reference": CONTROL}
        preview = self.http.post("/enterprise/demo/redeem/batch", data=some)
        done = self.http.post(f"{preview.url.path}/confirmation", data=fields_of(preview.text, "/confirmation"))
        assert [self.http.get(f"{done.url.path}/export.{kind}").status_code for kind in ("csv", "xlsx")] == [200, 200]

    def hand_out(self, address: str) -> None:
        """Give a piece of the company's batch to somebody, who is written to."""
        page = self.http.get("/enterprise/demo/handouts/new").text
        form = fields_of(page, "/handouts") | {"batch": batch_in(page), "name": "Party", "lang": "en"}
        draft = self.http.post("/enterprise/demo/handouts", data=form | {"people": f"{CONTROL},{REFERENCE},{address}"})
        given = self.http.post(f"{draft.url.path}/confirmation", data=fields_of(draft.text, "/confirmation"))
        assert "/g/" in self.http.get(f"{given.url.path}/export.csv").text

    def open_claim(self, installation: Installation) -> tuple[str, str]:
        """Prove oneself at the link of a letter, and return the link's token and the code behind it."""
        token = token_in_letter(installation, r"/g/([\w.-]+)")
        page = self.http.get(f"/s/demo/g/{token}")
        for typed in ("wrong", REFERENCE):
            page = self.http.post(f"/s/demo/g/{token}/proof", data=fields_of(page.text, "/proof") | {"proof": typed})
        shown = self.http.post(f"/s/demo/g/{token}/reveal", data=fields_of(page.text, "/reveal")).text
        field = re.search(r'data-field="code"[^>]*>(.*?)</span>\s*</', shown, re.DOTALL)
        code = re.sub(r"<[^>]+>|\s", "", field[1]) if field else shown
        assert re.fullmatch(r"(\w{4}-){3}\w{4}", code), code
        return token, code

    def token(self, path: str) -> str:
        return fields_of(self.http.get(path).text, "")["csrf_token"]


def fields_of(html: str, action: str) -> dict[str, str]:
    """Return the fields of the first form that posts to an address ending in `action`, with their values."""
    forms = re.findall(r'<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>', html, re.DOTALL)
    inner = next(body for target, body in forms if target.endswith(action) and (action or "csrf_token" in body))
    inputs = re.findall(r"<(?:input|button)\b[^>]*>", inner)
    pairs = ((re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)) for tag in inputs)
    found: dict[str, str] = {}
    for name, value in pairs:
        if name and value:
            found.setdefault(name[1], value[1])
    return found


def batch_in(html: str) -> str:
    """Return the first batch that a page lets one choose."""
    found = re.search(r'<option value="(ord_\w+)"', html)
    assert found, html
    return found[1]


def token_in_letter(installation: Installation, pattern: str = r"/office/reset/([\w.-]+)") -> str:
    """Return the token of the link in the first letter, as soon as a worker has sent it."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        for letter in (installation.folder / "instance" / "spool").glob("*.eml"):
            if found := re.search(pattern, letter.read_text("utf-8")):
                return found[1]
        time.sleep(0.1)
    raise AssertionError(f"no letter came:\n{installation.printed}")


def import_by_command(installation: Installation, canaries: list[str]) -> None:
    file = installation.folder.parent / f"{installation.folder.name}-input.txt"
    file.write_text("\n".join(canaries))
    assert installation.flask("codes", "import", SKU, str(file), "--shop", "demo").returncode == 0
    file.unlink()


def break_something(installation: Installation) -> None:
    """Provoke failures whose traces could carry what was being worked on."""
    person = Person(installation)
    person.http.post("/orders", data={"contact": "x" * 10_000})
    person.http.post("/hooks/nobody", content=b"\x00" * 100)
    person.http.get("/o/forged")
    assert "Traceback" not in installation.printed


def assert_found_nowhere(
    canary: str,
    installation: Installation,
    request: pytest.FixtureRequest,
    *,
    logs_only: bool = False,
    but: str = "nothing",
) -> None:
    plain = canary.encode()
    forms = [plain, plain.lower(), base64.b64encode(plain)[:-4], plain.hex().encode()]
    for place, content in places(installation, request, logs_only=logs_only):
        for form in forms if not place.startswith(but) else ():
            assert form not in content, f"{place} holds {canary}"


def assert_digits_found_nowhere(
    digits: str, installation: Installation, request: pytest.FixtureRequest, *, but: str
) -> None:
    """Refuse six digits where they stand alone, or written down as bytes; inside of longer numbers chance puts them."""
    plain = digits.encode()
    alone = re.compile(rb"(?<![0-9A-Za-z.])%b(?![0-9A-Za-z])" % plain)
    for place, content in places(installation, request, logs_only=False):
        hidden = base64.b64encode(plain) in content or plain.hex().encode() in content
        assert place.startswith(but) or not (hidden or alone.search(content)), f"{place} holds the digits of a code"


def places(
    installation: Installation, request: pytest.FixtureRequest, *, logs_only: bool
) -> Iterator[tuple[str, bytes]]:
    """Yield every place where plaintext could have stayed, with what lies there."""
    yield "the log", installation.log.read_bytes()
    for file in installation.temporary.rglob("*"):
        if file.is_file():
            yield f"temporary {file.name}", file.read_bytes()
    if logs_only:
        return
    for file in (installation.folder / "instance").rglob("*"):
        if file.is_file():
            yield f"instance/{file.relative_to(installation.folder / 'instance')}", file.read_bytes()
    yield "Redis", redis_dump(installation)
    if "DATABASE_URL" in installation.env:
        yield "the PostgreSQL dump", postgresql_dump(installation, request.getfixturevalue("postgres"))


def redis_dump(installation: Installation) -> bytes:
    client = Client.from_url(f"unix://{installation.folder / 'instance' / 'redis' / 'redis.sock'}")
    return b"\n".join(key + b" " + (client.dump(key) or b"") for key in client.scan_iter(count=1000))


def postgresql_dump(installation: Installation, cluster: Postgres) -> bytes:
    """Return every row of every table as text, read as a superuser, whom no row level security stops."""
    engine = create_engine(cluster.superuser.set(database=make_url(installation.env["DATABASE_URL"]).database))
    with engine.connect() as connection:
        tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars()
        rows = [
            str(connection.execute(text(f'SELECT string_agg(t::text, chr(10)) FROM "{table}" t')).scalar())
            for table in tables
        ]
    engine.dispose()
    return "\n".join(rows).encode()


def installation_key(installation: Installation) -> str:
    return (installation.folder / ".config" / "miaofa" / "master_keys.txt").read_text().strip()

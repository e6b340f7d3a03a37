"""No order password: a code by mail opens the orders of its contact where the shop allows it, and tells nobody else."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.delivery.service.owning import ASKED_PER_NAME
from app.kit import clock, db, mail
from app.kit.events import SYSTEM, EventRow
from app.kit.onetime import CODE_TRIES
from app.merchants import service as merchants
from tests import people
from tests.kit.depth import share
from tests.mailbox import Mailbox, read, text_of
from tests.make import Browser, Shop
from tests.web.shop.doors import Linked, alike, from_network, in_one_window, later, statements
from tests.web.shop.test_purchase import shown_codes

DORA = "dora@example.com"
NOBODY = "000000"


class Mailed(Linked):
    """An order that Dora paid, in a shop that takes codes by mail, and her mailbox."""

    def __init__(self, shop: Shop, mailbox: Mailbox) -> None:
        super().__init__(shop)
        self.mailbox, self.base = mailbox, f"/s/{shop.slug}"
        allow(shop, True)
        shop.drain()

    def ask(self, browser: Browser, name: str = DORA, **more: Any) -> Any:
        page = f"{self.base}/lookup/code"
        return browser.post(page, {"name": name}, page=page, **more)

    def enter(self, browser: Browser, digits: str, **more: Any) -> Any:
        page = f"{self.base}/lookup/code/enter"
        return browser.post(page, {"digits": digits}, page=page, **more)

    def letter(self) -> str:
        """Return the words of the newest letter, once all that waits is sent."""
        self.shop.drain()
        return text_of(read(max(self.mailbox.folder.glob("*.eml"))))

    def digits(self) -> str:
        found = re.search(r"^\d{6}(?=\r?$)", self.letter(), re.MULTILINE)
        assert found, self.letter()
        return found[0]

    def sign_in(self, browser: Browser) -> None:
        self.ask(browser)
        assert self.enter(browser, self.digits()).location == f"{self.base}/orders"

    def listed(self, browser: Browser, lang: str = "en") -> str:
        return words_in(browser.get(f"{self.base}/orders?lang={lang}"))

    def proofs(self) -> list[str]:
        query = select(EventRow.data).where(EventRow.name == "code.revealed").order_by(EventRow.id)
        return [data["proof"] for data in self.shop.read(lambda: list(db.session().scalars(query)))]


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    before = mail._opener
    yield Mailbox(tmp_path / "spool")
    mail.configure(opener=before)


@pytest.fixture
def mailed(shop: Shop, mailbox: Mailbox) -> Mailed:
    return Mailed(shop, mailbox)


def allow(shop: Shop, allowed: bool) -> None:
    shop.write(lambda: merchants.change_mail_proof(allowed, now=clock.now(), by=SYSTEM))


def codes_in(answer: Any) -> list[str]:
    return shown_codes(answer.get_data(as_text=True))


def words_in(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


# The way in ------------------------------------------------------------------------------------------------------


def test_who_reads_the_mailbox_comes_in_and_sees_the_codes(mailed: Mailed) -> None:
    phone = mailed.shop.client()
    assert mailed.base + "/lookup/code" in words_in(phone.get(mailed.url))
    assert phone.device == ""

    asked = mailed.ask(phone)
    assert (asked.status_code, asked.location) == (303, f"{mailed.base}/lookup/code/enter")
    assert phone.device != ""
    entered = mailed.enter(phone, mailed.digits())

    assert (entered.status_code, entered.location) == (303, f"{mailed.base}/orders")
    page = mailed.listed(phone)
    assert "Orders of do***@example.com" in page
    assert mailed.order.number in page
    assert codes_in(phone.get(mailed.url)) == []
    assert 'name="password"' not in words_in(phone.get(mailed.url))
    assert len(codes_in(mailed.reveal(phone))) == 1
    assert mailed.used() == (0, 1)  # it took no place of a link's browsers
    found = re.search(rf'href="({mailed.base}/o/[^"]+)"', page)
    assert found
    assert len(codes_in(phone.post(f"{found[1]}/reveal", {}, page=found[1]))) == 1


def test_the_record_says_by_a_code_and_later_by_the_owner_in_both_languages(mailed: Mailed) -> None:
    phone = mailed.shop.client()
    mailed.sign_in(phone)
    mailed.reveal(phone)
    with later(minutes=11):
        mailed.reveal(phone)

    assert mailed.proofs() == ["otp", "owner"]
    english = words_in(phone.get(f"{mailed.url}?lang=en"))
    assert "by a code by mail" in english
    assert "by the owner of the contact, signed in" in english
    chinese = words_in(phone.get(f"{mailed.url}?lang=zh"))
    assert "by a code" not in chinese
    assert "by the owner" not in chinese


def test_the_owner_is_out_after_twelve_hours(mailed: Mailed) -> None:
    mailed.sign_in(phone := mailed.shop.client())

    with later(hours=11, minutes=59):
        assert len(codes_in(mailed.reveal(phone))) == 1
    with later(hours=12, minutes=1):
        assert codes_in(mailed.reveal(phone)) == []
        assert "Orders of" not in mailed.listed(phone)


def test_the_shop_reads_in_words_what_happened(mailed: Mailed) -> None:
    mailed.sign_in(mailed.shop.client())
    alice = people.alice(mailed.shop)
    orders = words_in(alice.get(f"/office/{mailed.shop.slug}/orders"))
    found = re.search(rf"/office/{mailed.shop.slug}/orders/ord_\w+", orders)
    assert found

    page = words_in(alice.get(f"{found[0]}?lang=en"))

    for said in (
        "A one-time code was asked for",
        "A browser proved the contact by a one-time code",
        "Code that proves",
    ):
        assert said in page
    assert "Code that proves the contact" in words_in(alice.get(f"/office/{mailed.shop.slug}/messages?lang=en"))


# The way out -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["sign-out", "forgotten"])
def test_signing_out_and_being_forgotten_end_it_at_once(mailed: Mailed, way: str) -> None:
    mailed.sign_in(phone := mailed.shop.client())
    kept = phone.device

    page = f"{mailed.base}/orders"
    assert phone.post(f"{page}/{way}", {}, page=page).status_code == 303

    phone.client.set_cookie("device", kept)  # nor does a copy of its cookie help
    assert "Orders of" not in mailed.listed(phone)
    assert codes_in(mailed.reveal(phone)) == []
    assert mailed.enter(phone, mailed.digits()).status_code == 409  # nor the digits once more


def test_signing_out_leaves_the_browser_that_paid_its_order(mailed: Mailed) -> None:
    mailed.sign_in(mailed.dora)
    page = f"{mailed.base}/orders"

    mailed.dora.post(f"{page}/sign-out", {}, page=page)

    assert mailed.order.number in mailed.listed(mailed.dora)
    assert len(codes_in(mailed.reveal(mailed.dora))) == 1


# Wrong digits ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [DORA, "nobody@example.com"])
def test_wrong_digits_are_told_with_the_tries_left_and_the_sixth_is_refused(mailed: Mailed, name: str) -> None:
    phone = mailed.shop.client()
    mailed.ask(phone, name)
    right = mailed.digits() if name == DORA else NOBODY

    answers = [mailed.enter(phone, f"{(int(right) + number) % 10**6:06d}") for number in range(1, CODE_TRIES + 1)]
    sixth = mailed.enter(phone, right)

    assert [answer.status_code for answer in (*answers, sixth)] == [422] * (CODE_TRIES - 1) + [409, 409]
    left = [re.findall(r'id="f-digits-error">.*?(\d) ', words_in(it), re.DOTALL)[0] for it in answers[:-1]]
    assert left == ["4", "3", "2", "1"]
    assert mailed.used() == (0, 0)


def test_what_is_no_code_costs_no_try(mailed: Mailed) -> None:
    mailed.ask(phone := mailed.shop.client())

    assert [mailed.enter(phone, text).status_code for text in ("", "12345", "abcdef", "1234567")] == [422] * 4
    assert mailed.enter(phone, mailed.digits()).status_code == 303


def test_a_code_asked_in_one_browser_is_worth_nothing_in_another(mailed: Mailed) -> None:
    phone, thief, nobody = (mailed.shop.client() for _ in range(3))
    mailed.ask(thief, "eve@example.com")
    mailed.ask(phone)
    digits = mailed.digits()

    assert [mailed.enter(it, digits).status_code for it in (thief, nobody)] == [422, 409]
    assert [codes_in(mailed.reveal(it)) for it in (thief, nobody, phone)] == [[], [], []]
    assert mailed.enter(phone, digits).status_code == 303


def test_random_digits_in_fresh_browsers_open_nothing(mailed: Mailed) -> None:
    told = []
    with in_one_window():
        for number in range(share(60)):
            browser = mailed.shop.client()
            name = DORA if number < ASKED_PER_NAME else f"{number}@example.com"
            mailed.ask(browser, name, **from_network(number))
            told.append(mailed.enter(browser, f"{number * 7919 % 10**6:06d}", **from_network(number)))

    assert {answer.status_code for answer in told} == {422}
    assert mailed.used() == (0, 0)


# Nobody learns anything ------------------------------------------------------------------------------------------


def test_asking_says_and_does_the_same_whether_there_is_an_order(mailed: Mailed, other: Shop) -> None:
    elsewhere, shop = Linked(other), mailed.shop
    shop.codes(1)
    by_phone = shop.place(contact="13800138000")
    assert shop.pay(by_phone)
    nobodys = ("nobody@example.com", "2602170000000001", elsewhere.order.number)
    names = (mailed.order.number, DORA, by_phone.number, "13800138000", *nobodys)

    asked, entered = (set[str](), set[str]()), (set[str](), set[str]())
    for place, name in enumerate(names):
        browser, where = shop.client(), from_network(place)
        for path, form, seen_of in (("", {"name": name}, asked), ("/enter", {"digits": NOBODY}, entered)):
            page = f"{mailed.base}/lookup/code{path}"
            form = {"csrf_token": browser.token(page), **form}
            with statements() as seen:
                answer = browser.client.post(page, data=form, **where)
            seen_of[0].add(re.sub(r"Expires=[^;]+", "", str(alike(answer, name))).replace(browser.device, "…"))
            seen_of[1].add("\n".join(seen))

    assert [len(it) for it in (*asked, *entered)] == [1, 1, 1, 1], (asked, entered)
    assert next(iter(asked[0])).startswith("(303")
    assert next(iter(entered[0])).startswith("(422")


@pytest.mark.parametrize("known", [True, False])
def test_asking_too_often_is_refused_alike(mailed: Mailed, known: bool) -> None:
    name = DORA if known else "nobody@example.com"

    with in_one_window():
        answers = [mailed.ask(mailed.shop.client(), name, **from_network(at)) for at in range(ASKED_PER_NAME + 1)]

    assert [answer.status_code for answer in answers] == [303] * ASKED_PER_NAME + [429]


def test_a_scanner_that_reads_the_letter_and_sends_the_forms_opens_nothing(mailed: Mailed) -> None:
    mailed.ask(mailed.shop.client())
    digits = mailed.digits()
    scanner = mailed.shop.client()

    for path in ("/lookup/code", "/lookup/code/enter"):
        scanner.get(mailed.base + path, headers={"User-Agent": "Barracuda Sentinel (EE)"})
        for form in ({"name": DORA}, {"digits": digits}, {"name": digits, "digits": digits}):
            scanner.post(mailed.base + path, form, page=mailed.base + path)
            scanner.client.post(mailed.base + path, data=form)
    for answer in (mailed.reveal(scanner), mailed.prove(scanner, digits), mailed.shown_to(scanner, digits)):
        assert codes_in(answer) == []
    assert mailed.used() == (0, 0)
    assert "Orders of" not in mailed.listed(scanner)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_asks_for_nothing_and_leaves_no_cookie(mailed: Mailed, method: str) -> None:
    stranger = mailed.shop.client()

    for path in ("/lookup/code", "/lookup/code/enter", "/orders"):
        answer = stranger.client.open(mailed.base + path, method=method)
        assert answer.status_code == 200
        assert not [it for it in answer.headers.getlist("Set-Cookie") if it.startswith("device=")]


# The switch ------------------------------------------------------------------------------------------------------


def test_where_the_shop_does_not_allow_it_there_is_no_form_and_no_link(shop: Shop) -> None:
    linked, stranger = Linked(shop), shop.client()
    base = f"/s/{shop.slug}"

    for path in ("/lookup/code", "/lookup/code/enter"):
        page = words_in(stranger.get(f"{base}{path}?lang=en"))
        assert "This shop proves no order by mail" in page
        assert "<form" not in page.split("<main")[1].split("</main>")[0]
        form = {"csrf_token": stranger.token(f"{base}/lookup"), "name": DORA, "digits": NOBODY}
        assert stranger.client.post(base + path, data=form).status_code == 409
    for page in (f"{base}/lookup", linked.url, linked.address):
        assert "/lookup/code" not in words_in(stranger.get(page))
    assert stranger.device == ""


def test_with_the_switch_off_what_a_code_proved_helps_no_more(mailed: Mailed) -> None:
    mailed.sign_in(phone := mailed.shop.client())
    mailed.ask(waiting := mailed.shop.client())
    digits = mailed.digits()

    allow(mailed.shop, False)

    assert codes_in(mailed.reveal(phone)) == []
    assert "Orders of" not in mailed.listed(phone)
    assert mailed.enter(waiting, digits).status_code == 409


def test_the_shop_switches_it_and_the_record_says_so(shop: Shop) -> None:
    alice, page = people.alice(shop), f"/office/{shop.slug}/letters"
    said = words_in(alice.get(f"{page}?lang=en"))
    assert "A code by mail may stand in for the order password" in said
    assert "Anyone who can read the buyer's mailbox can then open their codes." in said
    assert not is_ticked(said)

    for form, ticked in (({"mail_proof": "1"}, True), ({"mail_proof": "1"}, True), ({}, False)):
        assert alice.post(f"{page}/proof", form, page=page).status_code == 303
        assert is_ticked(words_in(alice.get(page))) is ticked

    query = select(EventRow.data).where(EventRow.name == "merchant.mail_proof_changed").order_by(EventRow.id)
    assert shop.read(lambda: list(db.session().scalars(query))) == [{"is_allowed": True}, {"is_allowed": False}]


@pytest.mark.parametrize("role", ["operator", "support", "viewer"])
def test_who_may_not_edit_the_shop_may_not_switch_it(shop: Shop, role: str) -> None:
    bob, page = people.bob(shop, role), f"/office/{shop.slug}/letters"

    assert bob.post(f"{page}/proof", {"mail_proof": "1"}, page=page).status_code == 403
    assert not is_ticked(words_in(bob.get(page)))


# -----------------------------------------------------------------------------------------------------------------


def is_ticked(page: str) -> bool:
    found = re.search(r'<input[^>]*name="mail_proof"[^>]*>', page)
    assert found
    return "checked" in found[0]

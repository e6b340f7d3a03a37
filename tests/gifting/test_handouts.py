"""Hand-outs: a list is looked at, given piece by piece, proved by a second proof, and taken back at once."""

import json
import re
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.companies.models import Role
from app.entitlements import queries as entitled
from app.gifting import queries, service
from app.gifting.errors import CountChanged
from app.gifting.models import Handout, HandoutRow, ProofKind
from app.gifting.rules import Person, people_of, problems, same, state_of
from app.kit import clock, db, events
from app.kit.events import SYSTEM
from app.kit.ids import public
from app.orders.models import Order
from app.refunds import service as refunds
from tests.companies.firm import Firm, make_firm
from tests.engines import on_one_engine
from tests.mailbox import Mailbox, text_of
from tests.make import Browser, at_once
from tests.web.shop.doors import from_network, in_one_window

PEOPLE = [Person("Li Wei", "E-1001", "li@example.com"), Person("Wang Fang", "E-1002")]


class Gift:
    """A company's batch and short ways to hand it out."""

    def __init__(self, firm: Firm, pieces: int = 3) -> None:
        self.firm, self.shop = firm, firm.shop
        self.shop.codes(pieces)
        firm.top_up(1999 * pieces)
        self.order: Order = firm.order(pieces)
        self.shop.drain()

    def draft(self, people: list[Person] | None = None, proof: ProofKind = ProofKind.REFERENCE) -> Any:
        plan = service.Plan(self.firm.id, self.order.id, "New Year", proof, "en")
        return self.shop.write(lambda: service.draft(plan, people or PEOPLE, now=clock.now(), by=SYSTEM))

    def confirm(self, number: Any, count: int) -> int:
        company = self.firm.id
        return self.shop.write(
            lambda: service.confirm(number, company_id=company, count=count, now=clock.now(), by=SYSTEM)
        )

    def give(self, people: list[Person] | None = None, proof: ProofKind = ProofKind.REFERENCE) -> list[HandoutRow]:
        number = self.draft(people, proof)
        self.confirm(number, len(people or PEOPLE))
        return self.rows(number)

    def rows(self, number: Any) -> list[HandoutRow]:
        query = select(HandoutRow).where(HandoutRow.handout_id == number).order_by(HandoutRow.line)
        return list(self.shop.read(lambda: db.session().scalars(query).all()))

    def url(self, row: HandoutRow) -> str:
        return f"/s/{self.shop.slug}/g/{queries.token_of(row.id)}"

    def prove(self, browser: Browser, row: HandoutRow, typed: str, **more: Any) -> Any:
        return browser.post(f"{self.url(row)}/proof", {"proof": typed}, page=self.url(row), **more)

    def reveal(self, browser: Browser, row: HandoutRow) -> Any:
        return browser.post(f"{self.url(row)}/reveal", {}, page=self.url(row))

    def revoke(self, row: HandoutRow) -> None:
        ids, company = (row.handout_id, row.id), self.firm.id
        self.shop.write(
            lambda: service.revoke(*ids, reason="left the firm", company_id=company, now=clock.now(), by=SYSTEM)
        )

    def states(self, number: Any) -> dict[str, int]:
        counted = self.shop.read(lambda: queries.count_states([number]))[number]
        return {name: count for name, count in counted.items() if count}


@pytest.fixture
def gift(firm: Firm) -> Gift:
    return Gift(firm)


def code_in(answer: Any) -> list[str]:
    return re.findall(r'data-field="code"[^>]*aria-label="[^"]*: ([^"]+)"', answer.get_data(as_text=True))


# Rules ------------------------------------------------------------------------------------------------------------


def test_lines_name_people_however_they_are_parted() -> None:
    found = list(people_of("李伟，E-1，li@example.com\nWang Fang\tE-2\n\n;;\nAnna;anna@example.com"))

    assert found == [
        Person("李伟", "E-1", "li@example.com"),
        Person("Wang Fang", "E-2"),
        Person("Anna", "", "anna@example.com"),
    ]


def test_an_address_without_its_sign_is_told_instead_of_left_out() -> None:
    assert list(people_of("Anna,E-1,anna.example.com")) == [Person("Anna", "E-1", "anna.example.com")]


@pytest.mark.parametrize(
    ("people", "proof", "free", "wanted"),
    [
        ([Person("A", "1"), Person("B", " 1 ")], ProofKind.REFERENCE, 9, ["", "twice"]),
        ([Person("A"), Person("B", "2")], ProofKind.REFERENCE, 9, ["no_reference", ""]),
        ([Person("A"), Person("B")], ProofKind.WORD, 9, ["", ""]),
        ([Person("", "1")], ProofKind.WORD, 9, ["no_person"]),
        ([Person("A", "1", "nobody")], ProofKind.WORD, 9, ["bad_mail"]),
        ([Person("A" * 121, "1")], ProofKind.WORD, 9, ["too_long"]),
        ([Person("", "0"), Person("A", "1"), Person("B", "2")], ProofKind.WORD, 1, ["no_person", "", "none_left"]),
    ],
)
def test_what_is_wrong_with_a_list(people: list[Person], proof: ProofKind, free: int, wanted: list[str]) -> None:
    assert problems(people, proof, free) == wanted


def test_a_proof_may_be_typed_as_people_type() -> None:
    assert same(" e-10 01 ") == same("E1001")
    assert [
        state_of(revoked=gone, used=used, opened=seen)
        for gone, used, seen in [(True, 1, True), (False, 1, False), (False, 0, True), (False, 0, False)]
    ] == ["revoked", "redeemed", "opened", "new"]


# Giving -----------------------------------------------------------------------------------------------------------


def test_each_person_gets_a_piece_of_their_own_and_those_with_an_address_a_letter(gift: Gift) -> None:
    number = gift.draft()
    assert all(row.entitlement_id is None for row in gift.rows(number))

    assert gift.confirm(number, 2) == 2
    assert gift.confirm(number, 2) == 2  # the second time changes nothing

    rows = gift.rows(number)
    owned = {item.id for item in gift.shop.read(lambda: entitled.list_of_order(gift.order.id))}
    assert len({row.entitlement_id for row in rows} & owned) == 2
    assert [row.told_at is not None for row in rows] == [True, False]
    assert gift.states(number) == {"new": 2}


def test_another_number_than_was_looked_at_gives_nothing(gift: Gift) -> None:
    first, second = gift.draft(), gift.draft()
    gift.confirm(first, 2)

    with pytest.raises(CountChanged):
        gift.confirm(second, 2)

    assert gift.confirm(second, 1) == 1
    given = [row.entitlement_id for number in (first, second) for row in gift.rows(number) if row.entitlement_id]
    assert len(given) == len(set(given)) == 3


@pytest.mark.both_engines
def test_two_administrators_who_hand_out_at_once_give_no_piece_twice(gift: Gift) -> None:
    drafts = [gift.draft([Person(f"P{n}{m}", f"{n}{m}") for m in range(2)]) for n in range(4)]

    answers = at_once([lambda number=number: gift.confirm(number, 2) for number in drafts])  # type: ignore[misc]
    assert [answer for answer in answers if answer == 2] == [2]
    assert all(isinstance(answer, CountChanged) for answer in answers if answer != 2)
    query = select(HandoutRow.entitlement_id).where(HandoutRow.entitlement_id.is_not(None))
    given = gift.shop.read(lambda: db.session().scalars(query).all())
    assert len(given) == len(set(given)) == 2


# Claiming ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("proof", list(ProofKind))
def test_the_link_alone_shows_nothing_and_the_second_proof_opens_it(gift: Gift, proof: ProofKind) -> None:
    rows = gift.give(proof=proof)
    phone = gift.shop.client()
    word = gift.shop.read(lambda: queries.word_of(rows[0].id))
    typed = rows[0].reference.lower() if proof is ProofKind.REFERENCE else word.lower().replace("-", " ")

    masked = phone.get(gift.url(rows[0])).get_data(as_text=True)
    assert 'name="proof"' in masked
    assert word not in masked
    assert gift.reveal(phone, rows[0]).status_code == 303
    assert gift.prove(phone, rows[0], typed).status_code == 303
    opened = gift.reveal(phone, rows[0])

    assert len(code_in(opened)) == 1
    assert opened.headers["Cache-Control"] == "no-store"
    owned = gift.shop.read(lambda: entitled.list_of_order(gift.order.id))
    assert {item.id: item.reveals for item in owned if item.reveals} == {rows[0].entitlement_id: 1}
    assert gift.states(rows[0].handout_id) == {"new": 1, "opened": 1}
    assert len(code_in(gift.reveal(phone, rows[0]))) == 1
    names = [row.name for row in gift.shop.read(lambda: events.timeline(order_id=gift.order.id))]
    assert names.count("claim.opened") == 1


def test_the_browser_that_proved_itself_last_is_the_one(gift: Gift) -> None:
    row = gift.give()[0]
    first, second = gift.shop.client(), gift.shop.client()
    gift.prove(first, row, row.reference)
    gift.prove(second, row, row.reference)

    assert gift.reveal(first, row).status_code == 303
    assert len(code_in(gift.reveal(second, row))) == 1


def test_the_reference_of_a_colleague_opens_nothing(gift: Gift) -> None:
    mine, theirs = gift.give()
    phone = gift.shop.client()

    assert gift.prove(phone, mine, theirs.reference).status_code == 422
    assert gift.prove(phone, mine, "").status_code == 422
    assert gift.prove(phone, theirs, theirs.reference).status_code == 303
    assert gift.reveal(phone, mine).status_code == 303


@on_one_engine
def test_guessing_ends(gift: Gift) -> None:
    row = gift.give()[0]
    with in_one_window():
        told = [gift.prove(gift.shop.client(), row, f"E-{n}", **from_network(n)).status_code for n in range(9)]
        right = gift.prove(gift.shop.client(), row, row.reference, **from_network(99))

    assert told == [422] * 7 + [429] * 2
    assert right.status_code == 429


def test_a_revoked_claim_is_dead_at_once_and_its_piece_free_again(gift: Gift) -> None:
    row, other = gift.give()
    phone = gift.shop.client()
    gift.prove(phone, row, row.reference)
    page = phone.get(gift.url(row)).get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]  # type: ignore[index]

    gift.revoke(row)

    assert phone.get(gift.url(row)).status_code == 404
    for act in ("proof", "reveal"):
        form = {"csrf_token": token, "proof": row.reference}
        answer = phone.client.post(f"{gift.url(row)}/{act}", data=form)
        assert (answer.status_code, code_in(answer)) == (404, [])
    assert phone.get(gift.url(other)).status_code == 200
    assert row.entitlement_id in gift.shop.read(lambda: queries.list_free(gift.order.id, now=clock.now()))
    again = gift.give([Person("New", "N-1"), Person("Newer", "N-2")])
    assert row.entitlement_id in {each.entitlement_id for each in again}


def test_what_the_company_gave_back_is_nobodys_gift(gift: Gift) -> None:
    row = gift.give()[0]
    gift.shop.write(lambda: refunds.refund(gift.order.id, reason="", now=clock.now(), by=SYSTEM))

    assert gift.shop.client().get(gift.url(row)).status_code == 404
    assert gift.states(row.handout_id) == {"revoked": 2}


def test_a_link_ends_in_its_time(gift: Gift) -> None:
    row = gift.give()[0]

    with clock.running(lambda: clock._system() + timedelta(days=91)):
        assert gift.shop.client().get(gift.url(row)).status_code == 404
    assert gift.shop.client().get(gift.url(row)[:-2] + "xx").status_code == 404


# Letters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("proof", list(ProofKind))
def test_the_letter_leads_there_and_proves_nothing(gift: Gift, tmp_path: Path, proof: ProofKind) -> None:
    mailbox = Mailbox(tmp_path)
    rows = gift.give(proof=proof)

    gift.shop.drain()

    (letter,) = mailbox.letters("li@example.com")
    text = text_of(letter)
    assert queries.token_of(rows[0].id).partition(".")[0] in text  # what follows is signed anew each second
    assert "New Year" in str(letter["Subject"])
    for secret in (rows[0].reference, gift.shop.read(lambda: queries.word_of(rows[0].id))):
        assert secret not in text
    assert gift.shop.client().get(gift.url(rows[0])).status_code == 200


def test_a_letter_to_whom_it_was_taken_back_from_does_not_leave(gift: Gift, tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)
    row = gift.give()[0]
    gift.revoke(row)

    gift.shop.drain()

    assert mailbox.letters("li@example.com") == []


def test_who_has_not_opened_it_is_reminded_once_a_day(gift: Gift) -> None:
    rows = gift.give([Person("Li", "1", "li@example.com"), Person("Wang", "2", "wang@example.com")])
    member, page = gift.firm.browser(), board(gift, rows[0])
    assert member.post(f"{page}/reminders", {}, page=page).status_code == 409  # only just written to
    phone = gift.shop.client()
    gift.prove(phone, rows[0], "1")
    gift.reveal(phone, rows[0])

    with clock.running(lambda: clock._system() + timedelta(hours=21)):
        member = gift.firm.browser()
        answers = [member.post(f"{page}/reminders", {}, page=page).status_code for _ in range(2)]

    assert answers == [303, 409]
    assert [row.reminders for row in gift.rows(rows[0].handout_id)] == [0, 1]


# Pages ------------------------------------------------------------------------------------------------------------


def board(gift: Gift, row: HandoutRow) -> str:
    return f"/enterprise/{gift.shop.slug}/handouts/{public('hnd', row.handout_id)}"


@on_one_engine
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("proof", ["reference", "word"])
def test_the_wizard_walks_from_a_list_to_the_board(gift: Gift, lang: str, proof: str) -> None:
    member, root = gift.firm.browser(), f"/enterprise/{gift.shop.slug}/handouts"
    for path in (root, f"{root}/new"):
        assert member.get(f"{path}?lang={lang}").status_code == 200
    people = "Li Wei, E-1, li@example.com\nWang Fang, E-2\nNobody, E-1\nLate, E-9\nToo late, E-10"
    form = {"company": public("com", gift.firm.id), "batch": public("ord", gift.order.id), "name": "New Year"}

    drafted = member.post(root, form | {"people": people, "proof": proof}, page=f"{root}/new")
    assert drafted.status_code == 303
    preview = member.get(drafted.location).get_data(as_text=True)
    assert 'name="count" value="3"' in preview
    body = preview.partition("<tbody>")[2]
    assert body.index("Nobody") < body.index("Li Wei")  # problems first
    assert "li@example.com" not in preview
    assert member.post(f"{drafted.location}/confirmation", {"count": "2"}, page=drafted.location).status_code == 409
    given = member.post(f"{drafted.location}/confirmation", {"count": "3"}, page=drafted.location)
    assert given.status_code == 303

    shown = member.get(f"{drafted.location}?lang={lang}").get_data(as_text=True)
    links = re.findall(r"/s/[\w-]+/g/[\w.-]+", shown)
    assert len(links) == 3
    assert bool(re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}<", shown)) == (proof == "word")
    for kind in ("csv", "xlsx"):
        assert member.get(f"{drafted.location}/export.{kind}", buffered=True).status_code == 200
    for path in (root, f"{drafted.location}?state=new", f"{drafted.location}?q=Li"):
        assert member.get(path).status_code == 200
    assert gift.shop.client().get(f"{links[0]}?lang={lang}").status_code == 200


@on_one_engine
def test_an_empty_list_and_another_companys_batch_are_refused(gift: Gift) -> None:
    member, root = gift.firm.browser(), f"/enterprise/{gift.shop.slug}/handouts"
    stranger = make_firm(gift.shop, "Other")
    form = {"name": "New Year", "people": "Li, 1", "batch": public("ord", gift.order.id)}

    mine = form | {"company": public("com", gift.firm.id)}
    assert member.post(root, mine | {"people": " \n"}, page=f"{root}/new").status_code == 422
    theirs = form | {"company": public("com", stranger.id)}
    assert stranger.browser().post(root, theirs, page=f"{root}/new").status_code == 404
    assert gift.shop.read(lambda: db.session().scalars(select(Handout)).all()) == []


def test_another_company_and_a_viewer_see_no_board(gift: Gift) -> None:
    row = gift.give()[0]
    page = board(gift, row)
    stranger, viewer = make_firm(gift.shop, "Other").browser(), gift.firm.browser(Role.VIEWER)

    assert (stranger.get(page).status_code, viewer.get(page).status_code) == (404, 403)
    revocation = f"{page}/claims/{public('clm', row.id)}/revocation"
    home = f"/enterprise/{gift.shop.slug}/handouts"
    assert stranger.post(revocation, {}, page=f"{home}/new").status_code == 404
    assert gift.states(row.handout_id) == {"new": 2}
    member = gift.firm.browser()
    refused = member.post(revocation, {"reason": " "}, page=page)
    assert (refused.status_code, gift.states(row.handout_id)) == (422, {"new": 2})
    assert member.post(revocation, {"reason": "left  the firm"}, page=page).status_code == 303
    assert gift.states(row.handout_id) == {"new": 1, "revoked": 1}
    assert gift.shop.read(lambda: events.timeline(order_id=gift.order.id))[-1].data["reason"] == "left the firm"


def test_addresses_and_words_lie_in_the_database_for_nobody(gift: Gift) -> None:
    rows = gift.give(proof=ProofKind.WORD)
    words = [gift.shop.read(lambda row=row: queries.word_of(row.id)) for row in rows]  # type: ignore[misc]
    everything = json.dumps(
        [
            {name: str(value) for name, value in row._mapping.items()}
            for table in (Handout.__table__, HandoutRow.__table__)
            for row in gift.shop.read(partial(all_of, table, gift.shop.merchant_id))
        ]
    )

    assert all(words)
    assert "E-1001" in everything  # else the search would search nothing
    for secret in ("li@example.com", *words, *(word.replace("-", "") for word in words)):
        assert secret not in everything


def all_of(table: Any, merchant_id: int) -> Any:
    return db.session().execute(select(table).where(table.c.merchant_id == merchant_id)).all()

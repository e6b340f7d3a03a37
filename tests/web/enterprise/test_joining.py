"""From the letter into the wallet: a new password, an old one, or one click; and the ways in that stay shut."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from app.accounts import service as accounts
from app.companies import queries
from app.companies import service as companies
from app.companies.links import token_of
from app.companies.models import Invite, Role
from app.kit import clock, db, effects
from app.kit.effects import Effect, State
from app.kit.events import SYSTEM
from app.kit.ids import public
from app.web.guard import COMPANY_COOKIE, MEMBER_COOKIE
from tests.companies.firm import Firm, make_firm, signed_in
from tests.engines import on_one_engine
from tests.mailbox import Mailbox
from tests.make import PASSWORD, Browser, Shop

NEW = "quite a new password"


def invited(firm: Firm, email: str, role: Role = Role.VIEWER) -> str:
    """Invite somebody and return the path of the link."""
    now = clock.now()
    made = firm.shop.write(lambda: companies.invite(firm.id, email=email, role=role, lang="en", now=now, by=SYSTEM))
    return f"/enterprise/{firm.shop.slug}/join/{token_of(made.id)}"


def wallet(firm: Firm) -> str:
    return f"/enterprise/{firm.shop.slug}/"


def names(firm: Firm) -> list[str]:
    return [person.email for person in firm.shop.read(lambda: queries.list_members(firm.id)) if not person.ended_at]


def test_a_new_person_chooses_a_password_and_is_in(firm: Firm) -> None:
    link, browser = invited(firm, firm.mail("new")), firm.shop.client()

    opened = browser.get(f"{link}?lang=en")
    short = browser.post(link, {"password": "short", "again": "short"}, page=link)
    taken = browser.post(link, {"password": NEW, "again": NEW}, page=link)

    assert firm.mail("new") in opened.get_data(as_text=True)
    assert "no-store" in opened.headers["Cache-Control"]
    assert "<script" not in opened.get_data(as_text=True)
    assert short.status_code == 422
    assert (taken.status_code, taken.location) == (303, wallet(firm))
    assert browser.get(wallet(firm)).status_code == 200
    assert names(firm) == [firm.mail("new")]


@on_one_engine
def test_a_link_works_once(firm: Firm) -> None:
    link = invited(firm, firm.mail("new"))
    first, second = firm.shop.client(), firm.shop.client()
    first.post(link, {"password": NEW, "again": NEW}, page=link)

    assert second.get(link).status_code == 404
    token = second.token(f"{wallet(firm)}login")
    again = second.client.post(link, data={"csrf_token": token, "password": NEW, "again": NEW})

    assert again.status_code == 409
    assert second.client.get_cookie(MEMBER_COOKIE, path="/enterprise") is None


@on_one_engine
def test_who_has_an_account_needs_its_password(firm: Firm) -> None:
    email = firm.mail("old")
    make_firm(firm.shop).member(Role.VIEWER, email)
    link, browser = invited(firm, email), firm.shop.client()

    wrong = browser.post(link, {"password": "not the password"}, page=link)
    assert (wrong.status_code, names(firm)) == (422, [])
    right = browser.post(link, {"password": PASSWORD}, page=link)

    assert (right.status_code, names(firm)) == (303, [email])
    assert browser.client.get_cookie(COMPANY_COOKIE, path="/enterprise").value == public("com", firm.id)  # type: ignore[union-attr]


@on_one_engine
def test_who_is_signed_in_joins_by_one_click_and_nobody_else_by_it(firm: Firm) -> None:
    second = make_firm(firm.shop, "Second")
    second.member(Role.VIEWER, firm.mail("anna"))
    link = invited(firm, firm.mail("anna"))
    anna, stranger = signed_in(firm.shop, firm.mail("anna")), make_firm(firm.shop).browser()

    refused = stranger.post(link, {}, page=link)
    taken = anna.post(link, {}, page=link)

    assert refused.status_code == 422
    assert (taken.status_code, names(firm)) == (303, [firm.mail("anna")])


@on_one_engine
@pytest.mark.parametrize("way", ["late", "withdrawn", "closed", "forged", "another shop"])
def test_a_dead_link_opens_nothing(firm: Firm, other: Shop, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    link = invited(firm, firm.mail("new"))
    (invite,) = firm.shop.read(lambda: list(queries.list_invites(firm.id, now=clock.now())))
    if way == "late":
        firm.shop.write(lambda: setattr(db.get(Invite, invite.id), "expires_at", clock.now() - timedelta(seconds=1)))
    elif way == "withdrawn":
        firm.shop.write(lambda: companies.revoke_invite(firm.id, invite.id, now=clock.now(), by=SYSTEM))
    elif way == "closed":
        firm.shop.write(lambda: companies.close(firm.id, now=clock.now(), by=SYSTEM))
    elif way == "forged":
        link = f"{link[:-3]}xxx"
    else:
        link = link.replace(firm.shop.slug, other.slug)

    assert firm.shop.client().get(link).status_code == 404
    assert names(firm) == []


@on_one_engine
def test_signing_in_and_out(firm: Firm) -> None:
    firm.member(Role.VIEWER, firm.mail("anna"))
    browser, page = firm.shop.client(), f"{wallet(firm)}login"

    away = browser.get(wallet(firm))
    wrong = browser.post(page, {"email": firm.mail("anna"), "password": "wrong"}, page=page)
    taken = browser.post(page, {"email": firm.mail("anna"), "password": PASSWORD, "next": wallet(firm)}, page=page)
    cookie = next(it for it in taken.headers.getlist("Set-Cookie") if it.startswith("enterprise_login="))
    out = browser.post(f"{wallet(firm)}logout", {}, page=f"{wallet(firm)}account")

    assert (away.status_code, away.location) == (302, f"{page}?next={wallet(firm)}")
    assert wrong.status_code == 422
    assert (taken.status_code, taken.location) == (303, wallet(firm))
    assert "Path=/enterprise;" in f"{cookie};"
    assert "HttpOnly" in cookie
    assert out.status_code == 303
    assert browser.get(wallet(firm)).status_code == 302


@on_one_engine
def test_a_session_of_this_surface_opens_no_office(firm: Firm) -> None:
    member = firm.browser()

    assert member.get(f"/office/{firm.shop.slug}/").status_code == 302


@on_one_engine
def test_who_is_taken_out_is_out_at_the_next_click(firm: Firm) -> None:
    firm.member()
    member = firm.browser(Role.DISTRIBUTOR, firm.mail("bo"))
    assert member.get(wallet(firm)).status_code == 200
    user = next(
        it.user_id for it in firm.shop.read(lambda: queries.list_members(firm.id)) if it.email == firm.mail("bo")
    )

    firm.shop.write(lambda: companies.end_member(firm.id, user, now=clock.now(), by=SYSTEM))

    assert member.get(wallet(firm)).status_code == 404


@on_one_engine
def test_who_acts_for_several_companies_chooses_first(firm: Firm) -> None:
    second = make_firm(firm.shop, "Second")
    for each in (firm, second):
        each.member(Role.ADMINISTRATOR, firm.mail("anna"))
    anna = signed_in(firm.shop, firm.mail("anna"))
    page = f"{wallet(firm)}companies"

    away = anna.get(wallet(firm))
    foreign = anna.post(page, {"company": public("com", make_firm(firm.shop).id)}, page=page)
    chosen = anna.post(page, {"company": public("com", second.id), "next": f"{wallet(firm)}balance"}, page=page)

    assert (away.status_code, away.location) == (302, f"{page}?next={wallet(firm)}")
    assert foreign.status_code == 404
    assert (chosen.status_code, chosen.location) == (303, f"{wallet(firm)}balance")
    assert "Second" in anna.get(wallet(firm)).get_data(as_text=True)
    anna.client.set_cookie(COMPANY_COOKIE, public("com", firm.id), path="/enterprise")
    assert "Wei &amp; Co" in anna.get(wallet(firm)).get_data(as_text=True)


@on_one_engine
def test_members_are_invited_changed_and_taken_out_on_the_page(firm: Firm) -> None:
    member: Browser = firm.browser()
    bo = firm.member(Role.VIEWER, firm.mail("bo"))
    page = f"{wallet(firm)}members"

    sent = member.post(f"{page}/invites", {"email": firm.mail("c"), "role": "finance"}, page=page)
    odd = member.post(f"{page}/invites", {"email": "no", "role": "finance"}, page=page)
    role = member.post(f"{page}/{public('usr', bo)}/role", {"role": "distributor"}, page=page)
    end = member.post(f"{page}/{public('usr', bo)}/end", {}, page=page)

    assert [it.status_code for it in (sent, odd, role, end)] == [303, 422, 303, 303]
    assert firm.mail("bo") not in names(firm)
    assert "c***@" in member.get(page).get_data(as_text=True)


@on_one_engine
def test_ones_own_sessions_and_password(firm: Firm) -> None:
    member = firm.browser(Role.VIEWER, firm.mail("anna"))
    signed_in(firm.shop, firm.mail("anna"))
    page = f"{wallet(firm)}account"

    shown = member.get(page).get_data(as_text=True)
    ended = member.post(f"{page}/sessions/end-others", {}, page=page)
    changed = member.post(f"{page}/password", {"old": PASSWORD, "password": NEW, "again": NEW}, page=page)

    assert 'id="enterprise-nav"' in shown
    assert (ended.status_code, changed.status_code) == (303, 303)
    assert member.get(wallet(firm)).status_code == 200
    where = accounts.Browser("127.0.0.0/24", "tests")
    assert accounts.sign_in(email=firm.mail("anna"), password=NEW, browser=where, now=clock.now())


def test_a_letter_that_did_not_leave_says_why_and_goes_once_more(firm: Firm) -> None:
    link, members = invited(firm, firm.mail("new")), f"/enterprise/{firm.shop.slug}/members"
    (invite,) = firm.shop.read(lambda: list(db.session().scalars(select(Invite))))
    fail = update(Effect).where(Effect.subject_id == invite.id).values(state=State.REFUSED, note="550 no such mailbox")
    firm.shop.write(lambda: db.changed(fail))
    boss, office = firm.browser(), firm.shop.client()
    office.sign_in(firm.shop.owner)

    shown = boss.get(f"{members}?lang=en").get_data(as_text=True)
    seen = office.get(f"/office/{firm.shop.slug}/companies/{public('com', firm.id)}?lang=en").get_data(as_text=True)
    again = boss.post(f"{members}/invites/{public('inv', invite.id)}/again", {}, page=members)

    assert "not sent: 550 no such mailbox" in shown
    assert "not sent: 550 no such mailbox" in seen
    assert again.status_code == 303
    assert "not sent" not in boss.get(f"{members}?lang=en").get_data(as_text=True)
    letters = firm.shop.read(lambda: effects.list_of([invite.id]))[invite.id]
    assert [letter.state for letter in letters] == [State.REFUSED, State.WAITING]
    assert firm.shop.client().get(link).status_code == 200


@on_one_engine
def test_a_forgotten_password_leads_back_to_the_companies_door(firm: Firm, tmp_path: Path) -> None:
    email, browser = firm.mail("forgets"), firm.shop.client()
    firm.member(Role.VIEWER, email)
    login = f"/enterprise/{firm.shop.slug}/login"
    ask = f"/office/reset?at={firm.shop.slug}"

    assert ask in browser.get(login).get_data(as_text=True)
    asked = browser.post("/office/reset", {"email": email, "at": firm.shop.slug}, page=ask)
    assert login in browser.get(asked.location).get_data(as_text=True)
    link = Mailbox(tmp_path / "spool").link(email)
    chosen = browser.post(link, {"password": NEW, "again": NEW, "at": firm.shop.slug}, page=link)

    assert f"at={firm.shop.slug}" in link
    assert (chosen.status_code, chosen.location) == (303, login)
    strange = browser.get("/office/reset?at=//evil.example").get_data(as_text=True)
    assert 'href="/office/login"' in strange
    assert 'name="at"' not in strange

"""Members come by an invite to their own mailbox, have a role, and are out at once when they are taken out."""

from functools import partial
from pathlib import Path

import pytest

from app.accounts import queries as accounts
from app.accounts.errors import BadEmail
from app.companies import queries, rules
from app.companies import service as companies
from app.companies.errors import AlreadyMember, LastAdministrator, NoSuchRole, TooManyInvites
from app.companies.models import Invite, Role
from app.kit import clock, effects
from app.kit.errors import Invalid, NotFound
from app.kit.events import SYSTEM, timeline
from tests.companies.firm import Firm, make_firm
from tests.mailbox import Mailbox, text_of
from tests.make import Shop, at_once

MATRIX = {
    "company.wallet": "ADFV",
    "company.export": "ADF-",
    "company.redeem": "AD--",
    "company.order": "A---",
    "company.handout": "AD--",
    "company.reveal": "AD--",
    "company.balance": "A-F-",
    "company.members": "A---",
    "company.invite": "A---",
}


def invite(firm: Firm, email: str, role: Role | None = Role.VIEWER) -> Invite:
    now = clock.now()
    return firm.shop.write(lambda: companies.invite(firm.id, email=email, role=role, lang="en", now=now, by=SYSTEM))


def roles(firm: Firm) -> dict[str, str]:
    people = firm.shop.read(lambda: queries.list_members(firm.id))
    return {person.email.partition("@")[0]: person.role.name for person in people if person.ended_at is None}


def test_the_whole_matrix_of_who_may_do_what() -> None:
    found = {
        permission: "".join(
            letter if permission in rules.permissions(role) else "-"
            for letter, role in zip(
                "ADFV", (Role.ADMINISTRATOR, Role.DISTRIBUTOR, Role.FINANCE, Role.VIEWER), strict=True
            )
        )
        for permission in frozenset().union(*rules.PERMISSIONS.values())
    }

    assert found == MATRIX


def test_an_invite_is_a_letter_to_its_own_address_and_the_database_holds_no_link(firm: Firm, tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)
    made = invite(firm, " New@Person.Example ")

    effects.perform(
        firm.shop.merchant_id, [it.id for it in firm.shop.read(lambda: effects.list_of([made.id]))[made.id]], within=10
    )

    (letter,) = mailbox.letters("new@person.example")
    assert "Wei & Co" in letter["Subject"]
    assert f"/enterprise/{firm.shop.slug}/join/" in text_of(letter)
    assert (made.email_mask, b"new@person" in made.email_sealed) == ("ne***@person.example", False)


def test_who_is_invited_wrongly_is_not_invited(firm: Firm) -> None:
    firm.member(email=firm.mail("here"))

    for email, role, field, fault in (
        ("nobody", Role.VIEWER, "email", BadEmail),
        ("a@b.example", None, "role", NoSuchRole),
        (firm.mail("here"), Role.VIEWER, "email", AlreadyMember),
    ):
        with pytest.raises(Invalid) as refused:
            invite(firm, email, role)
        assert isinstance(refused.value.fields[field], fault)


def test_invitations_are_not_a_way_to_send_letters_to_the_world(firm: Firm) -> None:
    for number in range(rules.INVITES_PER_COMPANY):
        invite(firm, firm.mail(f"p{number}"))

    with pytest.raises(TooManyInvites):
        invite(firm, firm.mail("one-more"))


def test_a_company_keeps_an_administrator(firm: Firm) -> None:
    alone = firm.member(email=firm.mail("alone"))
    now = clock.now()

    for verb in (
        lambda: companies.end_member(firm.id, alone, now=now, by=SYSTEM),
        lambda: companies.change_role(firm.id, alone, Role.VIEWER, now=now, by=SYSTEM),
    ):
        with pytest.raises(LastAdministrator):
            firm.shop.write(verb)

    assert roles(firm) == {"alone": "ADMINISTRATOR"}


def test_two_administrators_who_take_each_other_out_leave_one(firm: Firm) -> None:
    both = [firm.member(email=firm.mail(name)) for name in ("anna", "bo")]
    now = clock.now()

    told = at_once(
        [
            partial(firm.shop.write, partial(companies.end_member, firm.id, number, now=now, by=SYSTEM))
            for number in both
        ]
    )

    assert [type(each) for each in told].count(LastAdministrator) == 1, told
    assert len(roles(firm)) == 1


def test_a_role_is_changed_and_somebody_is_taken_out(firm: Firm) -> None:
    firm.member(email=firm.mail("anna"))
    bo = firm.member(Role.VIEWER, firm.mail("bo"))
    now = clock.now()

    firm.shop.write(lambda: companies.change_role(firm.id, bo, Role.FINANCE, now=now, by=SYSTEM))
    assert roles(firm)["bo"] == "FINANCE"
    firm.shop.write(lambda: companies.end_member(firm.id, bo, now=now, by=SYSTEM))

    assert roles(firm) == {"anna": "ADMINISTRATOR"}
    assert firm.shop.read(lambda: queries.list_memberships(bo)) == []
    with pytest.raises(NotFound):
        firm.shop.write(lambda: companies.end_member(firm.id, bo, now=now, by=SYSTEM))


def test_members_of_another_company_do_not_exist_for_this_one(firm: Firm) -> None:
    firm.member()
    stranger = make_firm(firm.shop).member(Role.VIEWER, firm.mail("other"))
    now = clock.now()

    for verb in (
        lambda: companies.end_member(firm.id, stranger, now=now, by=SYSTEM),
        lambda: companies.change_role(firm.id, stranger, Role.VIEWER, now=now, by=SYSTEM),
    ):
        with pytest.raises(NotFound):
            firm.shop.write(verb)


def test_an_invite_of_another_company_is_not_withdrawn(firm: Firm) -> None:
    made, other = invite(firm, "a@b.example"), make_firm(firm.shop)

    with pytest.raises(NotFound):
        firm.shop.write(lambda: companies.revoke_invite(other.id, made.id, now=clock.now(), by=SYSTEM))

    assert len(firm.shop.read(lambda: queries.list_invites(firm.id, now=clock.now()))) == 1


def test_somebody_may_belong_to_several_companies_and_to_none_once_they_close(firm: Firm, other: Shop) -> None:
    second, abroad = make_firm(firm.shop, "Second"), make_firm(other, "Abroad")
    user = firm.member(email=firm.mail("anna"))
    for each in (second, abroad):
        each.member(Role.VIEWER, firm.mail("anna"))

    mine = firm.shop.read(lambda: queries.list_memberships(user))
    firm.shop.write(lambda: companies.close(second.id, now=clock.now(), by=SYSTEM))

    assert [(each.name, each.role) for each in mine] == [("Second", Role.VIEWER), ("Wei & Co", Role.ADMINISTRATOR)]
    assert [each.name for each in firm.shop.read(lambda: queries.list_memberships(user))] == ["Wei & Co"]
    assert firm.shop.read(lambda: accounts.find_user(firm.mail("anna"))) == user


def test_what_happens_to_a_company_is_told_in_its_timeline(firm: Firm) -> None:
    invite(firm, "a@b.example")
    firm.top_up(100)

    names = [event.name for event in firm.shop.read(lambda: timeline(subject=("company", firm.id)))]

    assert names == ["company.created", "company.member_invited", "balance.topped_up"]

"""Who may pass which door: walks over every address there is, so that a new one cannot be forgotten."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Table

from app.accounts.rules import ROLES
from app.companies.models import Company
from app.companies.rules import PERMISSIONS
from app.kit import db
from app.kit.tenancy import PLATFORM, Base, Scope, System
from app.orders.models import Order
from app.web.dispatch import Miaofa
from app.web.guard import BUYER_COOKIE, MEMBER_COOKIE, surface_of
from tests import people
from tests.access import MACHINES, OBJECTS, OWN_UNITS, PUBLIC
from tests.companies.firm import Firm
from tests.doors import doors, first, knock, mark, office, plain, sell
from tests.engines import on_one_engine
from tests.make import Shop
from tests.members.people import Visitor
from tests.test_schema import UNSCOPED

# What the guard decides is the same on each engine; what the database hides is not, and runs on both.


@pytest.fixture
def sold(shop: Shop) -> Order:
    """A delivered order of Alice's shop, paid twice."""
    return sell(shop)


# The lists -------------------------------------------------------------------------------------------------------


def test_every_route_names_a_permission_or_is_public_for_a_reason(apps: dict[str, Miaofa]) -> None:
    app = apps["sqlite"]
    open_doors = {plain(rule.endpoint) for rule in app.url_map.iter_rules() if not mark(app, rule, "permission")}

    assert open_doors == PUBLIC.keys(), "Mark the view with @needs(permission), or name it in PUBLIC with the reason."


def test_every_permission_is_one_that_a_role_has(apps: dict[str, Miaofa]) -> None:
    app = apps["sqlite"]
    asked = {mark(app, rule, "permission") for rule in app.url_map.iter_rules()} - {None}

    had = frozenset().union(*ROLES.values(), *PERMISSIONS.values())
    assert asked <= had, "Nobody could pass: add the permission to ROLES."


def test_a_permission_is_asked_only_where_there_is_a_shop_and_a_session(apps: dict[str, Miaofa]) -> None:
    app = apps["sqlite"]
    guarded = [rule for rule in app.url_map.iter_rules() if mark(app, rule, "permission")]

    assert {surface_of(rule.endpoint) for rule in guarded} == {"office", "enterprise"}
    assert all("shop" in rule.arguments for rule in guarded)


def test_only_the_named_views_open_their_own_units(apps: dict[str, Miaofa]) -> None:
    app = apps["sqlite"]
    own = {plain(rule.endpoint) for rule in app.url_map.iter_rules() if mark(app, rule, "unit", "auto") is None}

    assert own == OWN_UNITS.keys(), "A view runs in one unit around it; name it in OWN_UNITS with the reason."


# Nobody, strangers, members --------------------------------------------------------------------------------------


@on_one_engine
def test_who_is_not_signed_in_is_led_to_the_log_in_page(shop: Shop, sold: Order) -> None:
    nobody = shop.client()

    for door in office(shop, sold):
        answer = knock(nobody, door)
        assert answer.status_code == 302, door
        assert answer.location.startswith("/office/login"), door
        assert (f"next={door.url}" in answer.location) == (door.method == "GET"), door


@on_one_engine
def test_a_program_that_is_not_signed_in_is_told_so(shop: Shop, sold: Order) -> None:
    nobody = shop.client()

    for door in office(shop, sold):
        answer = knock(nobody, door, headers={"Accept": "application/json"})
        assert (answer.status_code, answer.content_type) == (401, "application/problem+json"), door


@on_one_engine
def test_htmx_leads_to_the_log_in_page_when_the_session_has_ended(shop: Shop, sold: Order) -> None:
    nobody = shop.client()

    for door in office(shop, sold):
        answer = knock(nobody, door, headers={"HX-Request": "true"})
        assert answer.status_code == 401, door
        assert answer.headers["HX-Redirect"].startswith("/office/login"), door
        assert not answer.data, door


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_charlie_does_not_even_learn_that_alices_shop_exists(shop: Shop, other: Shop, sold: Order, accept: str) -> None:
    charlie = people.charlie(other)

    for door in office(shop, sold):
        nowhere = replace(door, url=door.url.replace(shop.slug, "no-such-shop"))
        here, there = (knock(charlie, it, headers={"Accept": accept}) for it in (door, nowhere))
        assert here.status_code == there.status_code == 404, door
        assert told(here) == told(there).replace("no-such-shop", shop.slug), door


@on_one_engine
def test_who_works_nowhere_gets_in_nowhere(shop: Shop, sold: Order) -> None:
    eve = people.eve(shop)

    for door in office(shop, sold):
        assert knock(eve, door).status_code == 404, door


@on_one_engine
def test_a_member_without_any_permission_is_refused_everywhere(shop: Shop, sold: Order) -> None:
    cleaner = people.bob(shop, "cleaner")

    for door in office(shop, sold):
        assert knock(cleaner, door).status_code == 403, door
        told = knock(cleaner, door, headers={"Accept": "application/json"})
        assert (told.status_code, told.json["code"]) == (403, "denied"), door


@on_one_engine
@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_just_the_doors_it_has_the_permission_for(shop: Shop, sold: Order, role: str) -> None:
    member = people.bob(shop, role)
    opened = {"GET": 200, "POST": 409}  # past the guard, and there refused for want of a CSRF token

    for door in office(shop, sold):
        wanted = opened[door.method] if door.permission in ROLES[role] else 403
        assert knock(member, door).status_code == wanted, door


def test_bob_may_read_and_write_nothing(shop: Shop, sold: Order) -> None:
    bob = people.bob(shop)
    before = everything(shop)
    token = bob.token("/office/login")

    for door in office(shop, sold):
        answer = knock(bob, door, csrf_token=token)
        if door.method == "POST":
            assert answer.status_code == 403, door
    assert bob.get(f"/office/{shop.slug}/orders").status_code == 200
    assert everything(shop) == before


# What belongs to another shop ------------------------------------------------------------------------------------


def test_what_is_another_shops_is_not_found_in_ones_own(shop: Shop, other: Shop) -> None:
    alice, theirs = people.alice(shop), sell(other)
    alice.client.set_cookie(BUYER_COOKIE, Visitor(shop).signs_in("alice@example.com").token)
    before = everything(other)
    token = {"office": alice.token("/office/login"), "shop": alice.token(shelf(shop))}
    mine = [door for door in doors(shop, theirs, of=other) if surface_of(door.endpoint) != "enterprise"]
    objects = [door for door in mine if door.names_object and shop.slug in door.url]

    assert {door.endpoint for door in objects} >= OBJECTS
    for door in objects:
        assert knock(alice, door, csrf_token=token[surface_of(door.endpoint)]).status_code == 404, door
    assert everything(other) == before


# Forms from strange pages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "forged"])
def test_a_form_from_a_strange_page_changes_nothing(shop: Shop, sold: Order, token: str) -> None:
    alice, member = people.alice(shop), Firm(shop, shop.read(partial(first, Company))).browser()
    cookie = member.client.get_cookie(MEMBER_COOKIE, path="/enterprise")
    assert cookie
    alice.client.set_cookie(MEMBER_COOKIE, cookie.value, path="/enterprise")
    before = everything(shop)
    assert alice.token("/office/login")
    assert alice.token(shelf(shop))
    assert alice.token(f"/enterprise/{shop.slug}/login")
    posts = [it for it in doors(shop, sold) if it.method != "GET" and plain(it.endpoint) not in MACHINES]

    assert len(posts) >= 8
    for door in posts:
        answer = knock(alice, door, csrf_token=token)
        assert answer.status_code == 409, door
        assert all("_page=" in cookie for cookie in answer.headers.getlist("Set-Cookie")), door
    assert everything(shop) == before


def test_htmx_shows_the_expired_page_as_an_alert(shop: Shop) -> None:
    alice = people.alice(shop)

    answer = alice.client.post(f"/office/{shop.slug}/products", headers={"HX-Request": "true"})

    assert answer.status_code == 409
    assert answer.headers["HX-Retarget"] == "#page-alert"


def test_a_form_of_ones_own_page_is_taken(shop: Shop) -> None:
    alice = people.alice(shop)
    before = everything(shop)
    form = {"slug": "new", "sku": "NEW-1", "price": "1.00", "name_en": "New", "kind": "0"}

    answer = alice.post(f"/office/{shop.slug}/products", form, page="/office/login")

    assert answer.status_code == 303
    assert everything(shop) != before  # else the tests above would prove nothing


@pytest.mark.parametrize("method", ["OPTIONS", "HEAD"])
def test_asking_what_is_possible_does_nothing(shop: Shop, sold: Order, method: str) -> None:
    alice = people.alice(shop)
    alice.get("/readyz")  # on the very first time it leaves the proof of the master keys
    before = everything(shop)

    for door in doors(shop, sold):
        answer = alice.client.open(door.url, method=method)
        assert not answer.data, door
        assert method != "OPTIONS" or door.method in answer.headers["Allow"], door
    assert everything(shop) == before


# What there is --------------------------------------------------------------------------------------------------


def shelf(shop: Shop) -> str:
    """Return a page of the shop that has a form."""
    return f"/s/{shop.slug}/p/{shop.sku.lower()}"


def told(answer: Any) -> str:
    """Return what a page says, without what is new on each: its number, its nonce, its token."""
    new = rf"{answer.headers['X-Request-Id']}|(?<=nonce=\")[^\"]+|[\w-]+\.[\w-]+\.[\w-]{{20,}}"
    return re.sub(new, "…", answer.get_data(as_text=True))


def everything(shop: Shop) -> set[str]:
    """Return all there is of a shop, of the platform and of the people, to be compared."""
    scopes: dict[Scope, list[Table]] = {shop.merchant_id: [], PLATFORM: [], System("test"): []}
    for table in Base.metadata.sorted_tables:
        for scope in scopes:
            if isinstance(scope, System) == (table.name in UNSCOPED):
                scopes[scope].append(table)
    return {row for scope, tables in scopes.items() for row in db.read(scope, partial(rows, tables))}


def rows(tables: Sequence[Table]) -> list[str]:
    """Return the rows of tables that the running unit may see."""
    scope = db.unit().scope
    queries = (
        it.select() if isinstance(scope, System) else it.select().where(it.c.merchant_id == scope) for it in tables
    )
    return [str(row) for query in queries for row in db.session().execute(query)]

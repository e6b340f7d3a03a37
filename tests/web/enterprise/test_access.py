"""Who passes which door of the companies' surface: strangers, other companies, other shops, each role."""

from dataclasses import replace

import pytest

from app.companies.models import Role
from app.companies.rules import permissions
from app.kit.ids import from_public
from app.orders.models import Order
from app.web.guard import MEMBER_COOKIE
from tests.companies.firm import Firm, make_firm, signed_in
from tests.doors import Door, enterprise, knock, of_company, sell
from tests.engines import on_one_engine
from tests.make import Browser, Shop, make_shop
from tests.test_access import everything


@pytest.fixture
def owner(shop: Shop) -> Firm:
    """The company whose things the doors lead to."""
    sell(shop)
    shop.codes(3)
    number = from_public("com", of_company(shop)["company"])
    assert number
    firm = Firm(shop, number)
    firm.top_up(10_000)
    return firm


@pytest.fixture
def batch(owner: Firm) -> Order:
    return owner.order()


def test_there_are_doors_to_knock_at(owner: Firm, batch: Order) -> None:
    doors = enterprise(owner.shop, batch)

    assert len(doors) >= 20
    assert {door.permission for door in doors} == permissions(Role.ADMINISTRATOR)


@on_one_engine
def test_who_is_not_signed_in_is_led_to_the_log_in_page_of_the_shop(owner: Firm, batch: Order) -> None:
    nobody = owner.shop.client()

    for door in enterprise(owner.shop, batch):
        page, program = knock(nobody, door), knock(nobody, door, headers={"Accept": "application/json"})
        part = knock(nobody, door, headers={"HX-Request": "true"})
        assert page.status_code == 302, door
        assert page.location.startswith(f"/enterprise/{owner.shop.slug}/login"), door
        assert (program.status_code, part.status_code) == (401, 401), door
        assert part.headers["HX-Redirect"].startswith(f"/enterprise/{owner.shop.slug}/login"), door


@pytest.mark.parametrize("who", ["the owner of the shop", "a member elsewhere", "a member of another shop"])
def test_a_stranger_does_not_learn_what_there_is(owner: Firm, batch: Order, other: Shop, who: str) -> None:
    stranger: Browser = {
        "the owner of the shop": lambda: signed_in(owner.shop, owner.shop.owner),
        "a member elsewhere": lambda: make_firm(make_shop(owner.shop.app)).browser(),
        "a member of another shop": lambda: make_firm(other).browser(),
    }[who]()

    for door in enterprise(owner.shop, batch):
        nowhere = replace(door, url=door.url.replace(owner.shop.slug, "no-such-shop"))
        assert knock(stranger, door).status_code == knock(stranger, nowhere).status_code == 404, door


@on_one_engine
@pytest.mark.parametrize("role", Role)
def test_a_role_opens_just_the_doors_it_has_the_permission_for(owner: Firm, batch: Order, role: Role) -> None:
    member = owner.browser(role, owner.mail(f"a-{role.name.lower()}"))
    opened = {"GET": 200, "POST": 409}  # past the guard, and there refused for want of a CSRF token
    empty = {"enterprise.payment_qr": 404}  # past the guard, and nothing is being paid just now

    for door in enterprise(owner.shop, batch):
        may = door.permission in permissions(role)
        wanted = empty.get(door.endpoint, opened[door.method]) if may else 403
        assert knock(member, door, buffered=True).status_code == wanted, door


def test_what_is_another_companys_is_not_found_in_ones_own(owner: Firm, batch: Order) -> None:
    stranger = make_firm(owner.shop, "Second").browser()
    token = stranger.token(f"/enterprise/{owner.shop.slug}/login")
    before = everything(owner.shop)
    named = [door for door in enterprise(owner.shop, batch) if door.names_object]

    assert len(named) >= 8
    for door in named:
        assert knock(stranger, door, csrf_token=token).status_code in {404, 409}, door
        if door.method == "GET":
            assert knock(stranger, door).status_code == 404, door
    assert everything(owner.shop) == before


def test_what_is_another_shops_is_not_found_in_ones_own(owner: Firm, batch: Order, other: Shop) -> None:
    stranger = make_firm(other).browser()
    token = stranger.token(f"/enterprise/{other.slug}/login")
    before = everything(owner.shop)

    for door in enterprise(other, batch, of=owner.shop):
        if door.names_object:
            assert knock(stranger, door, csrf_token=token).status_code == 404, door
    assert everything(owner.shop) == before


def test_a_viewer_changes_nothing(owner: Firm, batch: Order) -> None:
    viewer = owner.browser(Role.VIEWER, owner.mail("looks"))
    token = viewer.token(f"/enterprise/{owner.shop.slug}/account")
    before = everything(owner.shop)

    for door in enterprise(owner.shop, batch):
        if door.method == "POST":
            assert knock(viewer, door, csrf_token=token).status_code == 403, door
    assert everything(owner.shop) == before


@on_one_engine
def test_who_may_not_is_led_to_the_companys_administrator_and_back_to_the_wallet(owner: Firm) -> None:
    viewer = owner.browser(Role.VIEWER, owner.mail("looks"))

    answer = viewer.get(f"/enterprise/{owner.shop.slug}/handouts?lang=en").get_data(as_text=True)

    assert "Ask an administrator of your company" in answer
    assert f'href="/enterprise/{owner.shop.slug}/"' in answer


@on_one_engine
def test_the_cookie_of_the_office_opens_nothing_here_and_the_other_way_round(owner: Firm, batch: Order) -> None:
    member = owner.browser(email=owner.mail("both"))
    cookie = member.client.get_cookie(MEMBER_COOKIE, path="/enterprise")
    assert cookie
    office = owner.shop.client()
    office.client.set_cookie("office_login", cookie.value, path="/office")

    door: Door = enterprise(owner.shop, batch)[0]
    assert knock(office, door).status_code == 302
    assert member.get(f"/office/{owner.shop.slug}/orders").status_code == 302

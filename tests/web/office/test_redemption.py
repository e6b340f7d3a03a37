"""Redemption in the office: rules and places, what others report, and a reconciliation whose totals open their rows."""

import base64
import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest

from app.kit import clock, sheets
from app.kit.events import SYSTEM
from app.kit.ids import new_id, public
from app.orders import queries as orders
from app.redemption import queries
from app.redemption import service as redemption
from app.redemption.rules import Rule
from app.refunds import service as refunds
from tests import people
from tests.companies.firm import make_firm
from tests.engines import on_one_engine
from tests.make import Shop
from tests.redemption.goods import STAFF, Desk
from tests.test_access import everything


@pytest.fixture
def desk(shop: Shop) -> Desk:
    return Desk(shop)


class Office:
    """Alice at the pages of redemption."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.alice = shop, people.alice(shop)
        self.root = f"/office/{shop.slug}/redemption"

    def get(self, path: str = "", **more: Any) -> str:
        answer = self.alice.get(f"{self.root}{path}", **more)
        assert answer.status_code == 200, (path, answer.status_code)
        return str(answer.get_data(as_text=True))

    def post(self, path: str, form: dict[str, Any], page: str = "") -> Any:
        return self.alice.post(f"{self.root}{path}", form, page=f"{self.root}{page or path}")

    def upload(self, content: bytes, name: str = "report.csv", headers: Any = None, **fields: str) -> Any:
        token = self.alice.token(f"{self.root}/reports")
        form = {"csrf_token": token} | fields | {"file": (io.BytesIO(content), name)}
        url = f"{self.root}/reports"
        return self.alice.client.post(url, data=form, content_type="multipart/form-data", headers=headers)


def rule_of(desk: Desk) -> Any:
    number = desk.sku_id()
    return desk.shop.read(lambda: queries.find_rule(number))


def figures(text: str) -> dict[str, int]:
    """Return the totals of the reconciliation by class."""
    found = re.findall(r'entitlements\?[^"]*class=(\w+)[^"]*">[^<]*</a>\s*<span class="tally-value">([\d,]+)', text)
    return {name: int(figure.replace(",", "")) for name, figure in found}


def rows_in(text: str) -> int:
    body = text.partition("<tbody>")[2].partition("</tbody>")[0]
    return body.count("<tr>")


# Rules and places -------------------------------------------------------------------------------------------------


@on_one_engine
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_opens_empty_and_full(desk: Desk, lang: str) -> None:
    office, paths = (
        Office(desk.shop),
        ["", "?by=sku", "?by=company", "/entitlements", "/uses", "/rules", "/places", "/reports"],
    )
    sku = public("sku", desk.sku_id())
    for full in (False, True):
        for path in [*paths, f"/rules/{sku}"]:
            shown = office.get(f"{path}{'&' if '?' in path else '?'}lang={lang}")
            assert shown.count("<h1") == 1, path
        if not full:
            desk.rule(uses=2, valid_days=30, self_service=True)
            (owned,) = desk.sell()
            desk.redeemed(owned)


def test_a_rule_is_set_by_its_form_and_ended(desk: Desk) -> None:
    office, sku = Office(desk.shop), public("sku", desk.sku_id())
    place = office.post("/places", {"code": "SH-01", "name": "Nanjing Road"})
    assert place.status_code == 303
    (location,) = desk.shop.read(queries.list_locations)
    form = {"uses": "3", "valid_days": "30", "valid_until": "2030-12-31", "blackout": "2030-01-01, 2030-05-01"}
    more = {"places": public("loc", location.id), "self_service": "1"}

    assert office.post(f"/rules/{sku}", form | more).status_code == 303
    rule = rule_of(desk)

    assert rule == Rule(3, 30, None, rule.valid_until, rule.blackout, (location.id,), True)
    assert [str(day) for day in (rule.valid_until, *rule.blackout)] == ["2030-12-31", "2030-01-01", "2030-05-01"]
    assert office.post(f"/rules/{sku}/end", {}, page=f"/rules/{sku}").status_code == 303
    assert rule_of(desk) is None


@pytest.mark.parametrize(
    "wrong",
    [{"uses": "0"}, {"uses": "x"}, {"valid_from": "2030-02-01", "valid_until": "2030-01-01"}, {"blackout": "soon"}],
)
@on_one_engine
def test_a_rule_that_makes_no_sense_comes_back_with_what_was_typed(desk: Desk, wrong: dict[str, str]) -> None:
    office, sku = Office(desk.shop), public("sku", desk.sku_id())

    answer = office.post(f"/rules/{sku}", {"uses": "7"} | wrong)

    assert answer.status_code == 422
    assert 'id="errors"' in answer.get_data(as_text=True)
    assert rule_of(desk) is None


def test_a_place_is_closed_and_its_name_stays(desk: Desk) -> None:
    office = Office(desk.shop)
    office.post("/places", {"code": "SH-01", "name": "Nanjing Road"})
    assert office.post("/places", {"code": "SH-01", "name": "Twice"}).status_code == 409
    assert office.post("/places", {"code": "?", "name": "Bad"}).status_code == 422
    (location,) = desk.shop.read(queries.list_locations)

    assert office.post(f"/places/{public('loc', location.id)}/end", {}, page="/places").status_code == 303

    assert desk.shop.read(queries.list_locations) == []
    assert "Nanjing Road" in office.get("/places")


def test_who_only_redeems_sets_no_rule(desk: Desk) -> None:
    support, sku = people.bob(desk.shop, "support"), public("sku", desk.sku_id())
    root = f"/office/{desk.shop.slug}/redemption"

    assert support.get(f"{root}/rules").status_code == 200
    assert support.post(f"{root}/rules/{sku}", {"uses": "1"}, page=f"{root}/rules").status_code == 403


# Reports of others ------------------------------------------------------------------------------------------------


def test_a_report_is_checked_first_and_recorded_as_it_was_checked(desk: Desk) -> None:
    sold = desk.sell(3)
    office = Office(desk.shop)
    codes = [desk.codes[each.id] for each in sold]
    content = "\n".join(
        ["code,time,reference", f"{codes[0]},2026-01-02 10:00,till 7", codes[1], "NEVER-HEARD-OF-IT"]
    ).encode()

    checked = office.upload(content)

    text = checked.get_data(as_text=True)
    assert checked.status_code == 200
    assert [desk.used(each) for each in sold] == [0, 0, 0]  # nothing is recorded yet
    assert not any(code in text for code in codes)
    mark, count = (re.search(rf'name="{name}" value="([^"]+)"', text)[1] for name in ("mark", "count"))  # type: ignore[index]
    assert count == "2"
    assert office.upload(content, act="record", mark=mark, count="3").status_code == 409
    assert office.upload(content + b"\n", act="record", mark=mark, count=count).status_code == 409
    assert [desk.used(each) for each in sold] == [0, 0, 0]

    assert office.upload(content, act="record", mark=mark, count=count).status_code == 303

    assert [desk.used(each) for each in sold] == [1, 1, 0]
    assert desk.redemptions(sold[0])[0].reference == "till 7"
    again = office.upload(content).get_data(as_text=True)
    assert 'name="act"' not in again  # the same file has nothing new


def test_a_report_may_be_a_workbook_and_name_order_and_piece(desk: Desk) -> None:
    sold = desk.sell(2)
    number = desk.shop.read(lambda: orders.get(sold[0].order_id).number)
    content = b"".join(sheets.xlsx_file(["订单号", "序号"], [[number, "2"], [number, "9"]]))

    text = Office(desk.shop).upload(content, "report.xlsx").get_data(as_text=True)

    assert 'name="count" value="1"' in text


@on_one_engine
@pytest.mark.parametrize("content", [b"", b"PK broken", b"\xff\xfe\x00\x81\xff"])
def test_a_file_that_is_no_table_is_refused(desk: Desk, content: bytes) -> None:
    assert Office(desk.shop).upload(content).status_code == 422


@on_one_engine
def test_a_file_that_is_refused_leaves_the_page_around_it_alone(desk: Desk) -> None:
    answer = Office(desk.shop).upload(b"PK broken", headers={"HX-Request": "true", "HX-Target": "checked"})

    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'id="errors"' in text
    assert "<main" not in text


# Reconciliation ---------------------------------------------------------------------------------------------------


@pytest.fixture
def traded(desk: Desk) -> Desk:
    """A shop that sold seven: two redeemed, one refunded, one expired, three left, of which a company owns two."""
    desk.rule(uses=1, valid_days=5)
    firm = make_firm(desk.shop)
    with clock.running(lambda: clock._system() - timedelta(days=10)):
        desk.sell(1)
        desk.shop.drain()
    sold = [desk.sell(1)[0] for _ in range(4)]
    desk.sell(2, company_id=firm.id)
    desk.shop.drain()
    desk.redeemed(sold[0])
    desk.redeemed(sold[1])
    desk.shop.write(lambda: refunds.refund(sold[2].order_id, reason="", now=clock.now(), by=SYSTEM))
    return desk


@pytest.mark.parametrize("by", ["day", "sku", "company"])
def test_the_totals_add_up_and_each_opens_as_many_rows(traded: Desk, by: str) -> None:
    office = Office(traded.shop)

    text = office.get(f"?by={by}")

    counted = figures(text)
    assert counted["sold"] == 7
    assert {name: counted[name] for name in ("redeemed", "refunded", "expired", "unredeemed")} == {
        "redeemed": 2,
        "refunded": 1,
        "expired": 1,
        "unredeemed": 3,
    }
    links = set(re.findall(r'href="[^"]*(/entitlements\?[^"]+)">([\d,]+)<', text))
    assert links
    for link, figure in links:
        assert rows_in(office.get(link.replace("&amp;", "&"))) == int(figure), link


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_file_says_what_the_page_shows(traded: Desk, kind: str) -> None:
    office = Office(traded.shop)

    summed = table(office, f"/export?kind={kind}&by=company", kind)
    rows = table(office, f"/entitlements/export?kind={kind}&class=redeemed", kind)

    assert sum(int(row[1]) for row in summed[1:]) == 7
    assert len(rows) == 1 + 2 == rows_in(office.get("/entitlements?class=redeemed")) + 1
    assert all(row[7] == "1" for row in rows[1:])


@pytest.mark.parametrize("by", ["day", "sku", "company"])
def test_a_filter_holds_for_every_figure_whatever_they_are_counted_by(traded: Desk, by: str) -> None:
    office = Office(traded.shop)
    firm = re.findall(r"company=(com_\w+)", office.get("?by=company"))[0]
    nothing = public("sku", new_id())

    mine, none = office.get(f"?by={by}&company={firm}"), office.get(f"?by={by}&sku={nothing}")

    assert figures(mine)["sold"] == 2
    assert not any(figures(none).values())
    assert "/uses?" not in re.sub(r"<nav.*?</nav>", "", mine + none, flags=re.S)
    assert sum(int(row[1]) for row in table(office, f"/export?kind=csv&by={by}&company={firm}", "csv")[1:]) == 2


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_file_of_uses_has_the_rows_of_the_page(traded: Desk, kind: str) -> None:
    office = Office(traded.shop)
    (link,) = set(re.findall(r'href="[^"]*(/uses\?[^"]*channel=counter[^"]*)"', office.get("?by=sku")))

    shown = office.get(link.replace("&amp;", "&"))
    rows = table(office, link.replace("&amp;", "&").replace("/uses?", f"/uses/export?kind={kind}&"), kind)

    assert len(rows) - 1 == rows_in(shown) == 2
    assert all(row[2][1:] in shown and row[3] in shown for row in rows[1:])


def test_the_uses_say_who_of_the_staff_it_was(desk: Desk) -> None:
    desk.rule()
    (owned,) = desk.sell()
    office, counter = Office(desk.shop), f"/office/{desk.shop.slug}/counter"
    assert office.alice.post(counter, {"code": desk.codes[owned.id]}, page=counter).status_code == 200

    assert desk.shop.owner in office.get("/uses").partition('id="uses"')[2]
    header, row = table(office, "/uses/export?kind=csv&lang=en", "csv")

    assert row[header.index("Operator")] == desk.shop.owner


def test_another_shop_sees_nothing_of_it(traded: Desk, other: Shop) -> None:
    office = Office(other)

    assert set(figures(office.get()).values()) <= {0}
    assert "<tbody>" not in office.get("/uses")


def table(office: Office, path: str, kind: str) -> list[list[str]]:
    answer = office.alice.get(f"{office.root}{path}", buffered=True)
    assert answer.status_code == 200
    if kind == "xlsx":
        return list(sheets.read_xlsx(answer.data))
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_what_was_typed_scanned_or_reported_is_kept_nowhere(desk: Desk) -> None:
    desk.rule(self_service=True)
    (owned,) = desk.sell()
    office, root = Office(desk.shop), f"/office/{desk.shop.slug}"
    for code in (desk.codes[owned.id], "CANARY-1234-5678"):
        office.alice.post(f"{root}/counter", {"code": code}, page=f"{root}/counter")
        office.upload(f"code,reference\n{code},KEPT-ON-PURPOSE".encode())
        url = f"/s/{desk.shop.slug}/redeem"
        desk.shop.client().post(url, {"code": code}, page=url)
    (other,) = desk.sell()
    sku = desk.sku_id()
    desk.shop.write(lambda: redemption.drop_rule(sku, now=clock.now(), by=STAFF))
    content = f"code,reference\n{desk.codes[other.id]},KEPT-ON-PURPOSE".encode()
    text = office.upload(content).get_data(as_text=True)
    mark, count = (re.search(rf'name="{name}" value="([^"]+)"', text)[1] for name in ("mark", "count"))  # type: ignore[index]
    assert office.upload(content, act="record", mark=mark, count=count).status_code == 303

    kept = "\n".join(everything(desk.shop)).upper()

    assert "KEPT-ON-PURPOSE" in kept  # else the search would search nothing
    for code in (desk.codes[owned.id], desk.codes[other.id], "CANARY-1234-5678"):
        for form in (code, code.encode().hex().upper(), base64.b64encode(code.encode()).decode().upper()[:-4]):
            assert form not in kept

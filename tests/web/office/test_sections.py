"""The side bar of the office: who sees which sections, and which group stands open."""

import re
from collections import Counter

import pytest

from app.web.office.sections import GROUPS
from tests import people
from tests.engines import on_one_engine
from tests.make import Browser, Shop

GROUP = re.compile(r'<details class="side-group"( open)?>.*?</svg>([^<]+)<svg.*?</details>', re.DOTALL)


def side(shop: Shop, browser: Browser, path: str) -> str:
    answer = browser.get(f"/office/{shop.slug}/{path}", headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    found = re.search(r'<nav id="office-nav".*?</nav>', answer.get_data(as_text=True), re.DOTALL)
    assert found
    return found.group(0)


def opened(bar: str) -> dict[str, bool]:
    return {name: bool(is_open) for is_open, name in GROUP.findall(bar)}


def test_every_section_has_a_mark_of_its_own() -> None:
    marks = Counter(section.mark for group in GROUPS for section in group.sections)
    assert [mark for mark, times in marks.items() if times > 1] == []


@on_one_engine
@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("", "Selling"),
        ("queue", "Selling"),
        ("codes", "Goods and stock"),
        ("counter", "At the counter"),
        ("look", "Settings"),
    ],
)
def test_the_group_one_works_in_stands_open_and_the_others_do_not(shop: Shop, path: str, group: str) -> None:
    groups = opened(side(shop, people.alice(shop), path))
    assert list(groups) == ["Selling", "Goods and stock", "At the counter", "Buyers", "Figures and bills", "Settings"]
    assert [name for name, is_open in groups.items() if is_open] == [group]


@on_one_engine
def test_the_present_page_is_marked_once(shop: Shop) -> None:
    assert re.findall(r'/([a-z]*)" aria-current="page"', side(shop, people.alice(shop), "stock")) == ["stock"]


@on_one_engine
@pytest.mark.parametrize(("role", "hidden"), [("viewer", "imports/new"), ("viewer", "counter"), ("support", "stock")])
def test_a_role_sees_only_its_own(shop: Shop, role: str, hidden: str) -> None:
    assert f'/{hidden}"' in side(shop, people.alice(shop), "")
    assert f'/{hidden}"' not in side(shop, people.bob(shop, role), "")


@on_one_engine
def test_a_single_section_needs_no_group(shop: Shop) -> None:
    bar = side(shop, people.bob(shop, "viewer"), "")
    assert "At the counter" not in bar
    assert re.search(r'<ul class="side-list">\s*<li><a class="side-link" href="[^"]*/redemption">', bar)

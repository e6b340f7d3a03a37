"""What the pages of the office do by themselves: the menu of a phone, and days typed or picked."""

import re

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser import steps
from tests.installation import Installation

PHONE, TABLET = ViewportSize(width=360, height=740), ViewportSize(width=768, height=1024)


def in_office(
    browser: Browser, installation: Installation, complaints: list[str], page: str, screen: ViewportSize
) -> Page:
    """Open a page of the office on a screen of this size, signed in."""
    tab = steps.open_tab(browser, installation, complaints, viewport=screen)
    steps.sign_in(tab)
    tab.goto(f"/office/demo/{page}")
    return tab


@pytest.mark.browser
def test_the_menu_of_a_phone_is_a_sheet_for_thumbs_and_keys(
    installation: Installation, browser: Browser, complaints: list[str]
) -> None:
    tab = in_office(browser, installation, complaints, "codes", PHONE)
    menu, orders = tab.locator("#menu"), tab.locator("#office-nav").get_by_role("link", name="Orders", exact=True)
    expect(tab.locator("#office-nav")).to_be_hidden()

    tab.locator(".side-toggle").click()
    expect(tab.locator("#office-nav [aria-current=page]")).to_be_in_viewport()
    expect(orders).to_be_hidden()
    tab.keyboard.press("Escape")
    expect(tab.locator("#office-nav")).to_be_hidden()
    expect(menu).to_be_focused()

    tab.keyboard.press("Space")
    tab.locator(".side-shade").click(position={"x": 20, "y": 20})
    expect(tab.locator("#office-nav")).to_be_hidden()

    menu.focus()
    tab.keyboard.press("Space")
    tab.locator("summary", has_text="Selling").focus()
    tab.keyboard.press("Enter")
    orders.click()
    expect(tab).to_have_url(re.compile("/office/demo/orders$"))
    assert complaints == []


@pytest.mark.browser
def test_a_day_is_typed_as_it_is_written_here_or_picked(
    installation: Installation, browser: Browser, complaints: list[str]
) -> None:
    tab = in_office(browser, installation, complaints, "imports/new", PHONE)
    day, calendar = tab.locator("#f-expires"), tab.locator("#d-expires")
    for typed in ("2031/1/9", "20310109", "2031-01-09"):
        type_day(tab, typed)
        expect(day).to_have_value("2031-01-09")
        expect(calendar).to_have_value("2031-01-09")
    calendar.evaluate(
        "field => { field.value = '2031-02-28'; field.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    expect(day).to_have_value("2031-02-28")
    type_day(tab, "soon")
    expect(day).to_have_value("soon")
    assert complaints == []


def type_day(tab: Page, typed: str) -> None:
    tab.locator("#f-expires").fill(typed)
    tab.locator("#f-supplier").focus()


@pytest.mark.browser
def test_on_a_tablet_the_figures_of_a_block_stand_beside_each_other_under_their_names(
    installation: Installation, browser: Browser, complaints: list[str]
) -> None:
    tab = in_office(browser, installation, complaints, "redemption", TABLET)
    row = tab.locator("#reconciliation tbody tr").first

    tops = [round(box["y"]) for one in row.locator("[data-label]").all() if (box := one.bounding_box())]

    assert len(tops) == 7
    assert len(set(tops[:4])) == 1
    assert complaints == []

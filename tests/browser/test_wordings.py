"""A delivery text is written beside a phone that shows it as it is typed, under the real policy."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.steps import open_tab, sign_in
from tests.installation import Installation


@pytest.mark.browser
def test_the_phone_shows_what_is_being_typed(
    installation: Installation, browser: Browser, complaints: list[str]
) -> None:
    tab = open_tab(browser, installation, complaints, viewport={"width": 1440, "height": 900})
    sign_in(tab)
    tab.goto("/office/demo/wordings/shop/en/page")
    tab.locator("[name=title]").fill("Thank you from {{ shop }}")
    tab.locator("[name=tips]").fill("Keep it **secret** <i>")
    glass = tab.frame_locator("#preview iframe")

    expect(glass.locator("h2")).to_contain_text("Thank you from")
    expect(glass.locator("strong")).to_have_text("secret")
    corner = glass.locator(".card").evaluate("card => getComputedStyle(card).borderTopLeftRadius")
    assert corner != "0px", "the shop's own styles are missing in the preview"

    tab.locator("[name=tips]").fill("{{ code }}")
    expect(tab.locator("#preview .form-error")).to_contain_text("code")
    assert not complaints

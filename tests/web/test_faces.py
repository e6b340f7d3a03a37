"""Every failure has a face for who asks, and every answer wears the same headers."""

import pytest

from app.web.dispatch import Miaofa
from tests.make import Shop


def test_a_person_gets_a_page(shop: Shop) -> None:
    answer = shop.client().get(f"/s/{shop.slug}/p/nothing")

    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "<!doctype html>" in answer.get_data(as_text=True)


def test_a_part_of_a_page_gets_a_fragment(shop: Shop) -> None:
    answer = shop.client().get(f"/s/{shop.slug}/p/nothing", headers={"HX-Request": "true", "HX-Target": "order"})

    text = answer.get_data(as_text=True)
    assert answer.status_code == 404
    assert "<html" not in text
    assert 'id="problem"' in text


def test_a_program_gets_problem_json(shop: Shop) -> None:
    answer = shop.client().get(f"/s/{shop.slug}/p/nothing", headers={"Accept": "application/json"})

    said = answer.get_json(force=True)
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    assert (said["status"], said["code"], said["type"]) == (404, "not_found", "urn:miaofa:problem:not_found")
    assert said["request_id"] == answer.headers["X-Request-Id"]


def test_a_program_is_told_which_field_is_wrong(shop: Shop) -> None:
    dora = shop.client()
    page = f"/s/{shop.slug}/p/{shop.sku.lower()}"

    answer = dora.post(f"/s/{shop.slug}/orders", {"idem": "x"}, page=page, headers={"Accept": "application/json"})

    said = answer.get_json(force=True)
    assert answer.status_code == 422
    assert {fault["field"] for fault in said["errors"]} == {"contact", "sku"}


def test_a_form_without_its_token_is_refused_with_a_way_on(shop: Shop) -> None:
    dora = shop.client()

    plain = dora.client.post(f"/s/{shop.slug}/orders", data={"contact": "x"})
    part = dora.client.post(f"/s/{shop.slug}/orders", data={"contact": "x"}, headers={"HX-Request": "true"})

    assert (plain.status_code, part.status_code) == (409, 409)
    assert part.headers["HX-Retarget"] == "#page-alert"
    assert part.headers["HX-Reswap"] == "innerHTML"


def test_a_form_that_comes_from_elsewhere_is_refused(shop: Shop) -> None:
    dora = shop.client()
    page = f"/s/{shop.slug}/p/{shop.sku.lower()}"

    answer = dora.post(f"/s/{shop.slug}/orders", {}, page=page, headers={"Origin": "https://evil.example"})

    assert answer.status_code == 409


def test_under_https_a_page_that_sends_no_referrer_still_works(shop: Shop) -> None:
    dora = shop.client()
    secure = {"base_url": "https://localhost"}
    page = f"/s/{shop.slug}/p/{shop.sku.lower()}"
    token = dora.get(page, **secure).get_data(as_text=True).split('name="csrf_token" value="')[1].split('"')[0]

    answer = dora.client.post("/preferences", data={"csrf_token": token, "theme": "dark"}, **secure)

    assert answer.status_code == 303
    assert all("Secure" in line for line in answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize("path", ["/", "/office/login", "/healthz", "/s/{slug}/", "/s/{slug}/nothing"])
def test_every_answer_wears_the_headers(shop: Shop, path: str) -> None:
    headers = shop.client().get(path.format(slug=shop.slug)).headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Server" not in headers


def test_the_cashier_may_lead_to_its_gateway_and_nowhere_else(shop: Shop) -> None:
    shop.codes(1)
    home = shop.client().get(f"/s/{shop.slug}/").headers["Content-Security-Policy"]

    assert "form-action 'self';" in home


def test_language_is_chosen_by_a_link_and_remembered(shop: Shop) -> None:
    dora = shop.client()

    assert 'lang="zh-CN"' in dora.get(f"/s/{shop.slug}/").get_data(as_text=True)
    assert '<html lang="en"' in dora.get(f"/s/{shop.slug}/?lang=en").get_data(as_text=True)
    assert '<html lang="en"' in dora.get(f"/s/{shop.slug}/").get_data(as_text=True)


def test_the_browsers_language_is_heard(shop: Shop) -> None:
    answer = shop.client().get(f"/s/{shop.slug}/", headers={"Accept-Language": "en-GB,en;q=0.9"})

    assert '<html lang="en"' in answer.get_data(as_text=True)


def test_a_theme_is_in_the_first_byte_of_the_page(shop: Shop) -> None:
    dora = shop.client()
    dora.post("/preferences", {"theme": "dark", "next": f"/s/{shop.slug}/"}, page=f"/s/{shop.slug}/")

    assert 'data-theme="dark"' in dora.get(f"/s/{shop.slug}/").get_data(as_text=True)


def test_no_page_of_a_shop_asks_a_stranger_for_anything(shop: Shop) -> None:
    text = shop.client().get(f"/s/{shop.slug}/").get_data(as_text=True)

    assert "http://" not in text.replace("http://localhost", "").replace("http://www.w3.org", "")
    assert "https://" not in text


def test_an_installation_without_a_shop_says_how_to_make_one(fresh: Miaofa) -> None:
    answer = fresh.test_client().get("/", headers={"Accept-Language": "en"})

    assert answer.status_code == 404
    assert "shop create --slug" in answer.get_data(as_text=True)

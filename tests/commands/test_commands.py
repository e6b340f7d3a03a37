"""The command line: one JSON object as the last line, exit 0 only when all is well."""

import json
from pathlib import Path
from typing import Any

from app.web.dispatch import Miaofa
from tests.make import Shop, fresh_code


def run(app: Miaofa, *args: str) -> tuple[int, dict[str, Any], str]:
    """Run a command and return its exit code, its last line as JSON, and what it said on stderr."""
    done = app.test_cli_runner().invoke(args=list(args))
    return done.exit_code, json.loads(done.stdout.splitlines()[-1]), done.stderr


def test_codes_import_prints_numbers_that_add_up(shop: Shop, tmp_path: Path) -> None:
    known = fresh_code()
    shop.imports(known)
    file = tmp_path / "codes.csv"
    new = [fresh_code() for _ in range(5)]
    file.write_text("\n".join(["卡密", *new, "", new[0], known, "x" * 501]))

    exit_code, said, _ = run(shop.app, "codes", "import", shop.sku, str(file), "--shop", shop.slug, "--cost", "12.50")

    assert exit_code == 0
    assert said.pop("batch").startswith("bat_")
    assert said.pop("seconds") > 0
    assert said == {
        "total": 8,
        "imported": 5,
        "duplicate_in_file": 1,
        "duplicate_in_stock": 1,
        "invalid": 1,
    }


def test_stock_counts_each_code_once(shop: Shop) -> None:
    shop.codes(4)
    shop.pay(shop.place(1))
    shop.place(2)

    exit_code, said, _ = run(shop.app, "stock", shop.sku, "--shop", shop.slug)

    assert exit_code == 0
    assert (said["available"], said["held"], said["sold"]) == (1, 2, 1)
    assert sum(said.values()) == 4


def test_an_unknown_sku_is_refused_in_words(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "codes.txt").write_text("A1B2C3D4E5F6")

    file = str(tmp_path / "codes.txt")
    exit_code, said, stderr = run(shop.app, "codes", "import", "NO-SUCH", file, "--shop", shop.slug)

    assert (exit_code, said["error"]) == (1, "no_such_sku")
    assert "This shop has no SKU “NO-SUCH”." in stderr


def test_another_merchants_sku_is_as_unknown(shop: Shop, other: Shop) -> None:
    exit_code, said, _ = run(shop.app, "stock", other.sku, "--shop", shop.slug)

    assert (exit_code, said["error"]) == (1, "no_such_sku")


def test_bad_options_are_refused_and_nothing_is_imported(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "codes.txt").write_text(fresh_code())
    file = str(tmp_path / "codes.txt")

    for option, value, error in (
        ("--cost", "twelve", "bad_cost"),
        ("--expires", "soon", "bad_expiry"),
        ("--expires", "2020-01-01", "bad_expiry"),
    ):
        exit_code, said, _ = run(shop.app, "codes", "import", shop.sku, file, "--shop", shop.slug, option, value)
        assert (exit_code, said["error"]) == (1, error)
    assert sum(shop.stock().values()) == 0


def test_shop_create_opens_a_shop_and_prints_the_password_once(fresh: Miaofa) -> None:
    exit_code, said, _ = run(fresh, "shop", "create", "--slug", "mine", "--owner", "Me@Example.com")

    assert exit_code == 0
    assert (said["shop"], said["owner"], said["office"]) == ("mine", "me@example.com", "/office/mine/")
    assert len(said["password"]) >= 15
    again = run(fresh, "shop", "create", "--slug", "second", "--owner", "me@example.com")[1]
    assert "password" not in again


def test_a_taken_or_malformed_name_is_refused_whole(fresh: Miaofa) -> None:
    run(fresh, "shop", "create", "--slug", "mine", "--owner", "me@example.com", "--domain", "a.example.com")

    for args, error in (
        (("--slug", "mine", "--owner", "b@example.com"), "address_taken"),
        (("--slug", "other", "--owner", "b@example.com", "--domain", "A.example.com"), "address_taken"),
        (("--slug", "office", "--owner", "b@example.com"), "bad_slug"),
        (("--slug", "Big", "--owner", "b@example.com"), "bad_slug"),
        (("--slug", "other", "--owner", "nobody"), "bad_email"),
        (("--slug", "other", "--owner", "b@example.com", "--domain", "https://x"), "bad_domain"),
    ):
        exit_code, said, _ = run(fresh, "shop", "create", *args)
        assert (exit_code, said["error"]) == (1, error)
    assert run(fresh, "stock", "X", "--shop", "other")[1]["error"] == "no_such_shop"

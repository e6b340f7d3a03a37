"""Whether those outside can reach this shop: told in red only where that is a loss."""

import pytest

from app.kit import reach
from app.kit.http import Client
from app.kit.reach import AT_HOME, MEND, Door

LOST = "Receipts are lost."


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/hooks/x", "http://localhost:8000/hooks/x", "http://[::1]/x"])
def test_a_test_shop_on_this_machine_is_told_calmly(url: str) -> None:
    with Client() as client:
        found = reach.tried("receipts", Door(url, LOST, is_sandbox=True), client)

    assert (found.well, found.message, found.mend) == (True, AT_HOME, "")


@pytest.mark.parametrize(
    ("url", "is_sandbox"), [("http://127.0.0.1:9/hooks/x", False), ("http://10.0.0.1:9/hooks/x", True)]
)
def test_every_other_shop_that_nobody_reaches_hears_what_is_lost_and_how_to_mend_it(url: str, is_sandbox: bool) -> None:
    with Client() as client:
        found = reach.tried("receipts", Door(url, LOST, is_sandbox=is_sandbox), client)

    assert (found.well, found.message, found.mend) == (False, LOST, MEND)

"""Each consent in a mini program buys one message, whoever asks for it at the same moment."""

import threading
from datetime import UTC, datetime, timedelta

from app.kit.secret import Secret
from app.messages import consents
from tests.make import Shop

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
OPENID, TEMPLATE = "oSimulatedBuyer0000000000001", "TM_ready_0001"


def allow(shop: Shop, seconds: int = 0, template: str = TEMPLATE) -> bool:
    return shop.write(lambda: consents.grant_consent(Secret(OPENID), template, at=START + timedelta(seconds=seconds)))


def left(shop: Shop) -> int:
    return shop.read(lambda: consents.count(Secret(OPENID), TEMPLATE))


def test_consents_are_counted_for_each_person_and_template(shop: Shop) -> None:
    for second in range(3):
        assert allow(shop, second)

    assert left(shop) == 3
    assert not shop.write(lambda: consents.spend_consent(Secret(OPENID), "another"))
    assert not shop.write(lambda: consents.spend_consent(Secret("oSomebodyElse0000000000001"), TEMPLATE))
    assert shop.write(lambda: consents.spend_consent(Secret(OPENID), TEMPLATE))
    assert left(shop) == 2

    later = START + timedelta(seconds=9)
    shop.write(lambda: consents.withdraw_consents(Secret(OPENID), TEMPLATE, at=later))
    assert not shop.write(lambda: consents.spend_consent(Secret(OPENID), TEMPLATE))


def test_what_is_told_twice_counts_once(shop: Shop) -> None:
    assert [allow(shop), allow(shop), allow(shop, 1)] == [True, False, True]
    assert left(shop) == 2


def test_ten_who_want_the_last_consent_get_it_once(shop: Shop) -> None:
    allow(shop)
    barrier, won = threading.Barrier(10), list[bool]()

    def take() -> None:
        with shop.app.app_context():
            barrier.wait()
            won.append(shop.write(lambda: consents.spend_consent(Secret(OPENID), TEMPLATE)))

    threads = [threading.Thread(target=take) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(won) == 1

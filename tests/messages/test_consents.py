"""Each consent in a mini program buys one message, whoever asks for it at the same moment."""

import threading

from app.kit.secret import Secret
from app.messages import consents
from tests.make import Shop

OPENID, TEMPLATE = "oSimulatedBuyer0000000000001", "TM_ready_0001"


def test_consents_are_counted_for_each_person_and_template(shop: Shop) -> None:
    shop.write(lambda: consents.grant_consent(Secret(OPENID), TEMPLATE))
    shop.write(lambda: consents.grant_consent(Secret(OPENID), TEMPLATE, 2))

    assert shop.write(lambda: consents.count(Secret(OPENID), TEMPLATE)) == 3
    assert not shop.write(lambda: consents.spend_consent(Secret(OPENID), "another"))
    assert not shop.write(lambda: consents.spend_consent(Secret("oSomebodyElse0000000000001"), TEMPLATE))
    assert shop.write(lambda: consents.spend_consent(Secret(OPENID), TEMPLATE))
    assert shop.write(lambda: consents.count(Secret(OPENID), TEMPLATE)) == 2

    shop.write(lambda: consents.withdraw_consents(Secret(OPENID)))
    assert not shop.write(lambda: consents.spend_consent(Secret(OPENID), TEMPLATE))


def test_ten_who_want_the_last_consent_get_it_once(shop: Shop) -> None:
    shop.write(lambda: consents.grant_consent(Secret(OPENID), TEMPLATE))
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

"""Third parties tell what they redeemed: what fits is recorded once, the rest is a list of differences."""

from datetime import timedelta
from functools import partial

from app.kit import clock
from app.kit.events import SYSTEM
from app.kit.ids import new_id
from app.orders import queries as orders
from app.redemption import queries
from app.redemption import service as redemption
from app.redemption.models import Channel
from app.redemption.service import Match, Matched, Told, differences
from app.refunds import service as refunds
from tests.make import Shop, at_once, fresh_code
from tests.redemption.goods import STAFF, Desk, typed


def report(desk: Desk, *rows: Told, source: str = "Cinema") -> list[Matched]:
    return desk.shop.write(lambda: redemption.report(rows, source=source, now=clock.now(), by=STAFF))


def told(text: str, key: str = "") -> Told:
    return Told(key or new_id().hex, typed(text))


def test_a_report_records_what_fits_and_lists_what_does_not(desk: Desk, other: Shop) -> None:
    first, second = desk.sell(2)
    (refunded,) = desk.sell()
    desk.shop.write(lambda: refunds.refund(refunded.order_id, reason="", now=clock.now(), by=SYSTEM))
    (theirs,) = (stranger := Desk(other)).sell()
    unsold = fresh_code()
    desk.shop.imports(unsold)
    number = desk.shop.read(lambda: orders.get(first.order_id)).number
    yesterday = clock.now() - timedelta(days=1)
    by_number = Told("by number", order_number=number, slot=2, at=yesterday, reference="ticket 7")
    texts = [desk.codes[first.id], unsold, "WHO", stranger.codes[theirs.id], desk.codes[refunded.id]]

    matched = report(desk, *(told(text) for text in texts), by_number, told(desk.codes[first.id].lower()))

    assert [row.match for row in matched] == [
        Match.RECORDED,
        Match.NEVER_SOLD,
        Match.UNKNOWN,
        Match.UNKNOWN,
        Match.REFUNDED,
        Match.RECORDED,
        Match.REPORTED_BEFORE,
    ]
    assert len(differences(matched)) == 5
    (act,) = desk.shop.read(lambda: queries.history(second.id))
    assert (act.row.channel, act.row.at, act.row.reference) == (Channel.REPORT, yesterday, "ticket 7")
    assert [desk.used(each) for each in (first, second, refunded)] == [1, 1, 0]
    assert len(desk.events("entitlement.use_reported", first)) == 1


def test_the_same_row_of_the_same_source_counts_once(desk: Desk) -> None:
    (card,) = desk.sell()
    row = told(desk.codes[card.id], "row 1")

    first, again = report(desk, row), report(desk, row)

    assert [each[0].match for each in (first, again)] == [Match.RECORDED, Match.AGAIN]
    assert first[0].redemption_id == again[0].redemption_id
    assert report(desk, row, source="Another")[0].match is Match.REPORTED_BEFORE
    assert (desk.used(card), differences(again)) == (1, [])


def test_reports_at_once_count_once(desk: Desk) -> None:
    cards = desk.sell(4)

    def tell(turn: int) -> list[Matched]:
        texts = [desk.codes[card.id] for card in cards]
        return report(desk, *(told(text) for text in (texts if turn % 2 else reversed(texts))))

    answers = at_once([partial(tell, turn) for turn in range(8)])

    assert not [each for each in answers if isinstance(each, BaseException)]
    assert [desk.used(card) for card in cards] == [1] * 4
    assert len(desk.redemptions(*cards)) == 4


def test_what_we_redeem_ourselves_nobody_else_can_have_redeemed(desk: Desk) -> None:
    desk.rule()
    (card,) = desk.sell()

    assert report(desk, told(desk.codes[card.id]))[0].match is Match.OURS
    assert desk.redeemed(card).uses_left == 0


def test_a_reported_use_counts_when_a_rule_comes_later_and_can_be_taken_back(desk: Desk) -> None:
    (card,) = desk.sell()
    (made,) = report(desk, told(desk.codes[card.id]))
    desk.rule(uses=1)
    assert desk.refusal(card).code == "already_redeemed"

    back = {"reason": "their mistake", "now": clock.now(), "by": STAFF}
    desk.shop.write(lambda: redemption.roll_back(made.redemption_id, **back))  # type: ignore[arg-type]

    assert desk.used(card) == 0
    assert desk.redeemed(card).uses_left == 0

"""What chance does with a shop: buyers in any number, a gateway that is ill, processes that die one after the other."""

import random
from collections.abc import Callable, Iterator

from tests.torture.stories import DELIVERED, REFUNDED, STORIES, Buyer, Story
from tests.torture.telling import Told, reckon
from tests.torture.world import Died, Run, World

CALLS = ("query", "close", "refund", "refund_query")
FAR = 150  # further than any story goes
MOST_DEATHS = 4


def wander(world: World, seed: int) -> Told:
    """Tell what a seed says; whoever dies, the next process goes on, and some buyers come back."""
    chance = random.Random(seed)
    name = chance.choice([*STORIES, *[WANDERING] * len(STORIES)])
    story = STORIES.get(name, CROWD)
    told = Told(name, seed)
    with Run(world) as run:
        things = story.arrange(run, chance)
        run.sweep()
        _fall_ill(run, chance)
        reach = 40 if name in STORIES else FAR
        _disturbed(run, told, chance, reach, lambda: story.happen(run, things))
        run.life.disarm()
        run.settle()
        if "partially_delivered" in run.words():  # of which a code was seen: that waits for people, and they restock
            run.life.stock(count=12)
            run.settle()
        reckon(run, story, told)
    return told


WANDERING = "a crowd"


def _disturbed(run: Run, told: Told, chance: random.Random, reach: int, happen: Callable[[], None]) -> None:
    """Tell it, and after each death another process lives on, maybe not for long; it may be only the sweeper."""
    run.life.arm(die_at=chance.randint(1, reach))
    comes_back = chance.random() < 0.6
    for _ in range(MOST_DEATHS):
        try:
            happen() if comes_back or not told.died_at else run.settle()
            return
        except Died as died:
            told.died_at.append(str(died))
            run.reborn()
            if chance.random() < 0.5:
                run.life.arm(die_at=chance.randint(1, 12))


def _fall_ill(run: Run, chance: random.Random) -> None:
    """Cause up to three things to go wrong at the gateway, each for a while."""
    ills: list[Callable[[], None]] = [
        lambda: run.bank.faults.cause("lost", on=chance.choice(CALLS), times=chance.randint(1, 3)),
        lambda: run.bank.faults.cause("down", on=list(CALLS), times=chance.randint(1, 5)),
        lambda: run.bank.faults.cause("forged", on=chance.choice((*CALLS, "notice")), times=1),
        lambda: run.bank.faults.cause("unreachable", seconds=0.2),
        lambda: run.bank.faults.cause("twice", times=chance.randint(1, 3)),
        lambda: run.bank.faults.cause("late", seconds=chance.choice((5, 60, 1200, 3600)), times=chance.randint(1, 2)),
        lambda: run.bank.faults.cause("out_of_order", seconds=30, times=2),
        lambda: run.bank.faults.cause("silent", times=1),
    ]
    for ill in chance.sample(ills, chance.choice((0, 1, 1, 2, 3))):
        ill()


# A crowd ---------------------------------------------------------------------------------------------------------


def _crowd(run: Run, chance: random.Random) -> Iterator[Callable[[], object]]:
    """Arrange a shop with few codes, and return what people do there, one after the other."""
    if codes := chance.randint(0, 6):
        run.life.stock(count=codes)
    buyers = [Buyer(run, quantity=chance.choice((1, 1, 2, 3))) for _ in range(chance.randint(2, 5))]
    return iter([_deed(run, chance, chance.choice(buyers)) for _ in range(chance.randint(8, 24))])


def _deed(run: Run, chance: random.Random, buyer: Buyer) -> Callable[[], object]:
    """Choose one thing that somebody does; what makes no sense then is left out."""
    minutes, codes = chance.choice((0.1, 2, 20, 200)), chance.randint(1, 4)

    def pay_late() -> None:
        if buyer.url and not run.bank.is_paid(buyer.url):
            run.bank.pay_late(buyer.url)
            run.bring_letters()

    deeds: list[tuple[int, Callable[[], object]]] = [
        (8, buyer.buy),
        (3, buyer.place),
        (3, lambda: buyer.page and buyer.start()),
        (1, lambda: buyer.page and buyer.press("cancellation")),
        (2, lambda: buyer.page and buyer.press("check")),
        (1, lambda: buyer.page and buyer.press("reveal")),
        (1, lambda: buyer.page and run.life.refund(location=buyer.page["location"])),
        (2, pay_late),
        (2, lambda: run.life.stock(count=codes)),
        (3, lambda: run.pass_time(minutes=minutes)),
        (3, run.sweep),
        (2, run.bring_letters),
    ]
    return chance.choices([deed for _, deed in deeds], [weight for weight, _ in deeds])[0]


def _go_on(_: Run, deeds: Iterator[Callable[[], object]]) -> None:
    """Do what is left to do; a deed that died is not done again."""
    for deed in deeds:
        deed()


CROWD = Story(_crowd, _go_on, ends=(DELIVERED, REFUNDED))

"""Telling a story: undisturbed, with a kill at one step, or as chance has it."""

import random
from dataclasses import dataclass, field
from datetime import timedelta

from tests.torture.stories import STORIES, Story
from tests.torture.world import Died, Run, World

UNPAID = {"expired", "cancelled"}
MINUTE = timedelta(minutes=1)


@dataclass
class Told:
    """How a telling ended."""

    story: str
    seed: int
    died_at: list[str] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    tail: str = ""

    def __str__(self) -> str:
        died = f", killed at {' and '.join(self.died_at)}" if self.died_at else ""
        return f"{self.story}, seed {self.seed}{died}: {', '.join(self.words) or 'no order'}"


def tell(world: World, name: str, *, die_at: int | None = None, seed: int = 0) -> Told:
    """Tell a story whose process dies at one failpoint; nobody comes back, the sweeper and the gateway do the rest."""
    story, told = STORIES[name], Told(name, seed)
    with Run(world) as run:
        things = story.arrange(run, random.Random(seed))
        run.sweep()
        run.life.arm(die_at=die_at)
        try:
            story.happen(run, things)
            told.reached = run.life.disarm()
        except Died as died:
            told.died_at.append(str(died))
            run.reborn()
        run.settle(MINUTE)
        told.faults += _late(run, story)
        run.settle()
        reckon(run, story, told)
    return told


def _late(run: Run, story: Story) -> list[str]:
    """Return the paid orders that have not ended a minute after whatever happened."""
    paid = story.soon and any(run.kept().values())
    return [f"an order is {word} after a minute" for word in run.words() if paid and word not in story.ends]


def reckon(run: Run, story: Story, told: Told) -> None:
    """Write down how it ended and what is wrong."""
    told.words = list(run.words())
    told.faults += run.faults()
    told.faults += [f"an order ended {word}" for word in told.words if word not in {*story.ends, *UNPAID}]
    if told.faults:
        told.tail = run.tail()

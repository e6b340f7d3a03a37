"""Whatever step a process dies at, every paid order ends delivered or refunded, and the books are right (B1.2)."""

import os
import random

import pytest

from tests.kit.depth import DEPTH
from tests.torture.chance import wander
from tests.torture.stories import STORIES
from tests.torture.telling import tell
from tests.torture.world import World

SEEDS = int(os.environ.get("TORTURE_SEEDS", 2 * DEPTH))
KILLS = {1: 1}.get(DEPTH, 1000)  # of each story beside the sale
PARTS = 4  # of the steps of a sale, to be tried side by side


@pytest.mark.parametrize("part", range(PARTS))
def test_a_sale_is_right_whichever_step_its_process_dies_at(world: World, part: int) -> None:
    whole = tell(world, "sale")
    assert (whole.words, whole.faults) == (["delivered"], []), whole.tail

    for place, name in list(enumerate(whole.reached, 1))[part::PARTS][steps_on(world)]:
        told = tell(world, "sale", die_at=place)

        assert told.died_at == [name]
        assert not told.faults, f"{told}\n{told.faults}\n{told.tail}"


def steps_on(world: World) -> slice:
    """Return which steps are tried on an engine: on every change each on one of the two, later down all on both."""
    return slice(None) if DEPTH > 1 else slice(world.engine == "postgresql", None, 2)


@pytest.mark.parametrize("name", [name for name in STORIES if name != "sale"])
def test_a_story_ends_as_it_should_and_survives_kills(world: World, name: str) -> None:
    whole = tell(world, name)
    assert not whole.faults, f"{whole}\n{whole.faults}\n{whole.tail}"
    assert whole.words == list(STORIES[name].undisturbed)
    assert {f"call.after:{kind}" for kind in STORIES[name].calls} <= set(whole.reached)

    places = range(1, len(whole.reached) + 1)
    for place in random.Random(name).sample(places, min(KILLS, len(places))):
        told = tell(world, name, die_at=place)

        assert told.died_at == [whole.reached[place - 1]]
        assert not told.faults, f"{told}\n{told.faults}\n{told.tail}"


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_chance_finds_nothing_wrong(world: World, seed: int) -> None:
    told = wander(world, seed)

    assert not told.faults, f"{told}\n{told.faults}\n{told.tail}"

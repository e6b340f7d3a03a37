"""How deep the random tests go: DEPTH 1 on every change, 10 before a release, 100 at night."""

import os

DEPTH = int(os.environ.get("DEPTH", "1"))


def share(tries: int) -> int:
    """Return how many of so many random tries one of the two engines makes: half of them, all of them deeper down."""
    return tries // 2 if DEPTH == 1 else tries * DEPTH

"""Processes that start clean: forked from one that has loaded the application and holds nothing, not from a test's."""

import multiprocessing
from multiprocessing.context import ForkServerContext


def clean() -> ForkServerContext:
    """Return the way to start them; a process that loads the application itself needs a second longer."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["app", "tests.make"])
    return context

"""Chat: a few words for a person or a group. Areas give facts; words and links are the writer's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Words:
    """What is said; it may hold a link that opens something, so it is never printed."""

    title: str
    text: str = field(repr=False)
    url: str = field(repr=False, default="")


Writer = Callable[[str, str, Mapping[str, Any]], Words]

_writer: Writer | None = None


def configure(writer: Writer) -> None:
    """Take who writes them."""
    global _writer
    _writer = writer


def write(name: str, *, lang: str, facts: Mapping[str, Any]) -> Words:
    """Return the words called `name`, such as `messages/notes`, in a language."""
    if _writer is None:
        raise RuntimeError("chat.configure was not called")
    return _writer(name, lang, facts)

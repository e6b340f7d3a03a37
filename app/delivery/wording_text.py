"""How a shop's own words are written: lines, **bold** and [links](https://…), with values put in. Pure.

A value never becomes a mark: what a buyer typed can be neither bold nor a link.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from app.catalog.queries import is_web_address
from app.kit.filling import fill

NAMES = ("shop", "product", "order", "buyer", "count", "date")
MARKS = re.compile(r"\\(?P<plain>[\\*\[\]()])|\*\*(?P<bold>[^*\n]+)\*\*|\[(?P<label>[^\[\]\n]+)\]\((?P<url>[^()\s]*)\)")
SPECIAL = re.compile(r"([\\*\[\]()])")


class Span(NamedTuple):
    """A piece of a line: plain, bold, or a link."""

    text: str
    is_bold: bool = False
    url: str = ""


Line = tuple[Span, ...]


@dataclass(frozen=True)
class Values:
    """What can be put into words; never a code, nor what opens one."""

    shop: str
    product: str
    order: str
    buyer: str  # masked
    count: str
    date: str


@dataclass(frozen=True)
class Step:
    """One step of how to use something."""

    text: str = ""
    picture_id: UUID | None = None


@dataclass(frozen=True)
class Words:
    """What a version says, as it was typed."""

    title: str = ""
    tips: str = ""
    steps: tuple[Step, ...] = ()
    button: str = ""
    button_url: str = ""
    invite: str = ""
    footer: str = ""
    logo_id: UUID | None = None
    invite_picture_id: UUID | None = None


@dataclass(frozen=True)
class SaidStep:
    """A step as it is read."""

    lines: tuple[Line, ...]
    picture_id: UUID | None = None


@dataclass(frozen=True)
class Said:
    """What a version says to one buyer: values put in, marks read. `product` is what it is about."""

    product: str
    title: str = ""
    tips: tuple[Line, ...] = ()
    steps: tuple[SaidStep, ...] = ()
    button: str = ""
    button_url: str = ""
    invite: tuple[Line, ...] = ()
    footer: tuple[Line, ...] = ()
    logo_id: UUID | None = None
    invite_picture_id: UUID | None = None
    version_id: UUID | None = None

    @property
    def pictures(self) -> set[UUID]:
        found = {self.logo_id, self.invite_picture_id, *(step.picture_id for step in self.steps)}
        return {picture for picture in found if picture}


def say(words: Words, values: Values, version_id: UUID | None = None) -> Said:
    """Return what words say with these values."""
    steps = (SaidStep(rich(step.text, values), step.picture_id) for step in words.steps)
    return Said(
        values.product,
        plain(words.title, values),
        rich(words.tips, values),
        tuple(step for step in steps if step.lines or step.picture_id),
        plain(words.button, values),
        words.button_url,
        rich(words.invite, values),
        rich(words.footer, values),
        words.logo_id,
        words.invite_picture_id,
        version_id,
    )


def each_once(said: Sequence[Said]) -> list[Said]:
    """Return what is said without saying twice what holds for several products; their steps stay apart."""
    seen: set[UUID | None] = set()
    found = []
    for one in said:
        again = Said(one.product, steps=one.steps, version_id=one.version_id)
        found.append(again if one.version_id and one.version_id in seen else one)
        seen.add(one.version_id)
    return found


def plain(text: str, values: Values) -> str:
    """Return words of one line with values in them."""
    return " ".join(fill(text, vars(values)).split())


def rich(text: str, values: Values) -> tuple[Line, ...]:
    """Return the lines of a text with values in them, their marks read."""
    return tuple(read(line) for line in fill(text, vars(values), _escaped).splitlines() if line.strip())


def unmarked(text: str) -> tuple[Line, ...]:
    """Return a text as it stands, as lines."""
    return tuple((Span(line.strip()),) for line in text.splitlines() if line.strip())


def read(line: str) -> Line:
    """Return the spans of a line; a link that leads to no https address is read as its words."""
    found: list[Span] = []
    at = 0
    for mark in MARKS.finditer(line):
        found.append(Span(line[at : mark.start()]))
        url = mark["url"] or ""
        text = mark["plain"] or mark["bold"] or mark["label"]
        found.append(
            Span(text if mark["plain"] else _bare(text), bool(mark["bold"]), url if is_web_address(url) else "")
        )
        at = mark.end()
    return tuple(_joined([*found, Span(line[at:])]))


def first_bad_link(lines: Sequence[str]) -> str:
    """Return the first link in marks that leads to no https address, or ""."""
    marks = (mark for line in lines for mark in MARKS.finditer(line) if mark["label"])
    return next((mark["url"] for mark in marks if not is_web_address(mark["url"])), "")


def _escaped(value: object) -> str:
    """Return a value as words in which nothing is a mark."""
    return SPECIAL.sub(r"\\\1", " ".join(str(value).split()))


def _bare(text: str) -> str:
    return re.sub(r"\\([\\*\[\]()])", r"\1", text)


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Return spans with plain ones that stand side by side made one."""
    found: list[Span] = []
    for span in spans:
        if not span.text:
            continue
        if found and not (span.is_bold or span.url or found[-1].is_bold or found[-1].url):
            found[-1] = Span(found[-1].text + span.text)
        else:
            found.append(span)
    return found


def as_row(words: Words) -> Mapping[str, object]:
    """Return words as the columns of a version."""
    steps = [[step.text, step.picture_id.hex if step.picture_id else ""] for step in words.steps]
    return {**vars(words), "steps": steps}

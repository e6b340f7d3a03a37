"""Where the goods of a variant come from, in words of the reader's language."""

from collections.abc import Mapping

from flask_babel import gettext

from app.catalog.queries import Source
from app.kit.errors import words

# Where the goods of a variant come from, and what that means for whoever chooses it.
SOURCES: Mapping[Source, tuple[str, str]] = {
    Source.POOL: (words("Codes from stock"), words("You import them; each is sold once.")),
    Source.SHARED: (words("A shared code"), words("Many buyers get the same one, as often as you say.")),
    Source.GENERATED: (words("Made on sale"), words("The shop makes a fresh code for each buyer, by a pattern.")),
    Source.MANUAL: (words("By hand"), words("Paid orders come onto a worklist for your staff.")),
    Source.BUNDLE: (words("A bundle"), words("Several other variants for one price.")),
}


def source_choices() -> list[tuple[int, str, str]]:
    """Return where goods can come from, to choose from."""
    return [(source.value, gettext(name), gettext(note)) for source, (name, note) in SOURCES.items()]


def source_name(source: Source) -> str:
    """Return where goods come from, in words."""
    return str(gettext(SOURCES[source][0]))

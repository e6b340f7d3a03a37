"""The words of the shop and their translations; `python -m tests.translations` collects, merges and compiles them."""

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "app" / "translations"
KEYWORDS = DEFAULT_KEYWORDS | {"lazy_gettext": None, "lazy_ngettext": (1, 2), "words": None}  # `words`: kit/errors.py


def main() -> int:
    """Bring every .po and .mo up to date; 1 when words wait for a translator."""
    waiting = sum(update(path) for path in po_files())
    print(f"{waiting} words wait for a translation." if waiting else "Every word is translated.")
    return 1 if waiting else 0


def update(path: Path) -> int:
    """Merge today's words into one .po, compile it, and return how many wait for a translation."""
    catalog, today = read(path), extract()
    today.creation_date = catalog.creation_date  # a run that finds nothing new changes nothing
    catalog.update(today, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    with path.open("wb") as file:
        write_po(file, catalog, width=0, sort_by_file=True, include_lineno=False)
    path.with_suffix(".mo").write_bytes(compiled(read(path)))
    return sum(not is_translated(message) for message in messages(catalog))


def po_files() -> list[Path]:
    """Return the .po file of every language."""
    return sorted(FOLDER.glob("*/LC_MESSAGES/messages.po"))


def extract() -> Catalog:
    """Return every word that the code and the templates say today."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    catalog = Catalog(project="Miaofa", charset="utf-8")
    found = extract_from_dir(
        ROOT / "app", methods, options, keywords=KEYWORDS, comment_tags=("NOTE:",), strip_comment_tags=True
    )
    for name, line, words, comments, context in found:
        catalog.add(words, None, [(f"app/{name}", line)], auto_comments=comments, context=context)
    return catalog


def read(path: Path) -> Catalog:
    """Return one .po file; its folder names the language."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3], abort_invalid=True)


def compiled(catalog: Catalog) -> bytes:
    """Return the .mo of a catalog; the same words always give the same bytes."""
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def messages(catalog: Catalog) -> list[Message]:
    """Return the messages without the header."""
    return [message for message in catalog if message.id]


def is_translated(message: Message) -> bool:
    """Answer whether every form of the message has its words, and nobody doubts them."""
    forms = message.string if isinstance(message.string, tuple | list) else [message.string]
    return bool(forms) and all(forms) and not message.fuzzy


if __name__ == "__main__":
    sys.exit(main())

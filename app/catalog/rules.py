"""What products and SKUs may be called and cost, and how what is written about them is read."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlsplit

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
LONGEST = {"name": 120, "summary": 400, "about": 10_000, "facts": 4_000, "guide": 10_000, "faq": 10_000}
LONGEST_VARIANT, LONGEST_CATEGORY, LONGEST_URL = 60, 40, 500
MOST_STEPS = 12


def is_slug(text: str) -> bool:
    return bool(SLUG.fullmatch(text))


def is_code(text: str) -> bool:
    return bool(CODE.fullmatch(text))


def in_language(texts: Mapping[str, str], lang: str, fallback: str) -> str:
    """Return the text in `lang`, else in the shop's language, else any there is."""
    return texts.get(lang) or texts.get(fallback) or next((text for text in texts.values() if text), "")


def facts_of(text: str) -> tuple[tuple[str, str], ...]:
    """Return the facts of a text, "term: value" a line; a line without a colon is a value of its own."""
    pairs = (re.split("[:：]", line, maxsplit=1) for line in lines_of(text))
    return tuple((pair[0].strip(), pair[1].strip()) if len(pair) > 1 else ("", pair[0].strip()) for pair in pairs)


def faq_of(text: str) -> tuple[tuple[str, str], ...]:
    """Return questions and answers of a text: an empty line between pairs, the question is the first line of each."""
    parts = (part.strip().partition("\n") for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n")))
    return tuple((question.strip(), answer.strip()) for question, _, answer in parts if question.strip())


def lines_of(text: str) -> tuple[str, ...]:
    """Return the lines of a text that say something."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def first_bad_fact(text: str) -> str:
    """Return the first line of some facts that says no term or no value, or ""."""
    pairs = zip(lines_of(text), facts_of(text), strict=True)
    return next((line for line, (term, value) in pairs if not term or not value), "")


def first_unanswered(text: str) -> str:
    """Return the first question without an answer, or ""."""
    return next((question for question, answer in faq_of(text) if not answer), "")


def is_web_address(text: str) -> bool:
    """Tell whether it is the https address of a host with a domain, without anything that could mislead a reader."""
    if len(text) > LONGEST_URL or not text.isprintable() or any(sign in text for sign in " \\<>\"'`"):
        return False
    try:
        parts = urlsplit(text)
        port, host = parts.port, (parts.hostname or "").encode("idna").decode()
    except (ValueError, UnicodeError):
        return False
    named = re.fullmatch(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", host)
    return parts.scheme == "https" and bool(named) and "@" not in parts.netloc and port != 0


def folded(text: str) -> str:
    """Return a text as searches compare it: no upper case, no full-width letters, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def finds_of(name: str, summary: str, variants: Iterable[str]) -> str:
    """Return what a search looks through: name, short text and variants, and the name's pinyin and its initials."""
    from pypinyin import Style, lazy_pinyin  # here, since its tables weigh 60 MB, which only they pay who write texts

    plain = folded(name)
    spoken = [] if plain.isascii() else [lazy_pinyin(plain), lazy_pinyin(plain, style=Style.FIRST_LETTER)]
    said = (plain, folded(summary), *map(folded, variants), *(_joined(parts) for parts in spoken))
    return " ".join(dict.fromkeys(part for part in said if part))


def _joined(syllables: Sequence[str]) -> str:
    return "".join(syllables).replace(" ", "")

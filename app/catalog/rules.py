"""What products and SKUs may be called and cost."""

import re
from collections.abc import Mapping

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
LONGEST_NAME = 120
LONGEST_SUMMARY = 400
LONGEST_GUIDE = 10_000


def is_slug(text: str) -> bool:
    return bool(SLUG.fullmatch(text))


def is_code(text: str) -> bool:
    return bool(CODE.fullmatch(text))


def in_language(texts: Mapping[str, str], lang: str, fallback: str) -> str:
    """Return the text in `lang`, else in the shop's language, else any there is."""
    return texts.get(lang) or texts.get(fallback) or next((text for text in texts.values() if text), "")

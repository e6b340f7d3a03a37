"""Notices as they are kept: as they came, without what nobody may read again."""

import re
from collections.abc import Sequence

from app.payments.providers.base import Wire

HIDDEN = "…"


def redacted(request: Wire, hides: Sequence[str]) -> str:
    """Return what came, its body or else its query; the values of `hides` are left out of forms and of JSON."""
    text = (request.body or request.query.encode()).decode("utf-8", "replace").replace("\0", "�")
    if not hides:
        return text
    names = "|".join(map(re.escape, hides))
    form = re.sub(rf"(?<![^&?])({names})=[^&]*", rf"\1={HIDDEN}", text)
    return re.sub(rf'("(?:{names})"\s*:\s*)("(?:[^"\\]|\\.)*"|[^\s,}}\]]+)', rf'\1"{HIDDEN}"', form)

"""Where somebody was led here from: whoever proves who they are goes on to the page that asked them to."""

from flask import request

from app.web.forms import own_path
from app.web.language import here


def coming_from() -> str:
    """Return the page of the shop that this request is to lead back to; "" for nowhere in particular."""
    wanted = request.values.get("next", "")
    path = own_path(wanted) if wanted else ""
    inside = path.startswith(here(".home")) and not path.startswith(here(".welcome"))
    return path if inside and path != here(".home") else ""

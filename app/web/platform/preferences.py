"""Language and theme, chosen without an account and without JavaScript."""

from flask import request

from app.web.forms import own_path
from app.web.guard import unit
from app.web.language import LANG_COOKIE, LANGUAGES, THEME_COOKIE, THEMES
from app.web.platform import bp
from app.web.render import Cookie, Redirect

YEAR = 365.0


@bp.post("/preferences", endpoint="preferences")
@bp.post("/office/preferences", endpoint="office_preferences")  # where the office's own cookie reaches
@bp.post("/enterprise/preferences", endpoint="enterprise_preferences")
@unit(None)
def save() -> Redirect:
    lang, theme = request.form.get("lang", ""), request.form.get("theme", "")
    cookies = []
    if lang in LANGUAGES:
        cookies.append(Cookie(LANG_COOKIE, lang, "/", YEAR))
    if theme in THEMES | {"auto"}:
        cookies.append(Cookie(THEME_COOKIE, theme if theme in THEMES else "", "/", YEAR))
    return Redirect(own_path(request.form.get("next", "")), cookies=tuple(cookies))

"""Language, theme and money as people read them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal, get_currency_symbol
from flask import Flask, Response, g, request, url_for
from flask_babel import Babel, force_locale, get_translations
from markupsafe import Markup

from app.kit.clock import now
from app.kit.ids import public
from app.kit.money import Money, exponent
from app.web.headers import csp_nonce, csrf_token, form_key
from app.web.session import surface_path

LANGUAGES = {"zh": "中文", "en": "English"}
SPOKEN = (*LANGUAGES, "zh-CN", "zh-TW", "zh-HK", "en-US", "en-GB")
DEFAULT = "zh"
HTML_LANG = {"zh": "zh-CN", "en": "en"}
THEMES = {"light", "dark"}
LANG_COOKIE, THEME_COOKIE = "lang", "theme"
YEAR = 365 * 86400
PREFERENCES = {  # where a surface's own cookie reaches
    "": "platform.preferences",
    "/office": "platform.office_preferences",
    "/enterprise": "platform.enterprise_preferences",
}


def register(app: Flask) -> None:
    """Give templates and refusals the reader's language."""
    Babel(app, default_locale=DEFAULT, locale_selector=lang, default_translation_directories="translations")
    app.jinja_env.filters |= {"money": money, "moment": moment, "public": lambda number, prefix: public(prefix, number)}
    app.jinja_env.globals["csrf_token"] = csrf_token  # macros see no context
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda text: _words().ugettext(text),
        ngettext=lambda one, many, count: _words().ungettext(one, many, count),
        newstyle=True,
    )
    app.jinja_env.globals["_"] = said
    app.context_processor(_globals)
    app.after_request(_remember)


def said(text: str, **values: Any) -> Markup:
    """Return a text of a template in the reader's language, with what is put in escaped."""
    return Markup(_words().ugettext(text)) % values if values else _said(lang(), text)


@lru_cache(maxsize=4096)  # a page says a hundred, most of them on every page
def _said(_lang: str, text: str) -> Markup:
    return Markup(_words().ugettext(text)) % {}


def lang() -> str:
    """Return the language of this answer: asked for, remembered, preferred by the browser, or the shop's."""
    if "lang" not in g:
        asked = request.args.get("lang", "") or request.cookies.get(LANG_COOKIE, "")
        g.lang = asked if asked in LANGUAGES else _preferred()
    return g.lang  # type: ignore[no-any-return]


@contextmanager
def speaking(other: str) -> Iterator[None]:
    """Let what is drawn within be in another language than the answer around it."""
    mine = lang()
    try:
        with force_locale(other):
            _speak(other)
            yield
    finally:
        _speak(mine)


def _speak(tongue: str) -> None:
    g.lang = tongue
    g.pop("words", None)


def _words() -> Any:
    """Return the words of this answer's language; Babel finds them anew for each text of a page."""
    if "words" not in g:
        g.words = get_translations()
    return g.words


def _preferred() -> str:
    """Return what the browser prefers among our languages, else the shop's."""
    wanted = request.headers.get("Accept-Language")
    preferred = request.accept_languages.best_match(SPOKEN) if wanted else None
    return (preferred or (g.frame.lang if g.get("frame") else DEFAULT))[:2]


def theme() -> str:
    """Return the theme somebody chose, or "" to follow the system."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


def _remember(response: Response) -> Response:
    """Keep a language that was chosen by a link."""
    if request.args.get("lang") in LANGUAGES:
        response.set_cookie(LANG_COOKIE, request.args["lang"], max_age=YEAR, secure=request.is_secure, samesite="Lax")
    return response


def _globals() -> dict[str, Any]:
    return {
        "lang": lang(),
        "html_lang": HTML_LANG[lang()],
        "theme": theme(),
        "frame": g.get("frame"),
        "actor": g.get("actor"),
        "member": g.get("member"),
        "here": here,
        "languages": _Languages(),
        "preferences": lambda: url_for(PREFERENCES[surface_path()]),
        "csp_nonce": csp_nonce,
        "csrf_token": csrf_token,
        "form_key": form_key,
        "present": request.full_path.rstrip("?") if request.method == "GET" else request.path,
    }


class _Languages:
    """This page's address in each language, written only where a page shows it; the choice is remembered there."""

    def __iter__(self) -> Iterator[tuple[str, str, str]]:
        args = request.args.to_dict()
        for code, label in LANGUAGES.items():
            yield code, label, f"{request.path}?{urlencode(args | {'lang': code})}"


def whereabouts(url: str) -> dict[str, Any]:
    """Return the page's address for its switches, where it may answer a form and the request's own cannot be read."""
    return {"present": url, "languages": [(code, label, f"{url}?lang={code}") for code, label in LANGUAGES.items()]}


def here(endpoint: str, **values: Any) -> str:
    """Return the address of an endpoint of this surface, in this shop."""
    if request.view_args and "shop" in request.view_args:
        values.setdefault("shop", request.view_args["shop"])
    return url_for(endpoint, **values)


def money(amount: Money) -> str:
    """Return an amount as the reader's language writes it: `¥29.90`, in English `CN¥29.90`."""
    return money_in(lang(), amount)


@lru_cache(maxsize=1024)
def money_in(lang: str, amount: Money) -> str:
    """Return an amount as a language writes it."""
    symbol = get_currency_symbol(amount.currency, locale="zh_CN" if lang == "zh" else "en_US")
    places = exponent(amount.currency)
    sign, digits = ("−", amount.major[1:]) if amount.minor < 0 else ("", amount.major)
    whole, _, rest = digits.partition(".")
    grouped = format_decimal(int(whole), locale="en_US")
    return f"{sign}{symbol}{grouped}.{rest}" if places else f"{sign}{symbol}{grouped}"


def moment(at: datetime | None) -> Markup | str:
    """Return a time in the shop's zone, with the exact one for machines and for those who point at it."""
    if at is None:
        return "–"
    local = at.astimezone(ZoneInfo(g.frame.zone if g.get("frame") else "Asia/Shanghai"))
    same_year = local.year == now().astimezone(local.tzinfo).year
    shown = local.strftime("%m-%d %H:%M" if same_year else "%Y-%m-%d %H:%M")
    exact = local.strftime("%Y-%m-%d %H:%M:%S %Z")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(), exact, shown)

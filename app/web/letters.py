"""Letters: templates under `mail/`, written in the reader's language without a request around them.

A letter is two files: `name.txt`, whose first line is the subject, and `name.html`. What goes by other channels than
mail has the first alone; what goes into a chat is one, under `chat/`: its first line is the title, and its last one may
be the address that it opens.
"""

import functools
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.support import Translations
from flask import Flask
from jinja2 import Environment, StrictUndefined, select_autoescape

from app.kit import chat, mail
from app.settings import Settings
from app.web.agents import known_name
from app.web.language import HTML_LANG, LANGUAGES, money_in

BRIEF = "/brief/"  # the folders of those without the second


def register(app: Flask, settings: Settings) -> None:
    """Let effects have their letters written here; links lead to BASE_URL, whatever host somebody asked by."""
    routes = app.url_map.bind("localhost")

    def link(endpoint: str, **values: Any) -> str:
        return f"{settings.base_url}{routes.build(endpoint, values)}"

    @functools.cache
    def room(lang: str) -> Environment:
        env = _environment(app, lang)
        env.globals |= {"link": link, "html_lang": HTML_LANG[lang], "browser": known_name}
        env.filters |= {"money": functools.partial(money_in, lang), "moment": _moment}
        return env

    def write(name: str, to: str, lang: str, facts: Mapping[str, Any]) -> mail.Letter:
        env = room(lang if lang in LANGUAGES else next(iter(LANGUAGES)))
        subject, _, text = env.get_template(f"mail/{name}.txt").render(**facts).strip().partition("\n")
        html = "" if BRIEF in name else env.get_template(f"mail/{name}.html").render(subject=subject, **facts)
        return mail.Letter(to, subject, f"{text.strip()}\n", html)

    def say(name: str, lang: str, facts: Mapping[str, Any]) -> chat.Words:
        env = room(lang if lang in LANGUAGES else next(iter(LANGUAGES)))
        title, _, rest = env.get_template(f"chat/{name}.txt").render(**facts).strip().partition("\n")
        text, _, url = rest.strip().rpartition("\n") if has_url(rest) else (rest.strip(), "", "")
        return chat.Words(title, text.strip(), url)

    mail.configure(writer=write, linker=link)
    chat.configure(say)


def has_url(words: str) -> bool:
    """Tell whether the last line of some words is an address, which is what they open."""
    return words.strip().rpartition("\n")[2].startswith(("http://", "https://"))


def _moment(at: datetime, zone: str) -> str:
    """Return a time as the clocks of the shop show it, with the name of its zone."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}"


def _environment(app: Flask, lang: str) -> Environment:
    """Return templates in one language: Flask's own ask the request which, and a worker has none."""
    env = Environment(
        loader=app.jinja_loader,
        autoescape=select_autoescape(["html"], default_for_string=False, default=False),
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    folder = Path(app.root_path) / "translations"
    env.install_gettext_translations(Translations.load(folder, [lang]), newstyle=True)  # type: ignore[attr-defined]
    return env

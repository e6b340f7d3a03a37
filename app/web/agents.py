"""What a browser calls itself, in words a person recognises: "Firefox, Windows"; and whether it is one at all."""

import re

from flask_babel import gettext as _

# The first mark that is found names it: many claim to be Chrome, Safari or Linux beside what they are.
BROWSERS = (
    ("MicroMessenger/", "WeChat"),
    ("AlipayClient/", "Alipay"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("OpenHarmony", "HarmonyOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)

HANDHELD = re.compile(r"iPhone|iPod|Android.*Mobile|Mobile.*Android|OpenHarmony|Windows Phone|\bMobile\b")
MACHINES = re.compile(
    r"(?<!cu)bot(\b|[/-])|crawl|spider|preview|headless|externalhit|whatsapp|imageproxy|microsoft office|safe ?links"
    r"|barracuda|proofpoint|mimecast|scan|curl/|wget|python|go-http|java/|okhttp|libwww",
    re.IGNORECASE,
)


def is_machine(agent: str, method: str) -> bool:
    """Tell whether a visitor says itself that it is no person: a preview, a scanner, a program. Nothing hangs on it."""
    return method == "HEAD" or not agent or MACHINES.search(agent) is not None


def name_of(agent: str) -> str:
    """Return browser and system, as far as they are known."""
    return known_name(agent) or _("Unknown browser")


def known_name(agent: str) -> str:
    """Return browser and system where they are known, else ""; the same in every language."""
    return ", ".join(name for marks in (BROWSERS, SYSTEMS) if (name := _first(agent, marks)))


def place_of(agent: str) -> str:
    """Return where a page is open, which decides how one can pay there: WeChat, Alipay, mobile or desktop."""
    app = _first(agent, BROWSERS)
    if app in {"WeChat", "Alipay"}:
        return app
    return "mobile" if HANDHELD.search(agent) else "desktop"


def _first(agent: str, marks: tuple[tuple[str, str], ...]) -> str:
    return next((name for mark, name in marks if mark in agent), "")

"""The HTML of a template as the linter reads it: Jinja taken out, then parsed tag by tag."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

from jinja2 import Environment

HX = frozenset(
    "boost confirm delete disable disabled-elt disinherit encoding ext get headers history history-elt include"
    " indicator inherit params patch post preserve prompt push-url put replace-url request select select-oob swap"
    " swap-oob sync target trigger validate vals".split()
)
SPOKEN = frozenset(
    "alt aria-description aria-label aria-placeholder aria-roledescription aria-valuetext"
    " data-copied data-selected label placeholder title".split()
)
DATA_SCRIPTS = {"application/json", "application/ld+json"}  # not run by the browser, so not blocked

# Private characters stand for what Jinja will put there.
EXPRESSION, CSRF, WORDS_BEGIN, WORDS_END = "\ue000", "\ue001", "\ue002", "\ue003"
NO_WORDS = re.compile(
    r"""[a-z][a-z-]*="[^"]*"|Miaofa|秒发"""  # attributes that a macro writes; our name, the same in every language
    r"|^[ \t]*[a-z0-9]+(-[a-z0-9]+)+[ \t]*$",  # a block that fills in a class
    re.MULTILINE,
)
LETTER = re.compile(r"[^\W\d_\ue000-\ue003]")

Report = Callable[[str, int, str], None]  # rule, line, what


class Skeleton:
    """The HTML of a template without Jinja; every line keeps its number."""

    def __init__(self) -> None:
        self.text = ""
        self.in_tag = False
        self.quote = ""

    def build(self, env: Environment, source: str) -> str:
        """Return the skeleton of `source`."""
        inside: list[str] = []
        for line, kind, text in env.lex(source):
            if kind.endswith("_begin"):
                inside = []
            elif kind == "variable_end":
                self._expression(inside)
            elif kind == "block_end":
                self._statement(inside)
            elif kind == "data":
                self._html(line, text)
            else:
                inside.append(text)
        return self.text

    def _html(self, line: int, text: str) -> None:
        self.text += "\n" * (line - 1 - self.text.count("\n"))
        for character in text:
            self._step(character)
        self.text += text

    def _step(self, character: str) -> None:
        if self.quote:
            self.quote = "" if character == self.quote else self.quote
        elif self.in_tag and character in "\"'":
            self.quote = character
        elif character in "<>":
            self.in_tag = character == "<"

    def _expression(self, inside: list[str]) -> None:
        if self.text.endswith(("<", "</")):
            self.text += "x-any"  # a tag whose name is computed
        elif self.in_tag and not self.quote and not self.text.endswith("="):
            self.text += " "  # whole attributes
        else:
            self.text += CSRF if any("csrf" in word for word in inside) else EXPRESSION

    def _statement(self, inside: list[str]) -> None:
        word = next((text for text in inside if text.strip("+- \n")), "")
        if word in {"trans", "pluralize", "endtrans"}:
            self.text += (WORDS_BEGIN if word == "trans" else "") + (WORDS_END if word == "endtrans" else "")


class Page(HTMLParser):
    """Reports what a browser, a reader or our content security policy would stumble over."""

    def __init__(self, report: Report) -> None:
        super().__init__(convert_charrefs=True)
        self._report = report
        self.root: dict[str, str] | None = None
        self._form: tuple[int, bool] | None = None  # the line of the open form that writes; has it a token?
        self._translated = 0
        self._raw = ""

    def report(self, rule: str, what: str) -> None:
        self._report(rule, self.getpos()[0], what)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if self.root is None:
            self.root = attributes
        self._raw = tag if tag in {"script", "style"} else ""
        self._check_tag(tag, attributes)
        for name, value in attributes.items():
            self._check_attribute(tag, name, value)
        if tag == "form" and attributes.get("method", "get").lower() != "get":
            self._form = (self.getpos()[0], False)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._raw = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.close_form()
        self._raw = ""

    def handle_data(self, data: str) -> None:
        if self._form and CSRF in data:
            self._form = (self._form[0], True)
        if self._raw:
            return
        words = NO_WORDS.sub(lambda found: "\n" * found[0].count("\n"), self._untranslated(data))
        for number, line in enumerate(words.split("\n")):
            if LETTER.search(line):
                self._report("words", self.getpos()[0] + number, repr(line.strip()))

    def close_form(self) -> None:
        """Report the open form when no token was seen in it."""
        if self._form and not self._form[1]:
            self._report("csrf", self._form[0], "<form method=post>")
        self._form = None

    def _untranslated(self, data: str) -> str:
        kept = ""
        for character in data:
            self._translated += (character == WORDS_BEGIN) - (character == WORDS_END)
            kept += "" if self._translated and character != "\n" else character
        return kept

    def _check_tag(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "script" and "src" not in attributes and attributes.get("type") not in DATA_SCRIPTS:
            self.report("inline-script", "<script>")
        if tag == "style":
            self.report("inline-style", "<style>")
        if tag == "img" and (missing := {"alt", "width", "height"} - attributes.keys()):
            self.report("img", f"<img> without {', '.join(sorted(missing))}")
        if tag == "button" and "type" not in attributes:
            self.report("button", "<button> without type")
        if tag == "input" and attributes.get("type") in {"submit", "button", "reset"}:
            self._check_words("value", attributes.get("value", ""))

    def _check_attribute(self, tag: str, name: str, value: str) -> None:
        short = name.removeprefix("data-")
        if name == "style":
            self.report("inline-style", f"<{tag} style>")
        elif re.match(r"on[a-z]|hx-on", short) or value.lower().lstrip().startswith("javascript:"):
            self.report("inline-handler", f"{name}={value!r}")
        elif short.startswith("hx-") and short.removeprefix("hx-") not in HX:
            self.report("hx-name", name)
        elif short.startswith("hx-") and is_evaluated(short, value):
            self.report("hx-eval", f"{name}={value!r}")
        if name in SPOKEN:
            self._check_words(name, value)

    def _check_words(self, name: str, value: str) -> None:
        if LETTER.search(NO_WORDS.sub("", value)):
            self.report("words", f"{name}={value!r}")


def is_evaluated(name: str, value: str) -> bool:
    """Answer whether htmx would run the value as code: js: values and [filters] of triggers."""
    filtered = name == "hx-trigger" and "[" in value
    return filtered or value.lstrip().lower().startswith(("js:", "javascript:"))

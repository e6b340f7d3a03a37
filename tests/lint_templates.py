"""Reads every template as a reviewer would; `python -m tests.lint_templates` prints what to mend, and why.

A template may disobey where that makes the better page: name it in EXCEPTIONS with the rule and the reason.
"""

import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError, nodes

from app import create_app
from app.settings import Settings
from tests.template_html import Page, Skeleton

ROOT = Path(__file__).parent.parent / "app" / "templates"

EXCEPTIONS: dict[tuple[str, str], str] = {  # (template, rule): the reason
    ("mail/words.html", "img"): "Mail programs keep the shape of a picture by its width; nothing jumps in a letter.",
    ("layouts/_palette.html", "inline-style"): "A shop's own colours; the policy lets this one block in by its nonce.",
}

RULES = {
    "button": "A button without a type sends the form by surprise.",
    "compile": "Every template compiles; Jinja's message says what stands in the way.",
    "csrf": "A form that writes is refused without its token: call csrf() of ui/form.html inside it.",
    "exception": "This exception excuses nothing any more: remove it from EXCEPTIONS.",
    "hx-eval": "htmx may not evaluate code (allowEval is off): send plain values, decide in static/.",
    "hx-name": "htmx 2 knows no attribute of this name, so nothing would happen.",
    "img": "An image without alt, width and height makes the page jump and tells the blind nothing.",
    "inline-handler": "The content security policy blocks on… and hx-on: listen in static/, mark with data-….",
    "inline-script": "The content security policy blocks inline scripts: put the code into static/.",
    "inline-style": "The content security policy blocks inline styles: use a class.",
    "root-id": "A fragment replaces the element that has its root's id: give the first element an id.",
    "size": "A page has at most 80 lines, a fragment 40: give a part of it a fragment or a macro.",
    "statement": "Templates show and don't compute: do it in the view, a filter or a macro.",
    "words": "Words that people see go through _(), so that they exist in every language.",
}

PAGE_LINES, FRAGMENT_LINES = 80, 40
STATEMENTS = frozenset(
    "if elif else endif for endfor include extends block endblock import from set endset macro endmacro call endcall"
    " filter endfilter trans pluralize endtrans".split()
)
TRANSLATES = {"_", "gettext", "ngettext", "pgettext", "npgettext"}
SENTENCE = re.compile(r"(?!(Miaofa|秒发)$)([A-Z][a-z]+([ .,:;!?…’']|$)|.*[\u3400-\u9fff])", re.DOTALL)  # not our name


@dataclass(frozen=True, order=True)
class Finding:
    """One thing to mend."""

    template: str
    line: int
    rule: str
    what: str

    def __str__(self) -> str:
        return f"{self.template}:{self.line} {self.rule}: {self.what}\n    {RULES[self.rule]}"


def main() -> int:
    """Print every finding; 0 when there is none."""
    findings = lint_all(environment(), ROOT, EXCEPTIONS)
    for finding in findings:
        print(finding)
    if findings:
        print(
            f"\n{len(findings)} to mend. To disobey, name template and rule in EXCEPTIONS ({__file__}) with a reason."
        )
    return 1 if findings else 0


def lint_all(env: Environment, root: Path, exceptions: Mapping[tuple[str, str], str]) -> list[Finding]:
    """Lint every template under `root`, less the exceptions; an exception that excuses nothing is a finding too."""
    paths = sorted(path for path in root.rglob("*.*") if path.is_file())
    found = [
        finding for path in paths for finding in lint(env, path.relative_to(root).as_posix(), path.read_text("utf-8"))
    ]
    used = {(finding.template, finding.rule) for finding in found}
    idle = [
        Finding(name, 0, "exception", f"{rule}: {exceptions[name, rule]}") for name, rule in exceptions.keys() - used
    ]
    return sorted([finding for finding in found if (finding.template, finding.rule) not in exceptions] + idle)


def lint(env: Environment, name: str, source: str) -> list[Finding]:
    """Return what is wrong with one template."""
    try:
        env.compile(source, name)
    except TemplateSyntaxError as error:
        return [Finding(name, error.lineno, "compile", error.message or "")]
    found = [*check_size(name, source), *check_statements(env, name, source)]
    found += check_literals(name, env.parse(source, name))
    return found + (check_html(env, name, source) if name.endswith(".html") else [])


def check_size(name: str, source: str) -> Iterator[Finding]:
    """Find a template that grew too long to be read at once."""
    lines, most = source.count("\n"), FRAGMENT_LINES if is_fragment(name) else PAGE_LINES
    if lines > most:
        yield Finding(name, lines, "size", f"{lines} lines, at most {most}")


def check_statements(env: Environment, name: str, source: str) -> Iterator[Finding]:
    """Find statements outside the list, each by the first word after `{%`."""
    opened = False
    for line, kind, text in env.lex(source):
        if opened and kind == "name" and text not in STATEMENTS:
            yield Finding(name, line, "statement", f"{{% {text} %}}")
        opened = kind == "block_begin" or (opened and kind == "whitespace")
        if kind == "raw_begin":
            yield Finding(name, line, "statement", "{% raw %}")


def check_literals(name: str, tree: nodes.Template) -> Iterator[Finding]:
    """Find sentences inside expressions that no translator will ever see."""
    calls = [call for call in tree.find_all(nodes.Call) if is_translation(call)]
    translated = {id(const) for call in calls for const in call.find_all(nodes.Const)}
    for const in tree.find_all(nodes.Const):
        if isinstance(const.value, str) and id(const) not in translated and SENTENCE.match(const.value):
            yield Finding(name, const.lineno, "words", repr(const.value))


def check_html(env: Environment, name: str, source: str) -> list[Finding]:
    """Find what is wrong with the HTML."""
    found: list[Finding] = []
    page = Page(lambda rule, line, what: found.append(Finding(name, line, rule, what)))
    page.feed(Skeleton().build(env, source))
    page.close()
    page.close_form()
    if is_fragment(name) and not (page.root or {}).get("id"):
        found.append(Finding(name, 1, "root-id", "the first element"))
    return found


def is_fragment(name: str) -> bool:
    """Answer whether the name says so: `_codes.html`."""
    return name.rsplit("/", 1)[-1].startswith("_")


def is_translation(call: nodes.Call) -> bool:
    """Answer whether the call is `_()` or one of its kin."""
    return isinstance(call.node, nodes.Name) and call.node.name in TRANSLATES


def environment() -> Environment:
    """Return the app's own environment, with its filters and its strictness; the app is made beside any real state."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings.from_env({"INSTANCE": folder, "XDG_CONFIG_HOME": folder}))
    return app.jinja_env


if __name__ == "__main__":
    sys.exit(main())

"""The templates keep the house's rules, and the linter that says so sees what it should see."""

import pytest
from jinja2 import UndefinedError

from tests.lint_templates import EXCEPTIONS, ROOT, RULES, environment, lint, lint_all

FINE = """\
{% extends "layouts/office.html" %}
{% from "ui/form.html" import csrf %}
{% block width %}plain-wide{% endblock %}
{% block main %}
  <h1>{{ _("Codes") }}</h1> · 123 <span>{{ name }}</span>
  {% trans count=codes|length %}{{ count }} <b>code</b>{% pluralize %}{{ count }} <b>codes</b>{% endtrans %}
  <form method="post" {% if big %}class="big"{% endif %} hx-post="/codes" hx-target="#codes"{{ attributes }}>
    {{ csrf() }}
    <label title="{{ _('Your code') }}"><input placeholder="{{ _('Code') }}"></label>
    <button type="submit">{{ _("Save") }}</button>
  </form>
  <{{ tag }} class="x">{{ words }}</{{ tag }}>
  <img src="x.png" alt="" width="1" height="1">
  <script src="/static/app.js"></script><script type="application/json">{"key": "Some words"}</script>
{% endblock %}
"""

BAD = [
    ("compile", "{% if x %}"),
    ("compile", "{{ x|no_such_filter }}"),
    ("compile", "{% do x.append(1) %}"),
    ("statement", "{% raw %}{% endraw %}"),
    ("size", "\n" * 81),
    ("inline-script", "<script>go()</script>"),
    ("inline-script", '<script nonce="{{ n }}">go()</script>'),
    ("inline-style", '<p style="color: red">{{ x }}</p>'),
    ("inline-style", "<style>p { color: red }</style>"),
    ("inline-handler", '<p onclick="go()"></p>'),
    ("inline-handler", '<p hx-on:click="go()"></p>'),
    ("inline-handler", '<p hx-on--after-swap="go()"></p>'),
    ("inline-handler", '<a href="javascript:go()"></a>'),
    ("hx-name", '<p hx-got="/codes"></p>'),
    ("hx-name", '<p data-hx-vars="x:1"></p>'),
    ("hx-eval", '<p hx-vals="js:{x: 1}"></p>'),
    ("hx-eval", '<p hx-trigger="click[ctrlKey]"></p>'),
    ("words", "<p>Codes</p>"),
    ("words", "<p>{{ count }} codes</p>"),
    ("words", "{% if x %}<p>{% endif %}卡密</p>"),
    ("words", "{% trans %}Codes{% endtrans %} left"),
    ("words", '<p title="Codes"></p>'),
    ("words", '<input type="submit" value="Save">'),
    ("words", '{{ ui.empty("No codes yet") }}'),
    ("words", '{{ ui.empty("没有卡密") }}'),
    ("img", '<img src="x.png" alt="">'),
    ("button", "<button></button>"),
    ("csrf", '<form method="post"></form>'),
    ("csrf", '<form method="POST"></form><form method="post">{{ csrf() }}</form>'),
]


@pytest.fixture(scope="module")
def env():
    return environment()


def test_a_name_that_was_not_given_is_an_error(env):
    with pytest.raises(UndefinedError, match="'forgotten' is undefined"):
        env.from_string("{{ forgotten }}").render()


def test_every_template_keeps_the_rules(env):
    assert not [str(finding) for finding in lint_all(env, ROOT, EXCEPTIONS)]


def test_a_template_by_the_rules_is_left_alone(env):
    assert lint(env, "office/fine.html", FINE) == []


@pytest.mark.parametrize(("rule", "source"), BAD)
def test_a_slip_is_seen(env, rule, source):
    assert [finding.rule for finding in lint(env, "office/slip.html", source)] == [rule]


def test_statements_outside_the_list_are_seen(env):
    found = lint(env, "office/slip.html", "{%- with y = 1 %}\n{{ y }}\n{% endwith %}")

    assert [(finding.line, finding.rule) for finding in found] == [(1, "statement"), (3, "statement")]


@pytest.mark.parametrize(
    ("source", "rules"),
    [
        ('{# codes #}<ul id="codes"><li></li></ul>', []),
        ('<tr id="{{ row_id }}"></tr>', []),
        ('<ul><li id="codes"></li></ul>', ["root-id"]),
        ("{{ codes }}", ["root-id"]),
        ('<ul id="codes">' + "\n" * 41 + "</ul>", ["size"]),
    ],
)
def test_a_fragment_is_small_and_its_root_has_an_id(env, source, rules):
    assert [finding.rule for finding in lint(env, "office/_codes.html", source)] == rules


def test_a_finding_names_its_place_and_its_reason(env):
    (finding,) = lint(env, "office/slip.html", "<p>\n{% if x %}\n\n{%- endif %}\n<button></button></p>")

    assert finding.line == 5
    assert RULES["button"] in str(finding)


def test_an_exception_excuses_one_rule_in_one_template_and_nothing_for_ever(env, tmp_path):
    (tmp_path / "slip.html").write_text("<button></button>")

    assert [finding.rule for finding in lint_all(env, tmp_path, {})] == ["button"]
    assert not lint_all(env, tmp_path, {("slip.html", "button"): "a test"})
    idle = lint_all(env, tmp_path, {("slip.html", "button"): "a test", ("slip.html", "img"): "nothing to excuse"})
    assert [finding.rule for finding in idle] == ["exception"]

"""What somebody typed is filled with plain values, and reaches nothing else, however it is turned."""

import pytest

from app.kit.errors import Refusal
from app.kit.filling import LONGEST, BadWords, NotAllowed, UnknownName, WordsTooLong, check, fill

NAMES = ("shop", "count")
VALUES = {"shop": "Alice's", "count": "2"}

ESCAPES = (
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ shop.__class__ }}",
    "{{ shop['__class__'] }}",
    "{{ shop|attr('__class__') }}",
    "{{ (shop|attr)('x') }}",
    "{{ shop|map('upper') }}",
    "{{ '%s'|format(shop) }}",
    "{{ '{0.__class__}'.format(shop) }}",
    "{{ shop.upper() }}",
    "{{ range(10**9) }}",
    "{% for x in range(10**9) %}x{% endfor %}",
    "{% for x in shop %}x{% endfor %}",
    "{{ 10**9**9 }}",
    "{{ 'a' * 1000000000 }}",
    "{{ shop ~ shop }}",
    "{{ [1, 2] }}",
    "{{ {'a': shop} }}",
    "{{ shop[0] }}",
    "{{ shop|replace('a', 'bbbb') }}",
    "{{ shop|center(1000000000) }}",
    "{{ shop|default(shop.__class__) }}",
    "{{ shop|default('x', true) }}",
    "{{ 'x' in (shop == 'x') }}",
    "{% set shop = 'x' %}",
    "{% include 'mail/letter.html' %}",
    "{% import 'x' as x %}",
    "{% extends 'x' %}",
    "{% block x %}{% endblock %}",
    "{% macro x() %}{% endmacro %}",
    "{% raw %}{{ shop }}{% endraw %}{{ config }}",
    "{{ self }}",
    "{{ loop }}",
    "{{ cycler }}",
    "{{ lipsum(n=1000) }}",
    "{{ namespace() }}",
    "{{ 1 if shop is defined else 2 }}",
    "{{ (" + "(" * 400 + "shop" + ")" * 401 + " }}",
    "{{ " + "not " * 900 + "shop }}",
    "{% if shop %}" * 200 + "{% endif %}" * 200,
)


@pytest.mark.parametrize("text", ESCAPES)
def test_nothing_leads_out(text: str) -> None:
    with pytest.raises(Refusal):
        check(text, NAMES)
    with pytest.raises(Refusal):
        fill(text, VALUES)


def test_values_stand_where_their_names_do() -> None:
    assert fill("{{ shop }}: {{ count }} × {{ shop|upper }}", VALUES) == "Alice's: 2 × ALICE'S"


def test_words_are_said_sometimes() -> None:
    text = '{% if count == "1" %}one{% elif count in "23" %}few{% else %}many{% endif %}'

    assert [fill(text, {"count": count}) for count in ("1", "2", "9")] == ["one", "few", "many"]


def test_a_value_is_no_template() -> None:
    assert fill("{{ shop }}", {"shop": "{{ count }}", "count": "9"}) == "{{ count }}"


def test_a_fault_says_its_line_and_how_to_mend_it() -> None:
    with pytest.raises(UnknownName, match="Line 3: there is no “shpo”") as fault:
        check("one\ntwo\n{{ shpo }}", NAMES)
    assert fault.value.known == "shop, count"

    with pytest.raises(BadWords, match="Line 2 cannot be read"):
        check("one\n{{ shop", NAMES)
    with pytest.raises(NotAllowed, match="Line 2: this cannot stand"):
        check("one\n{{ shop.x }}", NAMES)


def test_words_have_a_longest_and_so_has_a_value() -> None:
    with pytest.raises(WordsTooLong):
        check("{{ shop }}" * LONGEST, NAMES)

    assert len(fill("{{ shop }}", {"shop": "x" * 9999})) == 200


def test_plain_words_stay_as_they_are() -> None:
    assert fill("50% off } {% ".replace("{% ", ""), VALUES) == "50% off } "

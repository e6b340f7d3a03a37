"""Every word that people see exists in every language."""

import ast
import re

import pytest
from babel.messages.catalog import Catalog

from tests import translations

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}")
BARE = re.compile(r"%(?!\(\w+\)[sd])(?!%)")
MEND = "run `make translations`, then fill in app/translations/*/LC_MESSAGES/messages.po"


@pytest.fixture(scope="module")
def said():
    return {key(message): message for message in translations.messages(translations.extract())}


@pytest.fixture(scope="module", params=translations.po_files(), ids=lambda path: path.parts[-3])
def path(request):
    return request.param


@pytest.fixture(scope="module")
def catalog(path):
    return translations.read(path)


def test_chinese_is_there():
    assert "zh" in [path.parts[-3] for path in translations.po_files()]


def test_no_word_is_missing(said, catalog):
    known = {key(message) for message in translations.messages(catalog)}

    assert not sorted(map(str, said.keys() - known)), MEND


def test_every_word_has_a_translation_that_nobody_doubts(catalog):
    waiting = [message.id for message in translations.messages(catalog) if not translations.is_translated(message)]

    assert not waiting, MEND


def test_no_translation_is_left_over(said, catalog):
    known = {key(message) for message in translations.messages(catalog)}

    assert not sorted(map(str, known - said.keys())), MEND
    assert not catalog.obsolete, MEND


def test_a_translation_fills_in_the_same_places(catalog):
    different = [message.id for message in translations.messages(catalog) if not fills_in_the_same(message)]

    assert not different, "keep %(name)s and {name} as they are in the English words"


def test_no_bare_percent_sign_breaks_a_page(catalog):
    """Templates fill every word in by `%`, so a sign of its own must be doubled there, or written full-width."""
    texts = [(message.id, text) for message in translations.messages(catalog) for text in texts_of(message)]

    assert not [words for words, text in texts if BARE.search(text)]


def texts_of(message):
    both = (message.id, message.string)
    return [text for part in both for text in (part if isinstance(part, list | tuple) else [part]) if text]


def test_the_compiled_words_are_those_of_the_po_file(path, catalog):
    assert path.with_suffix(".mo").read_bytes() == translations.compiled(catalog), "run `make translations`"


def test_the_words_of_a_refusal_are_marked_for_the_translators():
    bare = [place for path in (translations.ROOT / "app").rglob("*.py") for place in bare_words(path)]

    assert not bare, 'write message = words("…"), from app/kit/errors.py'


@pytest.mark.parametrize(
    ("english", "chinese", "good"),
    [
        ("Only {left} left.", "只剩 {left} 件。", True),
        ("Only {left} left.", "只剩 {count} 件。", False),
        ("Error %(status)s", "错误", False),
        (("%(num)s code", "%(num)s codes"), ("%(num)s 个卡密",), True),
        (("One code", "%(num)s codes"), ("一个", "%(num)s 个"), True),
    ],
)
def test_placeholders_are_compared(english, chinese, good):
    catalog = Catalog(locale="zh")

    assert fills_in_the_same(catalog.add(english, chinese)) is good


def key(message):
    return message.context, message.id if isinstance(message.id, str) else message.id[0]


def fills_in_the_same(message):
    if isinstance(message.id, str):
        return places(message.string) == places(message.id)
    wanted = places(message.id[1])
    return places(message.string[-1]) == wanted and all(places(form) <= wanted for form in message.string)


def places(words):
    return set(PLACEHOLDER.findall(words))


def bare_words(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ClassDef):
            yield from (f"{path.name}:{line.lineno}" for line in node.body if is_bare(line))


def is_bare(line):
    if not isinstance(line, ast.Assign) or not isinstance(line.value, ast.Constant) or not line.value.value:
        return False
    return any(isinstance(name, ast.Name) and name.id in {"message", "mend"} for name in line.targets)

"""Filling: words that somebody typed, with a few plain values put into them, and no way to reach anything else.

`{{ shop }}` stands for a value, `{% if count == "1" %}…{% endif %}` for words that are said sometimes. What may stand
there is a short list; the sandbox around it is a second fence. There is no loop and no sum, so the time it takes and
the text that comes out are bound by how long the words are.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache

from jinja2 import Template, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.kit.errors import Refusal, words

LONGEST, LONGEST_VALUE, DEEPEST = 4000, 200, 12
FILTERS = {"default": 1, "lower": 0, "title": 0, "trim": 0, "upper": 0}  # how many values each takes
PLAIN = (nodes.Name, nodes.Const, nodes.Filter)
SHAPES = (*PLAIN, nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.Not, nodes.And, nodes.Or)
COMPARED = {"eq", "ne", "in", "notin"}


class BadWords(Refusal):
    """What all refusals of words with marks are."""

    kind = "invalid"
    message = words("Line {line} cannot be read.")
    mend = words("Every pair of braces that opens has to close again, and every “if” needs its “endif”.")

    def __init__(self, line: int) -> None:
        self.line = line


class UnknownName(BadWords):
    message = words("Line {line}: there is no “{name}”.")
    mend = words("What can be put in: {known}.")

    def __init__(self, line: int, name: str, known: Collection[str]) -> None:
        super().__init__(line)
        self.name, self.known = name[:40], ", ".join(known)


class NotAllowed(BadWords):
    message = words("Line {line}: this cannot stand between the marks.")
    mend = words("Only names, “if”, “else”, == and the endings |upper, |lower, |title, |trim, |default do.")


class WordsTooLong(Refusal):
    kind = "invalid"
    message = words("At most {limit} characters fit here.")

    def __init__(self) -> None:
        self.limit = LONGEST


@lru_cache
def _sandbox(put: Callable[[str], str]) -> ImmutableSandboxedEnvironment:
    env = ImmutableSandboxedEnvironment(finalize=put, trim_blocks=True, lstrip_blocks=True, cache_size=0)
    env.globals.clear()
    env.tests.clear()
    env.filters = {name: env.filters[name] for name in FILTERS}
    return env


def check(text: str, names: Collection[str]) -> None:
    """Refuse words that cannot be filled with values of these names, with the line and how to mend it."""
    if "{" in text:
        _ready(text, tuple(names), str)


def fill(text: str, values: Mapping[str, str], put: Callable[[str], str] = str) -> str:
    """Return the words with values in them, each as `put` writes it; refuses what `check` does."""
    if "{" not in text:
        return text
    return _ready(text, tuple(values), put).render({name: value[:LONGEST_VALUE] for name, value in values.items()})


@lru_cache(maxsize=512)
def _ready(text: str, names: tuple[str, ...], put: Callable[[str], str]) -> Template:
    """Return the template of words in which nothing stands but what is on the list."""
    if len(text) > LONGEST:
        raise WordsTooLong
    try:
        tree = _sandbox(put).parse(text)
        for node, depth in _walk(tree):
            _look_at(node, depth, names)
        return _sandbox(put).from_string(tree)
    except TemplateSyntaxError as error:
        raise BadWords(error.lineno) from None
    except RecursionError:
        raise NotAllowed(1) from None


def _walk(node: nodes.Node, depth: int = 0) -> Iterator[tuple[nodes.Node, int]]:
    yield node, depth
    if depth <= DEEPEST:
        for child in node.iter_child_nodes():
            yield from _walk(child, depth + 1)


def _look_at(node: nodes.Node, depth: int, names: Collection[str]) -> None:
    if isinstance(node, nodes.Name) and node.name not in names:
        raise UnknownName(node.lineno, node.name, names)
    if depth > DEEPEST or not _is_allowed(node):
        raise NotAllowed(node.lineno)


def _is_allowed(node: nodes.Node) -> bool:
    match node:
        case nodes.Filter():
            fits = FILTERS.get(node.name) == len(node.args) and not (node.kwargs or node.dyn_args or node.dyn_kwargs)
            return fits and isinstance(node.node, PLAIN)
        case nodes.Compare():
            sides = [node.expr, *(operand.expr for operand in node.ops)]
            return all(isinstance(side, PLAIN) for side in sides)
        case nodes.Operand():
            return node.op in COMPARED
        case nodes.Const():
            return isinstance(node.value, str)
        case nodes.Name():
            return node.ctx == "load"
    return isinstance(node, SHAPES)

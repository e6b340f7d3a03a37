"""Draws the tutorials of the demo: a phone, the place to tap on it, and beside it that place seen through a lens."""

from collections.abc import Callable
from dataclasses import dataclass

INK, LINE, PALE = "#24343a", "#d9e0e2", "#f1f4f4"
WIDTH, HEIGHT = 320, 200


@dataclass(frozen=True)
class Scene:
    """The colours of a brand: its ground, and what is to be looked at."""

    ground: str
    accent: str


def draw(step: str, scene: Scene) -> str:
    """Return the picture of one step as SVG."""
    phone, lens, spot = STEPS[step](scene)
    x, y = spot
    thread = _path(f"M{x} {y}C{x + 34} {y} 134 100 166 100", scene.accent, 2, dash="2 6")
    shadow = _box(168, 46, 128, 116, "#00000014", 14)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
        f"{_box(0, 0, WIDTH, HEIGHT, scene.ground)}{_box(30, 10, 96, 180, INK, 15)}{_box(35, 15, 86, 170, '#fff', 11)}"
        f"{_box(64, 18, 28, 4, INK, 2)}{phone}{shadow}{_box(166, 42, 128, 116, '#fff', 14)}{lens}{thread}</svg>"
    )


# Shapes ----------------------------------------------------------------------------------------------------------


def _box(x: float, y: float, width: float, height: float, fill: str, round_: float = 0) -> str:
    corners = f' rx="{round_}"' if round_ else ""
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{fill}"{corners}/>'


def _path(line: str, stroke: str, width: float, *, dash: str = "") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    ends = 'stroke-linecap="round" stroke-linejoin="round"'
    return f'<path fill="none" stroke="{stroke}" stroke-width="{width}" {ends}{dashes} d="{line}"/>'


def _dot(x: float, y: float, radius: float, fill: str) -> str:
    return f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{fill}"/>'


def _ring(x: float, y: float, width: float, height: float, colour: str, round_: float = 7) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{round_}" fill="none" stroke="{colour}" '
        'stroke-width="2.5"/>'
    )


def _person(x: float, y: float, size: float, fill: str) -> str:
    head, body = size * 0.26, size * 0.46
    shoulders = f"M{x - body} {y + body}a{body} {body * 0.9:g} 0 0 1 {2 * body:g} 0z"
    return f'{_dot(x, y - size * 0.24, head, fill)}<path fill="{fill}" d="{shoulders}"/>'


def _ticket(x: float, y: float, fill: str, hole: str) -> str:
    return f"{_box(x, y, 26, 18, fill, 3)}{_dot(x, y + 9, 4, hole)}{_dot(x + 26, y + 9, 4, hole)}" + _path(
        f"M{x + 13} {y + 3}v12", hole, 2, dash="2 3"
    )


def _bars(x: float, y: float, height: float, fill: str, *, unit: float) -> str:
    """Return a bar code."""
    widths = (2, 1, 1, 3, 1, 2, 1, 1, 2, 3, 1, 1, 2, 1, 3, 1, 2)
    drawn, at = [], x
    for place, width in enumerate(widths):
        drawn.append(_box(round(at, 1), y, width * unit, height, fill) if place % 2 == 0 else "")
        at += width * unit
    return "".join(drawn)


def _tick(x: float, y: float, colour: str, size: float = 8) -> str:
    return _path(f"M{x - size} {y}l{size * 0.75:g} {size * 0.75:g} {size * 1.25:g}-{size * 1.5:g}", colour, size * 0.4)


# Steps: what the phone shows, what the lens shows, and where the thread between them begins ------------------------

Drawn = tuple[str, str, tuple[float, float]]


def _tab(scene: Scene) -> Drawn:
    """The last tab of an app's bar."""
    cards = _box(42, 30, 72, 44, scene.ground, 6) + "".join(
        _box(x, y, 34, 30, PALE, 5) for x in (42, 80) for y in (80, 115)
    )
    tabs = _box(42, 156, 72, 1, LINE) + "".join(_dot(51 + 18 * place, 168, 4.5, LINE) for place in range(3))
    phone = cards + tabs + _person(105, 168, 11, scene.accent) + _ring(96, 158, 19, 20, scene.accent)
    others = "".join(
        _dot(186 + 22 * place, 96, 6, LINE) + _box(179 + 22 * place, 111, 14, 4, LINE, 2) for place in range(3)
    )
    lens = (
        others
        + _dot(264, 90, 18, scene.accent)
        + _person(264, 89, 18, "#fff")
        + _box(252, 115, 24, 5, scene.accent, 2.5)
    )
    return phone, lens, (117, 168)


def _row(scene: Scene) -> Drawn:
    """An entry of a list of settings."""
    head = _dot(54, 42, 10, scene.ground) + _person(54, 42, 11, scene.accent) + _box(70, 36, 34, 5, LINE, 2.5)
    rows = "".join(
        _box(42, y, 10, 10, LINE, 3) + _box(58, y + 3, width, 4, LINE, 2)
        for y, width in ((66, 40), (114, 32), (138, 44))
    )
    mine = (
        _box(40, 84, 76, 22, scene.ground, 5)
        + _box(46, 90, 10, 10, scene.accent, 3)
        + _box(62, 93, 36, 4, scene.accent, 2)
    )
    rest = _box(180, 60, 14, 12, LINE, 3) + _box(202, 64, 52, 5, LINE, 2.5) + _box(180, 130, 14, 12, LINE, 3)
    lens = rest + _box(202, 134, 40, 5, LINE, 2.5) + _box(174, 82, 112, 36, scene.ground, 8)
    lens += _ticket(182, 91, scene.accent, scene.ground) + _box(216, 94, 44, 6, scene.accent, 3)
    lens += _box(216, 105, 28, 4, scene.accent, 2) + _path("m272 94 6 6-6 6", scene.accent, 3)
    return head + rows + mine + _ring(39, 83, 78, 24, scene.accent), lens, (117, 95)


def _field(scene: Scene) -> Drawn:
    """A field for the code, and the button under it."""
    top = (
        _box(58, 32, 40, 5, LINE, 2.5)
        + _box(42, 48, 72, 34, scene.ground, 6)
        + _ticket(65, 56, scene.accent, scene.ground)
    )
    field = _box(42, 92, 72, 18, PALE, 5) + "".join(_box(48 + 16 * place, 99, 12, 4, INK, 2) for place in range(4))
    button = _box(42, 118, 72, 18, scene.accent, 9) + _tick(78, 127, "#fff", 5)
    lens = _box(178, 60, 44, 5, LINE, 2.5) + _box(176, 72, 108, 30, PALE, 8) + _ring(176, 72, 108, 30, scene.accent, 8)
    lens += "".join(_box(184 + 24 * place, 84, 18, 6, INK, 3) for place in range(4))
    lens += _box(176, 112, 108, 30, scene.accent, 15) + _tick(229, 128, "#fff", 8)
    return top + field + button + _ring(39, 89, 78, 24, scene.accent), lens, (117, 101)


def _counter(scene: Scene) -> Drawn:
    """A bar code that somebody at a counter scans."""
    card = _box(42, 34, 72, 96, scene.ground, 8) + _dot(78, 56, 11, scene.accent) + _tick(77, 57, "#fff", 5)
    code = _box(48, 78, 60, 34, "#fff", 4) + _bars(54, 83, 24, INK, unit=1.7) + _box(58, 118, 40, 4, scene.accent, 2)
    lens = _bars(185, 64, 62, INK, unit=3.2) + _path("M172 96h116", scene.accent, 3)
    lens += _box(196, 136, 68, 6, LINE, 3)
    return card + code + _ring(46, 76, 64, 38, scene.accent) + _box(42, 140, 72, 18, PALE, 9), lens, (111, 95)


def _login(scene: Scene) -> Drawn:
    """Two fields: who, and the password."""
    top = _dot(78, 48, 15, scene.accent) + _person(78, 48, 16, "#fff")
    fields = "".join(_box(42, y, 72, 17, PALE, 5) + _box(48, y + 6, 40, 4, INK, 2) for y in (76, 98))
    button = _box(42, 126, 72, 18, scene.accent, 9)
    lens = _box(176, 62, 108, 30, PALE, 8) + _person(190, 77, 13, scene.accent) + _box(206, 74, 62, 6, INK, 3)
    lens += _box(176, 102, 108, 30, PALE, 8) + "".join(_dot(191 + 12 * place, 117, 4, INK) for place in range(7))
    return top + fields + button + _ring(39, 73, 78, 45, scene.accent), lens, (117, 96)


def _done(scene: Scene) -> Drawn:
    """What it looks like when it has worked."""
    phone = _box(42, 34, 72, 70, scene.ground, 8) + _dot(78, 62, 16, scene.accent) + _tick(77, 63, "#fff", 7)
    phone += _box(58, 88, 40, 5, scene.accent, 2.5) + _box(42, 114, 72, 5, LINE, 2.5) + _box(42, 126, 50, 5, LINE, 2.5)
    lens = _dot(230, 88, 26, scene.accent) + _tick(228, 90, "#fff", 12) + _box(192, 126, 76, 7, LINE, 3.5)
    return phone + _box(206, 139, 48, 5, LINE, 2.5) + _ring(39, 31, 78, 76, scene.accent, 10), lens, (117, 69)


STEPS: dict[str, Callable[[Scene], Drawn]] = {
    "tab": _tab,
    "row": _row,
    "field": _field,
    "counter": _counter,
    "login": _login,
    "done": _done,
}

"""A font in which every character is a block: pages set in it look the same on every machine, whatever fonts it has.

Blocks are half as wide as high for Latin, and square for Chinese, so that lines break about where they do in real
fonts.
"""

import base64
import struct

EM, ASCENT, DESCENT = 1000, 900, -300
SPACE, NARROW, WIDE = 1, 2, 3  # the number of each glyph; 0 is for what no font has
ADVANCES = (EM, 260, 520, EM)
BOXES = ((80, -60, 920, 760), None, (50, 0, 470, 560), (80, -60, 920, 760))  # left, bottom, right, top
RANGES = ((0x20, 0x20, SPACE), (0x21, 0x2E7F, NARROW), (0x2E80, 0x10FFFF, WIDE))
STYLE = """
@font-face {{ font-family: Blocks; font-weight: 100 900; src: url(data:font/ttf;base64,{font}); }}
*, *::before, *::after, ::placeholder {{ font-family: Blocks !important; font-synthesis: none !important; }}
"""


def style() -> str:
    """Return the style sheet that sets a whole page in blocks."""
    return STYLE.format(font=base64.b64encode(font()).decode())


def font() -> bytes:
    """Return the font, a TrueType file."""
    glyphs = [_glyph(box) for box in BOXES]
    ends = [sum(map(len, glyphs[:number])) for number in range(len(glyphs) + 1)]
    tables = {
        b"OS/2": _os2(),
        b"cmap": _cmap(),
        b"glyf": b"".join(glyphs),
        b"head": struct.pack(
            ">IIIIHHqqhhhhHHhhh", 0x10000, 0x10000, 0, 0x5F0F3CF5, 3, EM, 0, 0, 0, -60, EM, 760, 0, 8, 2, 1, 0
        ),
        b"hhea": struct.pack(
            ">IhhhHhhhhhhhhhhhH", 0x10000, ASCENT, DESCENT, 0, EM, 50, 0, 950, 1, *[0] * 7, len(glyphs)
        ),
        b"hmtx": b"".join(
            struct.pack(">Hh", advance, box[0] if box else 0) for advance, box in zip(ADVANCES, BOXES, strict=True)
        ),
        b"loca": struct.pack(f">{len(ends)}I", *ends),
        b"maxp": struct.pack(">IHHHHHHHHHHHHHH", 0x10000, len(glyphs), 4, 1, 0, 0, 2, *[0] * 8),
        b"name": struct.pack(">HHH", 0, 0, 6),
        b"post": struct.pack(">IIhhIIIII", 0x30000, 0, -100, 50, 0, 0, 0, 0, 0),
    }
    return _file(tables)


def _file(tables: dict[bytes, bytes]) -> bytes:
    at, rows, body = 12 + 16 * len(tables), b"", b""
    for tag, table in sorted(tables.items()):
        rows += tag + struct.pack(">III", 0, at + len(body), len(table))
        body += table + bytes(-len(table) % 4)
    return struct.pack(">IHHHH", 0x10000, len(tables), 128, 3, 16 * len(tables) - 128) + rows + body


def _glyph(box: tuple[int, int, int, int] | None) -> bytes:
    """Return a rectangle, drawn clockwise from its lower left corner, by steps."""
    if box is None:
        return b""
    left, bottom, right, top = box
    across, up = right - left, top - bottom
    head = struct.pack(">hhhhhHH", 1, *box, 3, 0)
    return head + bytes([1] * 4) + struct.pack(">8h", left, 0, across, 0, bottom, up, 0, -up) + bytes(2)


def _cmap() -> bytes:
    """Return the table that lets many characters share a glyph: format 13."""
    groups = b"".join(struct.pack(">III", *one) for one in RANGES)
    table = struct.pack(">HHIII", 13, 0, 16 + len(groups), 0, len(RANGES)) + groups
    return struct.pack(">HHHHI", 0, 1, 3, 10, 12) + table


def _os2() -> bytes:
    zeros = struct.pack(">10h", *[0] * 10)
    head = struct.pack(">HhHHH", 4, 600, 400, 5, 0) + zeros + struct.pack(">h", 0) + bytes(10) + bytes(16) + b"NONE"
    return head + struct.pack(
        ">HHHhhhHHIIhhHHH", 64, 0x20, 0xFFFF, ASCENT, DESCENT, 0, ASCENT, -DESCENT, 1, 0, 560, 760, 0, 0x20, 1
    )

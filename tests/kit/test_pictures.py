"""What is kept of a picture is its dots alone, made anew; what is no picture is refused in words."""

import random
import struct
import zlib
from functools import partial
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select

from app.kit import clock, db, pictures
from app.kit.pictures import BadPicture, NoPicture, NotAPicture, Picture, PictureTooLarge, TooManyDots, remake
from tests.engines import on_one_engine
from tests.make import Shop


def drawn(width: int = 300, height: int = 200, media: str = "JPEG", mode: str = "RGB", **more: Any) -> bytes:
    """Return a picture: red at the left, blue at the right."""
    picture = Image.new(mode, (width, height), "blue" if mode != "L" else 0)
    picture.paste("red" if mode != "L" else 255, (0, 0, width // 2, height))
    written = BytesIO()
    picture.save(written, media, **more)
    return written.getvalue()


def noise(width: int, height: int) -> bytes:
    """Return what no picture format can make small."""
    dots = random.Random(1).randbytes(width * height * 3)
    written = BytesIO()
    Image.frombytes("RGB", (width, height), dots).save(written, "PNG")
    return written.getvalue()


def seen(raw: bytes) -> Image.Image:
    return Image.open(BytesIO(raw)).convert("RGB")


def is_red(dot: Any) -> bool:
    return bool(dot[0] > 200 and dot[2] < 60)


# Made anew -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("media", ["JPEG", "PNG", "WEBP", "GIF"])
def test_every_usual_format_becomes_webp(media: str) -> None:
    made = remake(drawn(media=media))

    assert (made.media, made.width, made.height) == ("image/webp", 300, 200)
    assert Image.open(BytesIO(made.whole)).format == "WEBP"
    assert is_red(seen(made.whole).getpixel((10, 100)))


def test_a_large_picture_is_made_smaller_and_has_a_small_self() -> None:
    made = remake(noise(1600, 1300))

    assert (made.width, made.height) == (1200, 975)
    assert seen(made.thumb).size == (160, 160)
    assert len(made.thumb) <= 6 * 1024


def test_a_small_picture_is_not_blown_up() -> None:
    assert seen(remake(drawn(60, 40)).whole).size == (60, 40)


def test_where_a_photo_was_taken_is_gone() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Camera of Dora"
    exif.get_ifd(0x8825)[2] = (31.0, 13.0, 49.0)
    exif.get_ifd(0x8825)[4] = (121.0, 28.0, 24.0)
    raw = drawn(exif=exif.tobytes(), comment=b"taken at home", icc_profile=b"profile of a camera" * 9)
    assert Image.open(BytesIO(raw)).getexif().get_ifd(0x8825)

    made = remake(raw)

    for kept in (made.whole, made.thumb):
        assert not Image.open(BytesIO(kept)).getexif()
        assert b"EXIF" not in kept
        assert all(word not in kept for word in (b"Dora", b"home", b"camera", b"ICCP", b"XMP"))


def test_a_photo_that_lay_on_its_side_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90° to the right
    made = remake(drawn(300, 200, exif=exif.tobytes()))

    assert (made.width, made.height) == (200, 300)
    assert is_red(seen(made.whole).getpixel((100, 20)))


def test_what_is_transparent_stays_so() -> None:
    written = BytesIO()
    Image.new("RGBA", (50, 50), (255, 0, 0, 0)).save(written, "PNG")

    assert Image.open(BytesIO(remake(written.getvalue()).whole)).convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index]


def test_of_what_moves_the_first_frame_is_kept() -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue", "green")]
    written = BytesIO()
    frames[0].save(written, "GIF", save_all=True, append_images=frames[1:])

    kept = Image.open(BytesIO(remake(written.getvalue()).whole))

    assert getattr(kept, "n_frames", 1) == 1
    assert is_red(kept.convert("RGB").getpixel((5, 5)))


@pytest.mark.parametrize(
    ("mode", "media"), [("L", "PNG"), ("1", "PNG"), ("P", "PNG"), ("CMYK", "JPEG"), ("I;16", "PNG")]
)
def test_odd_kinds_of_dots_are_read(mode: str, media: str) -> None:
    picture = Image.new(mode, (30, 20))
    written = BytesIO()
    picture.save(written, media)

    assert remake(written.getvalue()).width == 30


# Refused ---------------------------------------------------------------------------------------------------------

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><title>x</title><script>alert(1)</script>"


def bomb(side: int) -> bytes:
    """Return a PNG of a few kB that unpacks to side × side dots."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    dots = zlib.compress(b"\0" * ((side // 8 + 1) * side), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", dots) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("raw", "refusal"),
    [
        (b"", NoPicture),
        (b"\0" * (8 * 1024 * 1024 + 1), PictureTooLarge),
        (b"not a picture at all", NotAPicture),
        (SVG, NotAPicture),
        (HTML, NotAPicture),
        (b"\xff\xd8\xff\xe0" + b"JFIF" + b"\0" * 500, NotAPicture),
        (b"GIF89a" + HTML, NotAPicture),
        (b"%PDF-1.7 ...", NotAPicture),
        (drawn()[:900], NotAPicture),
        (noise(200, 200)[:-5000], NotAPicture),
        (drawn(media="BMP"), NotAPicture),
        (drawn(media="TIFF"), NotAPicture),
        (bomb(7100), TooManyDots),
        (bomb(30000), TooManyDots),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_what_is_no_picture_is_refused(raw: bytes, refusal: type[BadPicture]) -> None:
    with pytest.raises(refusal):
        remake(raw)


def test_a_picture_with_something_behind_it_loses_that() -> None:
    made = remake(drawn() + HTML)

    assert b"script" not in made.whole + made.thumb


# Kept ------------------------------------------------------------------------------------------------------------


def count(shop: Shop) -> int:
    return shop.read(lambda: db.session().scalar(select(func.count()).select_from(Picture))) or 0


def test_a_picture_is_found_whole_and_small_by_its_shop_alone(shop: Shop, other: Shop) -> None:
    number = shop.write(lambda: pictures.store(drawn(), now=clock.now()))

    whole, small = (shop.read(partial(pictures.find, number, thumb=thumb)) for thumb in (False, True))
    assert whole
    assert small
    assert (whole.media, whole.width, whole.height) == ("image/webp", 300, 200)
    assert (small.width, small.height) == seen(small.dots).size == (160, 160)
    assert shop.read(lambda: pictures.sizes([number])) == {number: (300, 200)}
    assert shop.read(lambda: pictures.thumbs([number])) == {number: small}
    assert other.read(lambda: pictures.find(number, thumb=False)) is None
    assert other.read(lambda: pictures.thumbs([number])) == {}


def test_the_same_dots_are_kept_once(shop: Shop) -> None:
    first, second = (shop.write(lambda: pictures.store(drawn(), now=clock.now())) for _ in range(2))
    third = shop.write(lambda: pictures.store(drawn(301), now=clock.now()))

    assert first == second != third
    assert count(shop) == 2


def test_a_refused_picture_leaves_nothing(shop: Shop) -> None:
    for raw in (b"", SVG, bomb(7100), drawn()[:900]):
        with pytest.raises(BadPicture):
            shop.write(partial(pictures.store, raw, now=clock.now()))

    assert count(shop) == 0


@on_one_engine
def test_what_the_house_drew_is_kept_as_it_is(shop: Shop) -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 120"><path d="M0 0h9v9z"/></svg>'
    number = shop.write(lambda: pictures.keep_drawn(svg, now=clock.now()))

    for thumb in (False, True):
        found = shop.read(partial(pictures.find, number, thumb=thumb))
        assert found
        assert (found.media, found.dots, found.width, found.height) == ("image/svg+xml", svg.encode(), 160, 120)

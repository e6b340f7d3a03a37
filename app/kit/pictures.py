"""Pictures: what people upload, made anew from its dots, so that nothing else travels along.

`remake` is slow and needs no unit; `keep` writes what it made. `store` does both, for those who are in no hurry.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from uuid import UUID

from PIL import Image, ImageOps
from sqlalchemy import Integer, LargeBinary, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from app.kit import db
from app.kit.columns import Moment
from app.kit.errors import Refusal, words
from app.kit.ids import Id, new_id
from app.kit.tenancy import Owned

MEGABYTES = 8
MOST_DOTS = 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
WHOLE, THUMB = 1200, 160  # the longest side; the side of the square
THUMB_BYTES = 6 * 1024
QUALITIES = (82, 70, 58, 46, 34, 22)
RASTER, DRAWN = "image/webp", "image/svg+xml"
VIEW_BOX = re.compile(r'viewBox="0 0 (\d{1,4}) (\d{1,4})"')


class BadPicture(Refusal):
    """What all refusals of pictures are."""

    kind = "invalid"
    message = words("This picture cannot be taken.")


class PictureTooLarge(BadPicture):
    message = words("A picture has at most {megabytes} MB.")
    mend = words("Save it smaller: 1,200 pixels on its longer side are enough.")

    def __init__(self) -> None:
        self.megabytes = MEGABYTES


class TooManyDots(BadPicture):
    message = words("This picture has more than {millions} million pixels.")
    mend = words("Save it smaller: 1,200 pixels on its longer side are enough.")

    def __init__(self) -> None:
        self.millions = MOST_DOTS // 1_000_000


class NotAPicture(BadPicture):
    message = words("This file is not a picture that can be read.")
    mend = words("Upload a JPEG, PNG, WebP or GIF file; the file extension alone does not make it one.")


class NoPicture(BadPicture):
    message = words("The file is empty.")
    mend = words("Upload a JPEG, PNG, WebP or GIF file.")


class Picture(Owned):
    """A picture and its small self; the same dots are kept once."""

    __tablename__ = "picture"
    __table_args__ = (UniqueConstraint("merchant_id", "digest"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    media: Mapped[str] = mapped_column(Text)  # image/webp; image/svg+xml only for what the house itself drew
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    whole: Mapped[bytes] = mapped_column(LargeBinary)
    thumb: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Moment)


@dataclass(frozen=True)
class Remade:
    """A picture made anew, ready to be kept."""

    media: str
    width: int
    height: int
    whole: bytes
    thumb: bytes


@dataclass(frozen=True)
class Shown:
    """A picture, or its small self, as a browser gets it."""

    media: str
    dots: bytes
    width: int
    height: int


def store(raw: bytes, *, now: datetime) -> UUID:
    """Make an upload anew, keep it, and return its id; refuses what is no picture."""
    return keep(remake(raw), now=now)


def remake(raw: bytes, *, most: int = 0) -> Remade:
    """Return the first frame of an upload, upright, with its small self, and nothing else that was in the file.

    With `most` it is made smaller and coarser until it has no more bytes. Refuses what is too
    large, has too many dots, or is no picture.
    """
    if not raw:
        raise NoPicture
    if len(raw) > MEGABYTES * 1024 * 1024:
        raise PictureTooLarge
    whole = _read(raw)
    thumb = ImageOps.fit(whole, (THUMB, THUMB), Image.Resampling.LANCZOS)
    whole.thumbnail((WHOLE, WHOLE), Image.Resampling.LANCZOS)
    dots = _fitted(whole, most) if most else _webp(whole, QUALITIES[0])
    small = (_webp(thumb, quality) for quality in QUALITIES)
    least = next((found for found in small if len(found) <= THUMB_BYTES), b"") or _webp(thumb, 5)
    return Remade(RASTER, whole.width, whole.height, dots, least)


def _fitted(picture: Image.Image, most: int) -> bytes:
    """Return a picture in at most so many bytes; it is made smaller itself where coarser does not do."""
    while True:
        for quality in QUALITIES[:4]:
            if len(found := _webp(picture, quality)) <= most:
                return found
        picture.thumbnail((picture.width * 3 // 4, picture.height * 3 // 4), Image.Resampling.LANCZOS)


def _read(raw: bytes) -> Image.Image:
    """Return the dots of a file; its size is looked at before the first of them is unpacked."""
    try:
        with Image.open(BytesIO(raw), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_DOTS:
                raise TooManyDots
            picture.draft("RGB", (WHOLE, WHOLE))  # a JPEG unpacks to no more than what is needed
            upright = ImageOps.exif_transpose(picture)
            return upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    except Refusal:
        raise
    except Image.DecompressionBombError:
        raise TooManyDots from None
    except Exception:  # a decoder that is fed by strangers may raise anything
        raise NotAPicture from None


def _webp(picture: Image.Image, quality: int) -> bytes:
    """Return a picture as WebP, without anything but its dots."""
    written = BytesIO()
    picture.save(written, "WEBP", quality=quality, method=4, exif=b"", icc_profile=b"", xmp=b"")
    return written.getvalue()


def keep_drawn(svg: str, *, now: datetime) -> UUID:
    """Keep what the house itself drew, and return its id; an upload never comes here, since an SVG can act."""
    found = VIEW_BOX.search(svg)
    if found is None:
        raise ValueError('a drawing says how large it is: viewBox="0 0 160 160"')
    drawn = svg.encode()
    return keep(Remade(DRAWN, int(found[1]), int(found[2]), drawn, drawn), now=now)


def keep(made: Remade, *, now: datetime) -> UUID:
    """Write a picture down, unless its dots are there already, and return its id."""
    digest = hashlib.sha256(made.media.encode() + b"\0" + made.whole).digest()
    row = {"merchant_id": db.merchant_id(), "id": new_id(), "digest": digest, "created_at": now} | vars(made)
    db.session().execute(db.insert_or(Picture).values(row).on_conflict_do_nothing())
    return db.session().scalars(select(Picture.id).where(Picture.digest == digest)).one()


def find(number: UUID | None, *, thumb: bool = False) -> Shown | None:
    """Return a picture of this shop, whole or small, or None."""
    return _shown([number], thumb=thumb).get(number) if number else None


def thumbs(numbers: Iterable[UUID]) -> dict[UUID, Shown]:
    """Return the small selves of pictures."""
    return _shown(numbers, thumb=True)


def sizes(numbers: Iterable[UUID]) -> dict[UUID, tuple[int, int]]:
    """Return width and height of pictures."""
    asked = set(numbers)
    if not asked:
        return {}
    query = select(Picture.id, Picture.width, Picture.height).where(Picture.id.in_(asked))
    return {row.id: (row.width, row.height) for row in db.session().execute(query)}


def _shown(numbers: Iterable[UUID], *, thumb: bool) -> dict[UUID, Shown]:
    asked = set(numbers)
    if not asked:
        return {}
    dots = Picture.thumb if thumb else Picture.whole
    query = select(Picture.id, Picture.media, dots.label("dots"), Picture.width, Picture.height)
    rows = db.session().execute(query.where(Picture.id.in_(asked))).all()
    return {row.id: _one(row.media, row.dots, row.width, row.height, thumb=thumb) for row in rows}


def _one(media: str, dots: bytes, width: int, height: int, *, thumb: bool) -> Shown:
    square = thumb and media == RASTER
    return Shown(media, bytes(dots), THUMB if square else width, THUMB if square else height)

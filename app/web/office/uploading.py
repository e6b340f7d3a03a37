"""Pictures that come in by a form of the office."""

from collections.abc import Callable
from uuid import UUID

from flask_babel import gettext as _

from app.inventory.errors import EmptyFile, FileTooLarge
from app.kit import clock, db, pictures
from app.kit.errors import Invalid
from app.kit.pictures import MEGABYTES, BadPicture, NoPicture, PictureTooLarge, Remade, remake
from app.web.guard import frame
from app.web.render import Page, Redirect, wants_fragment
from app.web.upload import Upload


def picture_from(field: str, *, most: int = 0) -> Remade:
    """Return the picture that the form's `field` brings, made anew; raises Invalid with what is wrong with it.

    `most` bytes are all that it may have, if that is not 0.

    It takes its time, so it belongs outside of units.
    """
    try:
        upload = Upload(megabytes=MEGABYTES + 1)  # the form around the picture has its room
        upload.check_csrf()
        return remake(b"".join(upload.pieces()), most=most)
    except EmptyFile:
        raise Invalid({field: NoPicture()}) from None
    except FileTooLarge:
        raise Invalid({field: PictureTooLarge()}) from None
    except BadPicture as refusal:
        raise Invalid({field: refusal}) from None


def keep(made: Remade | None) -> UUID | None:
    """Keep a picture and return its id; no picture has none."""
    return pictures.keep(made, now=clock.now()) if made else None


def saved(view: Callable[[], Page], url: str) -> Page | Redirect:
    """Return the changed part of a page alone where it is enough: what was typed beside it stays."""
    if not wants_fragment():
        return Redirect(url, toast=_("Saved"))
    answer = db.read(frame().merchant_id, view)
    answer.toast = _("Saved")
    return answer

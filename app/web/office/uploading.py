"""Pictures that come in by a form of the office."""

from app.inventory.errors import EmptyFile, FileTooLarge
from app.kit.errors import Invalid
from app.kit.pictures import MEGABYTES, BadPicture, NoPicture, PictureTooLarge, Remade, remake
from app.web.upload import Upload


def picture_from(field: str) -> Remade:
    """Return the picture that the form's `field` brings, made anew; raises Invalid with what is wrong with it.

    It takes its time, so it belongs outside of units.
    """
    try:
        upload = Upload(megabytes=MEGABYTES + 1)  # the form around the picture has its room
        upload.check_csrf()
        return remake(b"".join(upload.pieces()))
    except EmptyFile:
        raise Invalid({field: NoPicture()}) from None
    except FileTooLarge:
        raise Invalid({field: PictureTooLarge()}) from None
    except BadPicture as refusal:
        raise Invalid({field: refusal}) from None

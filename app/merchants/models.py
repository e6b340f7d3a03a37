"""Tables of merchants."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Integer, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.tenancy import Base, Owned


class Returned(IntEnum):
    """What becomes of a code that nobody has seen when its order is refunded."""

    ASIDE = 0  # it waits for somebody to look at it
    STOCK = 1
    VOID = 2


class Merchant(Owned):
    __tablename__ = "merchant"
    __table_args__ = (choice_check("returned", Returned),)

    slug: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    zone: Mapped[str] = mapped_column(Text)
    lang: Mapped[str] = mapped_column(Text)
    sandbox: Mapped[bool] = mapped_column(Boolean)
    unpaid_orders: Mapped[int] = mapped_column(Integer)  # how many a contact or a device may hold stock with at once
    reply_to: Mapped[str] = mapped_column(Text)  # where answers to the shop's letters go; empty: nowhere
    mail_proof: Mapped[bool] = mapped_column(Boolean)  # a code by mail may stand in for the order password
    queue_hours: Mapped[int] = mapped_column(Integer)  # how long a paid order waits for stock
    accent: Mapped[str] = mapped_column(Text)  # "#rrggbb"; empty: the house's own colour
    logo_id: Mapped[UUID | None] = mapped_column(Id)  # a picture of the kit
    licence: Mapped[str] = mapped_column(Text)  # the number that the law wants at the foot of the page (ICP)
    tells_stock: Mapped[bool] = mapped_column(Boolean)  # the number of codes left, not only a word
    is_closed: Mapped[bool] = mapped_column(Boolean)  # nobody can order for the time being
    shelf_version: Mapped[int] = mapped_column(Integer)  # one more whenever what buyers see of the shop changes
    created_at: Mapped[datetime] = mapped_column(Moment)
    returned: Mapped[Returned] = mapped_column(Choice(Returned), default=Returned.ASIDE)


class ShopText(Owned):
    """What a shop says about itself in one language."""

    __tablename__ = "shop_text"

    lang: Mapped[str] = mapped_column(Text, primary_key=True)
    tagline: Mapped[str] = mapped_column(Text)
    notice: Mapped[str] = mapped_column(Text)  # one line above everything; empty: none
    contact: Mapped[str] = mapped_column(Text)
    hours: Mapped[str] = mapped_column(Text)
    promise: Mapped[str] = mapped_column(Text)  # what the shop does when a code does not work
    closed: Mapped[str] = mapped_column(Text)  # why it is closed and until when


class RevealRule(Owned):
    """How a shop shows codes again; one without a row shows them as the house does."""

    __tablename__ = "reveal_rule"
    __table_args__ = (
        CheckConstraint("link_hours > 0 AND most_devices > 0", name="link"),
        CheckConstraint("fresh_minutes >= 0 AND hide_seconds >= 0", name="again"),
    )

    link_hours: Mapped[int] = mapped_column(Integer)  # how long a mailed link is good
    most_devices: Mapped[int] = mapped_column(Integer)  # how many new browsers one link lets in
    fresh_minutes: Mapped[int] = mapped_column(Integer)  # how old the proof for a second look may be; 0: any age
    hide_seconds: Mapped[int] = mapped_column(Integer)  # after which a page hides codes again; 0: never
    by_sms: Mapped[bool] = mapped_column(Boolean, default=True)  # a code by SMS proves an order of that phone


class Directory(Base):
    """How addresses find their merchant; keys are digests, so it tells nothing by itself."""

    __tablename__ = "directory"

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    merchant_id: Mapped[int] = mapped_column(BigInteger)
    target: Mapped[str] = mapped_column(Text)

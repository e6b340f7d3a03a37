"""Tables of merchants."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Moment
from app.kit.tenancy import Base, Owned


class Merchant(Owned):
    __tablename__ = "merchant"

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
    created_at: Mapped[datetime] = mapped_column(Moment)


class Directory(Base):
    """How addresses find their merchant; keys are digests, so it tells nothing by itself."""

    __tablename__ = "directory"

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    merchant_id: Mapped[int] = mapped_column(BigInteger)
    target: Mapped[str] = mapped_column(Text)

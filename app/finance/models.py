"""Tables of finance: what was sold on days that are over, counted once; the entitlements are the truth."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Date, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.ids import Id
from app.kit.tenancy import Owned


class ClosedDay(Owned):
    """A business day whose sales are counted; without a zone it changed since, and has to be counted anew."""

    __tablename__ = "closed_day"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    zone: Mapped[str] = mapped_column(Text)  # in which it was a day


class DaySales(Owned):
    """What was sold on a day of the codes of a batch in one SKU that have the same tags of their own."""

    __tablename__ = "day_sales"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    tags: Mapped[str] = mapped_column(Text, primary_key=True)
    early: Mapped[bool] = mapped_column(Boolean, primary_key=True)  # sold before its batch came, as after a replacement
    codes: Mapped[int] = mapped_column(Integer)
    cost: Mapped[int] = mapped_column(BigInteger)
    revenue: Mapped[int] = mapped_column(BigInteger)

"""Table of dips: of which low stock the staff were told."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.tenancy import Owned


class AlertKind(IntEnum):
    FEW = 0
    DAYS = 1
    EXPIRING = 2


class StockAlert(Owned):
    """A dip that staff were told of; while it stands they are not told again."""

    __tablename__ = "stock_alert"
    __table_args__ = (choice_check("kind", AlertKind),)

    sku_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    kind: Mapped[AlertKind] = mapped_column(Choice(AlertKind), primary_key=True)
    raised_at: Mapped[datetime] = mapped_column(Moment)

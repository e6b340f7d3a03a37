"""Saved views: a list with its filters under a name of somebody's own."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Moment
from app.kit.ids import Id
from app.kit.tenancy import Owned


class SavedView(Owned):
    """What somebody looks at again and again: the parameters of one declared list."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("merchant_id", "user_id", "listing", "name"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Id)
    listing: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    query: Mapped[str] = mapped_column(Text)  # as in the address, without its question mark
    created_at: Mapped[datetime] = mapped_column(Moment)

"""Tables of messages."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Moment
from app.kit.ids import Id
from app.kit.tenancy import Owned


class StaffNote(Owned):
    """Something the staff should look at; `facts` are plain values for the words of its kind."""

    __tablename__ = "staff_note"
    __table_args__ = (Index(None, "merchant_id", "at"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)
    kind: Mapped[str] = mapped_column(Text)
    subject_type: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[UUID] = mapped_column(Id)
    facts: Mapped[str] = mapped_column(Text)  # JSON


class NotesSeen(Owned):
    """Until when somebody has read."""

    __tablename__ = "notes_seen"

    user_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)

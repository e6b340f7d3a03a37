"""Saved views: a list with its filters under a name of somebody's own."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from app.kit import db
from app.kit.columns import Moment
from app.kit.errors import NotFound, Refusal, words
from app.kit.ids import Id, new_id
from app.kit.tenancy import Owned

MOST = 30
LONGEST_NAME = 40


class TooManyViews(Refusal):
    message = words("Nobody needs more than {most} saved views of a list.")
    mend = words("Delete one that you no longer use.")

    def __init__(self, most: int) -> None:
        self.most = most


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


def list_views(user_id: UUID, listing: str) -> Sequence[SavedView]:
    """List somebody's saved views of a list, by name."""
    mine = (SavedView.user_id == user_id, SavedView.listing == listing)
    return db.session().scalars(select(SavedView).where(*mine).order_by(SavedView.name).limit(MOST)).all()


def save_view(user_id: UUID, listing: str, name: str, query: str, *, now: datetime) -> None:
    """Keep the filters of a list under a name; the same name again means these filters from now on."""
    if len(list_views(user_id, listing)) >= MOST:
        raise TooManyViews(MOST)
    key = {"merchant_id": db.merchant_id(), "user_id": user_id, "listing": listing, "name": name}
    put = db.insert_or(SavedView).values(**key, id=new_id(), query=query, created_at=now)
    db.session().execute(put.on_conflict_do_update(index_elements=list(key), set_={"query": query}))


def drop_view(view_id: UUID | None, *, user_id: UUID) -> SavedView:
    """Forget one of somebody's own saved views and return what it was; refuses with NotFound."""
    view = db.get(SavedView, view_id)
    if view.user_id != user_id:
        raise NotFound
    db.session().delete(view)
    return view

"""Saved views: a list with its filters under a name, for oneself or for all who work in the shop."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, Text, UniqueConstraint, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from app.kit import db
from app.kit.columns import Moment
from app.kit.errors import NotFound, Refusal, words
from app.kit.ids import Id, new_id
from app.kit.tenancy import Owned

MOST = 30
LONGEST_NAME = 40


class TooManyViews(Refusal):
    message = words("A list can have at most {most} saved views.")
    mend = words("Delete one that you no longer use.")

    def __init__(self, most: int) -> None:
        self.most = most


class PrivateFilter(Refusal):
    kind = "invalid"
    message = words("The search may contain somebody's contact, and saved views never store contacts.")
    mend = words("Clear the search, then save the other filters.")


class SavedView(Owned):
    """What somebody looks at again and again: the parameters of one declared list."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("merchant_id", "user_id", "listing", "name"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Id)
    listing: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    query: Mapped[str] = mapped_column(Text)  # as in the address, without its question mark
    is_shared: Mapped[bool] = mapped_column(Boolean)  # all who work in the shop see it, and it is theirs to delete
    created_at: Mapped[datetime] = mapped_column(Moment)


def list_views(user_id: UUID, listing: str) -> Sequence[SavedView]:
    """List the saved views of a list that somebody sees, by name: their own and the shared ones."""
    seen = (SavedView.listing == listing, or_(SavedView.user_id == user_id, SavedView.is_shared))
    order = (SavedView.name, SavedView.id)
    return db.session().scalars(select(SavedView).where(*seen).order_by(*order).limit(2 * MOST)).all()


def save_view(user_id: UUID, listing: str, name: str, query: str, *, is_shared: bool = False, now: datetime) -> None:
    """Keep the filters of a list under a name; the same name again means these filters from now on."""
    names = {view.name for view in list_views(user_id, listing) if view.user_id == user_id}
    if name not in names and len(names) >= MOST:
        raise TooManyViews(MOST)
    key = {"merchant_id": db.merchant_id(), "user_id": user_id, "listing": listing, "name": name}
    put = db.insert_or(SavedView).values(**key, id=new_id(), query=query, is_shared=is_shared, created_at=now)
    db.session().execute(
        put.on_conflict_do_update(index_elements=list(key), set_={"query": query, "is_shared": is_shared})
    )


def drop_view(view_id: UUID | None, *, user_id: UUID) -> SavedView:
    """Forget a saved view that is somebody's own or shared and return what it was; refuses with NotFound."""
    view = db.get(SavedView, view_id)
    if view.user_id != user_id and not view.is_shared:
        raise NotFound
    db.session().delete(view)
    return view

"""Categories: the departments of a shop, in their order."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, func, select, update

from app.catalog.errors import BadSlug, CategoryTaken
from app.catalog.events import CategoryCreated, CategoryDropped, CategoryMoved, CategoryRenamed
from app.catalog.models import Category, CategoryText, Product
from app.catalog.rules import LONGEST_CATEGORY, is_slug
from app.catalog.service.products import in_new_order
from app.kit import db
from app.kit.errors import Invalid, Refusal, Required, TooLong
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.merchants import service as merchants


def create_category(*, slug: str, names: Mapping[str, str], now: datetime, by: By) -> Category:
    """Open a department after the others; refuses an address that is taken or malformed, and a missing name."""
    faults = _faults_of_names(names)
    if not is_slug(slug):
        faults["slug"] = BadSlug()
    elif db.session().scalar(select(Category.id).where(Category.slug == slug)) is not None:
        faults["slug"] = CategoryTaken(slug)
    if faults:
        raise Invalid(faults)
    last = db.session().scalar(select(func.max(Category.position)))
    category = Category(id=new_id(), slug=slug, position=0 if last is None else last + 1)
    db.session().add(category)
    db.session().flush()
    _write_names(category, names)
    publish(CategoryCreated(subject_id=category.id, slug=slug, at=now, by=by))
    merchants.touch_shelf()
    return category


def rename_category(category: Category, *, names: Mapping[str, str], now: datetime, by: By) -> None:
    """Call a department something else; its address stays, since links lead there."""
    if faults := _faults_of_names(names):
        raise Invalid(faults)
    if _write_names(category, names):
        publish(CategoryRenamed(subject_id=category.id, slug=category.slug, at=now, by=by))
        merchants.touch_shelf()


def move_category(category: Category, *, up: bool, now: datetime, by: By) -> None:
    """Let a department change places with the one before or after it; at the end it stays."""
    rows = db.session().scalars(select(Category).order_by(Category.position, Category.id)).all()
    order = in_new_order([row.id for row in rows], category.id, up=up)
    if order:
        for row in rows:
            row.position = order.index(row.id)
        publish(CategoryMoved(subject_id=category.id, slug=category.slug, up=up, at=now, by=by))
        merchants.touch_shelf()


def drop_category(category: Category, *, now: datetime, by: By) -> int:
    """Close a department and return how many products stand without one now; they stay where they are for sale."""
    left = db.changed(update(Product).where(Product.category_id == category.id).values(category_id=None))
    db.changed(delete(CategoryText).where(CategoryText.category_id == category.id))
    db.changed(delete(Category).where(Category.id == category.id))
    publish(CategoryDropped(subject_id=category.id, slug=category.slug, products=left, at=now, by=by))
    merchants.touch_shelf()
    return left


def _faults_of_names(names: Mapping[str, str]) -> dict[str, Refusal]:
    faults: dict[str, Refusal] = {}
    if not any(name.strip() for name in names.values()):
        faults["name_zh"] = Required()
    for lang, name in names.items():
        if len(name.strip()) > LONGEST_CATEGORY:
            faults[f"name_{lang}"] = TooLong(LONGEST_CATEGORY)
    return faults


def _write_names(category: Category, names: Mapping[str, str]) -> bool:
    """Write what a department is called, and return whether that is news."""
    changed = False
    for lang, name in names.items():
        found = db.session().get(CategoryText, (db.merchant_id(), category.id, lang))
        if found is None:
            db.session().add(CategoryText(category_id=category.id, lang=lang, name=name.strip()))
            changed = True
        elif found.name != name.strip():
            found.name, changed = name.strip(), True
    db.session().flush()
    return changed

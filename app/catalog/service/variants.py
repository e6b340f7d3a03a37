"""Variants: the SKUs of a product, written as their drafts say."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select

from app.catalog.models import Product, Sku, SkuText, Source, Strategy
from app.catalog.service.drafts import SkuDraft
from app.kit import db
from app.kit.ids import new_id

Change = tuple[str, str, str]  # what, before, after


def skus_of(product: Product) -> dict[str, Sku]:
    """Return the SKUs of a product by code, in its order."""
    query = select(Sku).where(Sku.product_id == product.id).order_by(Sku.position)
    return {sku.code: sku for sku in db.session().scalars(query)}


def write_skus(product: Product, drafts: Sequence[SkuDraft], known: Mapping[str, Sku]) -> list[Change]:
    """Add and change variants in the order of their drafts, and return what changed; those without a draft stay."""
    names = _names_of([sku.id for sku in known.values()])
    changes: list[Change] = []
    rest = [sku for code, sku in known.items() if code not in {draft.code for draft in drafts}]
    before = list(known)
    for position, draft in enumerate(drafts):
        sku = known.get(draft.code)
        if sku is None:
            sku = add_sku(product, draft)
            changes.append((f"variant {draft.code}", "", draft.price.major))
        else:
            changes += _change(sku, draft, names)
        sku.position = position
        _write_names(sku, draft, names)
    for place, sku in enumerate(rest):
        sku.position = len(drafts) + place
    kept = [draft.code for draft in drafts if draft.code in known] + [sku.code for sku in rest]
    return changes + ([("order", "", "")] if kept != before else [])


def append_sku(product: Product, draft: SkuDraft, place: int) -> Sku:
    """Add a variant with its names at a place of a product's order."""
    sku = add_sku(product, draft)
    sku.position = place
    _write_names(sku, draft, {})
    return sku


def add_sku(product: Product, draft: SkuDraft) -> Sku:
    """Add a variant as its draft says."""
    sku = Sku(
        id=new_id(),
        product_id=product.id,
        code=draft.code,
        kind=draft.kind,
        price_amount=draft.price.minor,
        price_currency=draft.price.currency,
        was_amount=draft.was.minor if draft.was else None,
        position=0,
        on_sale=draft.on_sale,
        source=draft.source,
        strategy=Strategy.FIRST_IN,
        pattern=draft.pattern if draft.source is Source.GENERATED else "",
        as_ready=False,
    )
    db.session().add(sku)
    db.session().flush()
    return sku


def _change(sku: Sku, draft: SkuDraft, names: Mapping[tuple[UUID, str], SkuText]) -> list[Change]:
    """Let a variant be as its draft says, and return what changed."""
    before = _facts(sku)
    sku.was_amount = draft.was.minor if draft.was else None
    sku.price_amount, sku.price_currency = draft.price.minor, draft.price.currency
    sku.on_sale = draft.on_sale
    after = _facts(sku)
    changes = [(f"{name} {sku.code}", before[name], after[name]) for name in before if before[name] != after[name]]
    renamed = any(name.strip() != _text(names.get((sku.id, lang))) for lang, name in draft.names.items())
    return changes + ([(f"names {sku.code}", "", "")] if renamed else [])


def _facts(sku: Sku) -> dict[str, str]:
    return {
        "price": sku.price.major,
        "was": sku.was.major if sku.was else "",
        "on_sale": "yes" if sku.on_sale else "no",
    }


def _write_names(sku: Sku, draft: SkuDraft, names: Mapping[tuple[UUID, str], SkuText]) -> None:
    for lang, name in draft.names.items():
        text = names.get((sku.id, lang))
        if text is not None:
            text.name = name.strip()
        elif name.strip():
            db.session().add(SkuText(sku_id=sku.id, lang=lang, name=name.strip()))


def names_of(product: Product) -> dict[str, list[str]]:
    """Return what the variants of a product are called, by language."""
    query = select(SkuText.lang, SkuText.name).join(
        Sku, (Sku.merchant_id == SkuText.merchant_id) & (Sku.id == SkuText.sku_id)
    )
    found: dict[str, list[str]] = {}
    for lang, name in db.session().execute(query.where(Sku.product_id == product.id).order_by(Sku.position)):
        found.setdefault(lang, []).append(name)
    return found


def _names_of(sku_ids: Sequence[UUID]) -> dict[tuple[UUID, str], SkuText]:
    rows = db.session().scalars(select(SkuText).where(SkuText.sku_id.in_(sku_ids))) if sku_ids else ()
    return {(row.sku_id, row.lang): row for row in rows}


def _text(row: SkuText | None) -> str:
    return row.name if row else ""

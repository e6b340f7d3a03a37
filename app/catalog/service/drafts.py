"""Drafts: what a product and its variants are to be, and why they cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from app.catalog import queries
from app.catalog.errors import (
    BadCode,
    BadFact,
    BadRedeemUrl,
    BadSlug,
    BadSource,
    BadWas,
    CategoryGone,
    KindStays,
    NoAnswer,
    NothingOnSale,
    ProductTaken,
    SkuTaken,
    TooManySteps,
)
from app.catalog.models import Category, Kind, ProductStatus, Sku, Source
from app.catalog.rules import (
    LONGEST,
    LONGEST_VARIANT,
    MOST_STEPS,
    first_bad_fact,
    first_unanswered,
    is_code,
    is_slug,
    is_web_address,
    lines_of,
)
from app.kit import db
from app.kit.errors import Refusal, Required, TooLong
from app.kit.money import Money

UNMADE = {Source.SUPPLIER, Source.PRESALE}
Faults = dict[str, Refusal]


@dataclass(frozen=True)
class Texts:
    """What a product says in one language."""

    name: str
    summary: str = ""  # one line
    guide: str = ""  # a line each step
    about: str = ""
    facts: str = ""  # a line each, "term: value"
    faq: str = ""  # question, answer below it, an empty line between pairs


@dataclass(frozen=True)
class SkuDraft:
    """What a variant is to be; its code says which one it is."""

    code: str
    kind: Kind
    price: Money
    names: Mapping[str, str]
    was: Money | None = None  # shown struck through
    on_sale: bool = True
    source: Source = Source.POOL  # of a new variant; one that is there keeps its own
    pattern: str = ""  # of codes that are generated


def faults_of_texts(texts: Mapping[str, Texts]) -> Faults:
    """Return what is wrong with the texts of a product, by field and language."""
    faults: Faults = {}
    if not any(text.name.strip() for text in texts.values()):
        faults["name_zh"] = Required()
    for lang, text in texts.items():
        for field, value in asdict(text).items():
            if len(value.strip()) > LONGEST[field]:
                faults[f"{field}_{lang}"] = TooLong(LONGEST[field])
        if line := first_bad_fact(text.facts):
            faults.setdefault(f"facts_{lang}", BadFact(line[:40]))
        if question := first_unanswered(text.faq):
            faults.setdefault(f"faq_{lang}", NoAnswer(question[:40]))
        if len(lines_of(text.guide)) > MOST_STEPS:
            faults.setdefault(f"guide_{lang}", TooManySteps(MOST_STEPS))
    return faults


def faults_of_slug(slug: str) -> Faults:
    """Return why no new product can have this address."""
    if not is_slug(slug):
        return {"slug": BadSlug()}
    return {"slug": ProductTaken(slug)} if queries.find_product(slug) is not None else {}


def faults_of_sale(
    status: ProductStatus, skus: Sequence[SkuDraft], redeem_url: str, category_id: UUID | None
) -> Faults:
    """Return what is wrong with how and where a product is sold."""
    faults: Faults = {}
    if category_id is not None and db.find(Category, category_id) is None:
        faults["category"] = CategoryGone()
    if status is ProductStatus.LIVE and not any(draft.on_sale for draft in skus):
        faults["status"] = NothingOnSale()
    if redeem_url and not is_web_address(redeem_url):
        faults["redeem_url"] = BadRedeemUrl()
    return faults


def faults_of_skus(skus: Sequence[SkuDraft], known: Mapping[str, Sku]) -> Faults:
    """Return what is wrong with variants; the fields of those that are there already end in their code."""
    faults: Faults = {}
    codes: set[str] = set()
    for draft in skus:
        mark = f"_{draft.code}" if draft.code in known else ""
        if draft.code in known:
            if known[draft.code].kind is not draft.kind:
                faults[f"kind{mark}"] = KindStays(draft.code)
        elif not is_code(draft.code):
            faults["sku"] = BadCode()
        elif draft.code in codes or queries.find_sku(draft.code) is not None:
            faults["sku"] = SkuTaken(draft.code)
        codes.add(draft.code)
        if draft.source in UNMADE or (draft.source is Source.GENERATED and draft.kind is not Kind.CODE):
            faults[f"source{mark}"] = BadSource()
        if draft.was is not None and not draft.price < draft.was:
            faults[f"was{mark}"] = BadWas()
        for lang, name in draft.names.items():
            if len(name.strip()) > LONGEST_VARIANT:
                faults[f"variant_{lang}{mark}"] = TooLong(LONGEST_VARIANT)
    return faults

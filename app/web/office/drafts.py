"""The form of a product, read: its texts, its variants, and which of them changes places."""

from collections.abc import Sequence

from flask_babel import gettext as _

from app.catalog import service
from app.catalog.queries import Kind, ProductStatus, Sku, Source
from app.inventory.errors import BadPattern
from app.inventory.queries import parse_pattern
from app.kit.money import Money
from app.web.forms import Form
from app.web.language import LANGUAGES

TEXTS = ("name", "summary", "about", "facts", "guide", "faq")


def texts_in(form: Form) -> dict[str, service.Texts]:
    """Return what the product is to say, by language."""
    return {
        code: service.Texts(**{name: form.fields.get(f"{name}_{code}", "") for name in TEXTS}) for code in LANGUAGES
    }


def new_sku_in(form: Form, currency: str) -> service.SkuDraft:
    """Return the variant that is to be added."""
    source = _source(form.number("source", default=0))
    return service.SkuDraft(
        code=form.fields.get("sku", "").strip(),
        kind=_kind(form.number("kind", default=0)),
        source=source,
        pattern=pattern_in(form) if source is Source.GENERATED else "",
        price=form.money("price", currency),
        names=_names(form, ""),
        was=_was(form, "was", currency),
    )


def skus_in(form: Form, skus: Sequence[Sku], currency: str) -> list[service.SkuDraft]:
    """Return the variants of a product as the form says, in their new order, with a new one if its fields are used."""
    drafts = [_known(form, sku, currency) for sku in skus]
    code, _, way = form.fields.get("move", "").rpartition(" ")
    _move(drafts, code, way)
    is_used = any(form.fields.get(name, "").strip() for name in ("sku", "price", "was", "variant_zh", "variant_en"))
    return [*drafts, new_sku_in(form, currency)] if is_used else drafts


def status_in(form: Form, *, default: ProductStatus) -> ProductStatus:
    number = form.number("status", default=default)
    return ProductStatus(number) if number in set(ProductStatus) else default


def _known(form: Form, sku: Sku, currency: str) -> service.SkuDraft:
    return service.SkuDraft(
        code=sku.code,
        kind=sku.kind,
        source=sku.source,
        price=form.money(f"price_{sku.code}", currency, default=sku.price.major),
        names=_names(form, f"_{sku.code}"),
        was=_was(form, f"was_{sku.code}", currency),
        on_sale=bool(form.fields.get(f"on_sale_{sku.code}")),
    )


def _names(form: Form, mark: str) -> dict[str, str]:
    return {code: form.fields.get(f"variant_{code}{mark}", "") for code in LANGUAGES}


def _was(form: Form, name: str, currency: str) -> Money | None:
    return form.money(name, currency) if form.fields.get(name, "").strip() else None


def _move(drafts: list[service.SkuDraft], code: str, way: str) -> None:
    """Let the variant with this code change places with the one before or after it."""
    codes = [draft.code for draft in drafts]
    place = codes.index(code) if code in codes else -1
    aim = place + {"up": -1, "down": 1}.get(way, 0)
    if place >= 0 and 0 <= aim < len(drafts):
        drafts[place], drafts[aim] = drafts[aim], drafts[place]


def _kind(number: int) -> Kind:
    return Kind(number) if number in set(Kind) else Kind.CODE


def _source(number: int) -> Source:
    return Source(number) if number in set(Source) else Source.POOL


def pattern_in(form: Form) -> str:
    """Return how generated codes are to look; what is no pattern is a fault of the form."""
    try:
        return parse_pattern(form.fields.get("pattern", "")).text
    except BadPattern as fault:
        form.faults["pattern"] = fault
        return ""


def labels(skus: Sequence[Sku]) -> dict[str, str]:
    """Return what the fields of the form are called, for the summary of what is wrong."""
    said = {
        "name": _("Name"),
        "summary": _("Short text"),
        "about": _("About"),
        "facts": _("Facts"),
        "guide": _("How to redeem"),
        "faq": _("Questions and answers"),
    }
    named = {f"{name}_{code}": f"{said[name]} · {LANGUAGES[code]}" for name in said for code in LANGUAGES}
    plain = {"slug": _("Link ending"), "status": _("Status"), "category": _("Category"), "sku": _("SKU")}
    plain |= {"pattern": _("Pattern"), "source": _("Where it comes from")}
    named |= plain | {"redeem_url": _("Where its codes are redeemed"), "cover": _("Cover")}
    for mark, of in [("", ""), *((f"_{sku.code}", f"{sku.code} · ") for sku in skus)]:
        named |= {f"price{mark}": of + _("Price"), f"was{mark}": of + _("Earlier price")}
        named |= {f"variant_{code}{mark}": f"{of}{_('Name')} · {LANGUAGES[code]}" for code in LANGUAGES}
    return named | {f"step_{number}": _("Picture of step %(number)s", number=number) for number in range(1, 13)}

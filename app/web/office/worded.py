"""The page on which a wording is written: what it says, its pictures, its versions, and the phone beside it."""

from uuid import UUID

from flask_babel import gettext as _

from app.accounts import queries as accounts
from app.catalog import queries as catalog
from app.delivery import queries, service
from app.delivery.queries import NAMES, WHOLE_SHOP, Medium, Place, Words
from app.kit import events, pictures
from app.kit.ids import public
from app.web.guard import frame
from app.web.language import LANGUAGES, here, lang
from app.web.office.changes import happened
from app.web.office.previewing import preview_of
from app.web.render import Page, page

SHOP = "shop"
MEDIA = {medium.name.lower(): medium for medium in Medium}


def editor_of(place: Place) -> Page:
    """Return the editor of a wording, with what its newest version says."""
    versions = queries.list_versions(place)
    words = queries.words_of(versions[0]) if versions else Words()
    shown = {slot: picture for slot, picture in slots_of(words).items() if picture}
    return page(
        "office/wordings/wording.html",
        fragments={"preview": "office/wordings/_preview.html", "pictures": "office/wordings/_pictures.html"},
        words=words,
        redraws=False,
        steps=[step.text for step in words.steps] + [""] * (service.MOST_STEPS - len(words.steps)),
        slots=slots_of(words),
        slot_names=slot_names(),
        sizes=pictures.sizes(shown.values()),
        versions=versions,
        writers=accounts.list_emails(version.made_by for version in versions if version.made_by),
        in_force=next((it for it in versions if it.published_at and not it.ended_at), None),
        preview=preview_of(place, words),
        sources=_sources(place),
        marked_names=", ".join(f"{{{{\N{NO-BREAK SPACE}{name}\N{NO-BREAK SPACE}}}}}" for name in NAMES),
        labels=labels(),
        name=product_name(place.product_id),
        tongue=LANGUAGES[place.lang],
        medium=place.medium.name.lower(),
        at=_address(place),
        back=here(".wordings"),
        timeline=happened(events.timeline(subject=("wording", versions[0].wording_id))) if versions else (),
    )


def slots_of(words: Words) -> dict[str, UUID | None]:
    """Return the picture at each place that can have one."""
    steps = [step.picture_id for step in words.steps] + [None] * service.MOST_STEPS
    numbered = {str(number): steps[number - 1] for number in range(1, service.MOST_STEPS + 1)}
    return {service.LOGO: words.logo_id, **numbered, service.INVITE: words.invite_picture_id}


def slot_names() -> dict[str, str]:
    """Return what the places of pictures are called."""
    numbers = range(1, service.MOST_STEPS + 1)
    numbered = {str(number): _("Picture of step %(number)s", number=number) for number in numbers}
    return {service.LOGO: _("Logo"), **numbered, service.INVITE: _("Code of the group")}


def labels() -> dict[str, str]:
    """Return what the fields are called, for the summary of what is wrong."""
    plain = {
        "title": _("Heading"),
        "tips": _("Tips"),
        "button": _("Label of the button"),
        "button_url": _("Where the button leads"),
        "invite": _("Invitation"),
        "footer": _("Last lines"),
    }
    plain |= {f"step_{number}": _("Step %(number)s", number=number) for number in range(1, service.MOST_STEPS + 1)}
    return plain | {f"picture_{slot}": name for slot, name in slot_names().items()}


def product_name(product_id: UUID) -> str:
    """Return what a product is called, or the whole shop."""
    return queries.product_name(product_id, lang()) or str(_("Whole shop"))


def _address(place: Place) -> dict[str, str]:
    key = SHOP if place.product_id == WHOLE_SHOP else public("prd", place.product_id)
    return {"product": key, "tongue": place.lang, "medium": place.medium.name.lower()}


def _sources(place: Place) -> list[tuple[str, str]]:
    """Return the other wordings that can be taken over, and what they are called."""
    found = [other for other in queries.list_standing() if other != place]
    products = catalog.list_products_by_id({other.product_id for other in found})
    names = {
        number: catalog.in_language({text.lang: text.name for text in it.texts}, lang(), frame().lang)
        for number, it in products.items()
    }
    media = {Medium.PAGE: _("Order page"), Medium.MAIL: _("Mail")}
    named = [
        (
            " ".join(_address(other).values()),
            f"{names.get(other.product_id, _('Whole shop'))} · {LANGUAGES[other.lang]} · {media[other.medium]}",
        )
        for other in found
    ]
    return sorted(named, key=lambda pair: pair[1])

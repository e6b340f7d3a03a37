"""Words that are being typed, as a buyer would read them: by the templates that buyers get."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import render_template, url_for

from app.catalog import queries as catalog
from app.delivery import queries as delivery
from app.delivery import service
from app.delivery.queries import WHOLE_SHOP, Medium, Place, Step, Words
from app.kit import clock, mail
from app.web.errors import say_all
from app.web.guard import frame, settings
from app.web.language import speaking
from app.web.shown import StepShown, steps_shown
from app.web.worded import worded


@dataclass(frozen=True)
class Preview:
    """What the phone shows, as a document: the page's part, or a letter with its subject; or why it cannot be shown."""

    document: str = ""
    subject: str = ""
    faults: list[str] = field(default_factory=list)


def words_in(form: Mapping[str, str]) -> Words:
    """Return the words of the editor's form; its pictures are those of the newest version."""
    texts = [form.get(f"step_{number}", "").strip() for number in range(1, service.MOST_STEPS + 1)]
    while texts and not texts[-1]:
        texts.pop()
    names = ("title", "tips", "button", "button_url", "invite", "footer")
    said = {name: form.get(name, "").replace("\0", "").replace("\r\n", "\n").strip() for name in names}
    return Words(steps=tuple(Step(text.replace("\0", "")) for text in texts), **said)  # type: ignore[arg-type]


def preview_of(place: Place, words: Words) -> Preview:
    """Return what a buyer would see of words, with the pictures of the newest version."""
    newest = delivery.find_newest(place)
    if newest is not None:
        words = service.with_pictures(words, delivery.words_of(newest))
    if faults := service.faults_of(words):
        return Preview(faults=[say_all(fault) for fault in faults.values()])
    if place.medium is Medium.MAIL:
        return _letter(place, words)
    said = delivery.sample_of(words, delivery.product_name(place.product_id, place.lang), place.lang, now=clock.now())
    (shown,) = worded([said], [_guide(place)], lambda it: url_for("shop_at.picture", shop=frame().slug, picture=it))
    if shown.is_blank:
        return Preview()
    with speaking(place.lang):
        return Preview(render_template("office/wordings/page_frame.html", wordings=[shown]))


def _letter(place: Place, words: Words) -> Preview:
    facts = delivery.sample_facts(words, place.product_id, place.lang)
    written = mail.write("delivery/ready", to="", lang=place.lang, facts=facts)
    return Preview(written.html.replace(f'src="{settings().base_url}/', 'src="/'), written.subject)


def _guide(place: Place) -> tuple[StepShown, ...]:
    """Return the guide of the product, which is shown as long as the words have no steps of their own."""
    if place.product_id == WHOLE_SHOP:
        return ()
    found = catalog.get_whole(place.product_id)
    texts = {text.lang: text.guide for text in found.texts}
    return steps_shown(catalog.in_language(texts, place.lang, frame().lang), {}, {})

"""Claim campaigns in the office: made, watched while people come, paused, topped up, ended, and hung up as a poster."""

from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import segno
from flask import Response, request, url_for
from flask_babel import gettext as _

from app.catalog import queries as catalog
from app.gifting import queries, service
from app.gifting.queries import ClaimCampaign
from app.kit import clock, events
from app.kit.errors import NotFound, Required, words
from app.kit.ids import from_public, public
from app.orders import queries as orders
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs, settings
from app.web.language import here, lang
from app.web.office import bp
from app.web.office.shown import steps
from app.web.office.wording import said
from app.web.render import MINE, Page, Redirect, fixed, page
from app.web.times import business_day

DAY = timedelta(days=1)
MONTH = timedelta(days=30)
SIZES = ("a4", "a6")
MEDIA = {"png": "image/png", "svg": "image/svg+xml"}
WHYS = {  # why somebody who came was given nothing
    "early": words("Before it began"),
    "paused": words("While it was paused"),
    "ended": words("After it was over"),
    "used_up": words("All were claimed"),
    "sold_out": words("Out of stock"),
    "person": words("Had theirs already"),
    "network": words("Too many from one network"),
    "word": words("Wrong word"),
}
DONE = {
    "paused": words("Paused"),
    "resumed": words("It goes on"),
    "ended": words("Ended: nobody can claim any more"),
}


@bp.get("/<shop>/campaigns")
@needs("gifts.view")
def campaigns() -> Page:
    found, now = queries.list_campaigns(), clock.now()
    titles = _titles({one.sku_id for one in found})
    today = business_day(now, frame().zone)
    return page(
        "office/campaigns/campaigns.html",
        fragments={"campaigns": "office/campaigns/_campaigns.html"},
        rows=[(one, titles.get(one.sku_id, ""), queries.stands(one, now=now)) for one in found],
        skus=[(sku.code, title) for sku, title in _for_sale()],
        first=today,
        last=today + MONTH,
        labels=_labels(),
    )


@bp.post("/<shop>/campaigns")
@needs("gifts.edit")
@corrects(campaigns)
def create_campaign() -> Redirect:
    plan = _plan(Form(request.form))
    made = service.launch(plan, now=clock.now(), by=actor().by)
    return Redirect(_url(made), toast=_("Campaign made"))


@bp.get("/<shop>/campaigns/<campaign>")
@needs("gifts.view")
def campaign(campaign: str) -> Page:
    found = _get(campaign)
    return page(
        "office/campaigns/campaign.html",
        fragments={"counts": "office/campaigns/_counts.html"},
        campaign=found,
        stands=queries.stands(found, now=clock.now()),
        title=_titles({found.sku_id}).get(found.sku_id, ""),
        link=_link(found),
        timeline=steps(events.timeline(subject=("claim_campaign", found.id))[:20]),
        sizes=SIZES,
        **_who_came(found.id),
    )


@bp.post("/<shop>/campaigns/<campaign>/state")
@needs("gifts.edit")
@corrects(campaign)
def steer_campaign(campaign: str) -> Redirect:
    what = request.form.get("what", "")
    if what not in DONE:
        raise NotFound
    service.steer(_get(campaign).id, what, now=clock.now(), by=actor().by)
    return Redirect(here(".campaign", campaign=campaign), toast=_(DONE[what]))


@bp.post("/<shop>/campaigns/<campaign>/cap")
@needs("gifts.edit")
@corrects(campaign)
def top_up_campaign(campaign: str) -> Redirect:
    form = Form(request.form)
    more = form.number("more", default=0)
    form.done()
    service.top_up(_get(campaign).id, more, now=clock.now(), by=actor().by)
    return Redirect(here(".campaign", campaign=campaign), toast=_("There is more to claim now"))


@bp.get("/<shop>/campaigns/<campaign>/qr.<media>")
@needs("gifts.view")
def campaign_qr(campaign: str, media: str) -> Response:
    """Give the link of a campaign as a picture: PNG for a chat, SVG for print."""
    if media not in MEDIA:
        raise NotFound
    drawn = BytesIO()
    segno.make_qr(_link(_get(campaign)), error="m").save(drawn, kind=media, scale=12, border=4)
    return fixed(drawn.getvalue(), MEDIA[media], MINE)


@bp.get("/<shop>/campaigns/<campaign>/poster")
@needs("gifts.view")
def poster(campaign: str) -> Page:
    """Show a campaign as a sheet to print."""
    found, size = _get(campaign), request.args.get("size", "")
    return page(
        "office/campaigns/poster.html",
        campaign=found,
        title=_titles({found.sku_id}).get(found.sku_id, ""),
        size=size if size in SIZES else SIZES[0],
        sizes=SIZES,
    )


def _who_came(campaign_id: UUID) -> dict[str, Any]:
    """Return the latest claims with their orders, and how many were given nothing, by why."""
    claimed, refused = queries.list_claimed(campaign_id), queries.count_refused(campaign_id)
    placed = orders.list_by_id(claim.order_id for claim in claimed)
    return {
        "claimed": [(claim, placed[claim.order_id]) for claim in claimed],
        "refused": [(said(WHYS, why), count) for why, count in refused.items()],
        "turned_away": sum(refused.values()),
    }


def _get(campaign: str) -> ClaimCampaign:
    return queries.get_campaign(from_public("cmp", campaign))


def _url(campaign_id: UUID) -> str:
    return here(".campaign", campaign=public("cmp", campaign_id))


def _link(campaign: ClaimCampaign) -> str:
    path = url_for("shop_at.campaign", shop=frame().slug, offer=queries.campaign_token(campaign.id))
    return f"{settings().base_url}{path}"


def _titles(sku_ids: set[UUID]) -> dict[UUID, str]:
    return catalog.titles(sku_ids, lang(), frame().lang) if sku_ids else {}


def _for_sale() -> list[tuple[catalog.Sku, str]]:
    skus = catalog.list_skus_for_sale()
    titles = _titles({sku.id for sku in skus})
    return [(sku, titles.get(sku.id, sku.code)) for sku in skus]


def _plan(form: Form) -> service.CampaignPlan:
    name, message = form.text("name", most=120, required=True), form.text("message", most=300)
    word, sku = form.text("word", most=40), form.fields.get("sku", "")[:64]
    cap, person = form.number("cap", default=0), form.number("per_person", default=1)
    network = form.number("per_network", default=0)
    first, last = (form.date(field) for field in ("starts_on", "ends_on"))
    for field, day in (("starts_on", first), ("ends_on", last)):
        if day is None and field not in form.faults:
            form.faults[field] = Required()
    form.done()
    assert first
    assert last
    begins, ends = _start_of(first), _start_of(last + DAY)
    return service.CampaignPlan(sku, name, message, word, cap, person, network, begins, ends)


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(frame().zone))


def _labels() -> dict[str, str]:
    return {
        "name": _("Name"),
        "sku": _("What is given away"),
        "cap": _("How many"),
        "per_person": _("Each person"),
        "per_network": _("Each network"),
        "starts_on": _("First day"),
        "ends_on": _("Last day"),
        "word": _("Word"),
        "message": _("What you want to say"),
    }

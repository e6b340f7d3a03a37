"""The door of a claim campaign: whoever comes by its link or poster leaves a contact and has an order that is paid."""

from functools import partial
from typing import Any
from uuid import UUID, uuid4

from flask import request
from flask_babel import gettext

from app.accounts import service as accounts
from app.catalog import queries as catalog
from app.gifting import queries, service
from app.gifting.errors import CampaignRefused
from app.gifting.queries import ClaimCampaign
from app.kit import clock, db
from app.kit.errors import NotFound, Refusal
from app.kit.events import By
from app.web.forms import Form
from app.web.guard import DEVICE_COOKIE, corrects, frame, public_network, unit
from app.web.language import here, lang, whereabouts
from app.web.render import Page, Redirect, page
from app.web.shop import bp
from app.web.shop.placing import token_of
from app.web.shop.proof import browser, device_cookie

LONGEST_CONTACT = 200


@bp.get("/claim/<offer>")
def campaign(offer: str) -> Page:
    found = _find(offer)
    return page(
        "shop/campaign/campaign.html",
        fragments={"campaign": "shop/campaign/_campaign.html"},
        secret=True,
        campaign=found,
        token=offer,
        stands=queries.stands(found, now=clock.now()),
        idem=uuid4().hex,
        **_goods(found.sku_id),
        **whereabouts(here(".campaign", offer=offer)),
    )


@bp.post("/claim/<offer>")
@unit(None)
@corrects(campaign)
def come(offer: str) -> Redirect:
    """Give whoever comes a piece of the campaign, as an order of this browser; who is given none is counted by why."""
    merchant = frame().merchant_id
    found = db.read(merchant, lambda: _find(offer).id)
    try:
        claimed = db.write(merchant, partial(_claim, found))
    except CampaignRefused as refused:
        db.write(merchant, partial(service.note_refused, found, refused.reason))
        raise
    if isinstance(claimed, Refusal):
        db.write(merchant, partial(service.note_refused, found, "word"))
        raise claimed
    order_id, device = claimed
    url = here(".order", token=token_of(order_id))
    return Redirect(url, toast=gettext("It is yours now"), cookies=(device_cookie(device),))


def _goods(sku_id: UUID) -> dict[str, Any]:
    """Return how what is given away looks."""
    sku = catalog.list_skus_by_id([sku_id])[sku_id]
    product = catalog.list_products_by_id([sku.product_id])[sku.product_id]
    title = catalog.titles([sku_id], lang(), frame().lang).get(sku_id, "")
    return {"title": title, "place": product.position, "cover": product.cover_id}


def _find(token: str) -> ClaimCampaign:
    found = queries.find_campaign(token)
    if found is None:
        raise NotFound
    return found


def _claim(campaign_id: UUID) -> tuple[UUID, str] | Refusal:
    form, now = Form(request.form), clock.now()
    contact = form.text("contact", most=LONGEST_CONTACT, required=True)
    word, idem = form.text("proof", most=LONGEST_CONTACT), form.text("idem", most=64, required=True)
    form.done()
    ((device_id, device),) = accounts.remember_devices([request.cookies.get(DEVICE_COOKIE, "")], now=now)
    coming = service.Coming(contact, word, lang(), idem, device_id, public_network())
    claimed = service.claim(campaign_id, coming, browser=browser(), now=now, by=By("device", device_id))
    return claimed if isinstance(claimed, Refusal) else (claimed, device)

"""The door of a gift: a company gave something to a person, who proves it by the reference or word and sees the code.

Mail scanners open links and send forms: what they know is the link alone, and that shows nothing.
"""

from uuid import UUID

from flask import request

from app.companies import queries as companies
from app.entitlements import queries as entitled
from app.entitlements.service import Opening
from app.gifting import queries, service
from app.gifting.queries import Claim, ProofKind
from app.kit import clock, crypto, db
from app.kit.errors import Invalid, Refusal, Required
from app.kit.events import By
from app.kit.secret import Secret
from app.merchants import queries as merchants
from app.orders import queries as orders
from app.web.guard import DEVICE_COOKIE, corrects, frame, unit
from app.web.language import here, whereabouts
from app.web.render import Page, Redirect, page
from app.web.shop import bp
from app.web.shop.checkout import goods_of
from app.web.shop.proof import browser, device_cookie, present_device
from app.web.shop.uses import uses_of
from app.web.shop.using import ticket_of
from app.web.shown import plain_values
from app.web.titles import titles_of

LONGEST_PROOF = 120


@bp.get("/g/<claim>")
def claim(claim: str) -> Page:
    found = queries.find_claim(claim, now=clock.now())
    return _page(found, claim) if found else dead()


@bp.post("/g/<claim>/proof")
@unit(None)
@corrects(claim)
def prove_claim(claim: str) -> Page | Redirect:
    """Let a browser in whose person knows the reference or the word."""
    proven = db.write(frame().merchant_id, lambda: _prove(claim))
    if isinstance(proven, Refusal):
        raise proven  # the wrong try is committed
    return Redirect(here(".claim", claim=claim), cookies=(device_cookie(proven.device_token),)) if proven else dead()


@bp.post("/g/<claim>/reveal")
@unit(None)
@corrects(claim)
def open_claim(claim: str) -> Page | Redirect:
    """Show the code to the browser that proved itself; the look is committed before anything is opened."""
    found = db.read(frame().merchant_id, lambda: queries.find_claim(claim, now=clock.now()))
    if found is None:
        return dead()
    opened = db.write(frame().merchant_id, lambda: _open(claim))
    if opened is None:
        return Redirect(here(".claim", claim=claim))
    openings, by = opened
    (secret,) = crypto.open([opening.reveal for opening in openings], by=by)
    return db.read(frame().merchant_id, lambda: _shown(claim, secret))


def dead() -> Page:
    """Return the one page of every link that leads nowhere: revoked, too old, or never made."""
    answer = page("shop/claim/dead.html", secret=True)
    answer.status = 404
    return answer


def _prove(claim: str) -> service.Admitted | Refusal | None:
    found, typed = queries.find_claim(claim, now=clock.now()), request.form.get("proof", "").strip()[:LONGEST_PROOF]
    if found is None:
        return None
    if not typed:
        raise Invalid({"proof": Required()})
    token = request.cookies.get(DEVICE_COOKIE, "")
    return service.prove(found, typed, device_token=token, browser=browser(), now=clock.now())


def _open(claim: str) -> tuple[list[Opening], By] | None:
    found, device_id = queries.find_claim(claim, now=clock.now()), _device_id()
    if found is None or not _is_mine(found):
        return None
    assert device_id
    openings = service.open_claim(found, device_id=device_id, browser=browser(), now=clock.now())
    return openings, By("device", device_id)


def _device_id() -> UUID | None:
    device = present_device()
    return device.id if device else None


def _is_mine(found: Claim) -> bool:
    """Tell whether this is the browser that proved itself last for this claim."""
    return found.row.device_id is not None and found.row.device_id == _device_id()


def _shown(claim: str, secret: Secret) -> Page:
    found = queries.find_claim(claim, now=clock.now())
    return _page(found, claim, secret) if found else dead()


def _page(found: Claim, token: str, secret: Secret | None = None) -> Page:
    order, sku_id = orders.get(found.handout.order_id), found.entitlement.sku_id
    mine = _is_mine(found)
    titles = titles_of(order, [sku_id])
    return page(
        "shop/claim/claim.html",
        fragments={"claim": "shop/claim/_claim.html"},
        secret=True,
        claim=found,
        token=token,
        company=companies.list_names([found.handout.company_id]).get(found.handout.company_id, ""),
        title=titles.get(sku_id, ""),
        good=goods_of(order)[sku_id],
        mine=mine,
        again=mine and not secret and entitled.asks_again([found.entitlement], found.row.proved_at, now=clock.now()),
        hides=merchants.reveals().hide_seconds,
        by_word=found.handout.proof is ProofKind.WORD,
        values=plain_values(secret),
        ours=[(use, ticket_of(use.id)) for use in uses_of([found.entitlement])] if mine else (),
        **whereabouts(here(".claim", claim=token)),
    )

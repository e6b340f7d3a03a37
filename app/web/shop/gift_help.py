"""Help at the code of a gift, and its paper, for the browser that claimed it; others are led to the gift's page."""

from flask_babel import gettext

from app.kit import clock, db
from app.kit.events import By
from app.kit.secret import Secret
from app.merchants import queries as merchants
from app.orders import queries as orders
from app.support.queries import Problem
from app.web.guard import corrects, frame, unit
from app.web.language import here, whereabouts
from app.web.render import Page, Redirect, page
from app.web.shop import bp, helping
from app.web.shop.checkout import goods_of
from app.web.shop.gifts import find_own, gift, open_code
from app.web.shop.helping import Piece, problem_of
from app.web.shop.keeping import drawn
from app.web.shop.parcels import codes_shown
from app.web.shop.proof import present_device

PROBLEMS = (Problem.INVALID, Problem.USED, Problem.PLACE)  # who was given it waits for nothing, and chose nothing


@bp.get("/gift/<gift>/help")
def gift_trouble(gift: str) -> Page | Redirect:
    piece = _find(gift)
    return helping.choice(piece) if piece else _to_gift(gift)


@bp.post("/gift/<gift>/help")
@corrects(gift_trouble)
def ask_gift_help(gift: str) -> Redirect:
    """Say what is wrong with a gift, and be led to what helps."""
    piece = _find(gift)
    return helping.name_problem(piece) if piece else _to_gift(gift)


@bp.get("/gift/<gift>/help/<problem>")
def fix_gift(gift: str, problem: str) -> Page | Redirect:
    piece, what = _find(gift), problem_of(problem)
    return helping.steps(piece, what) if piece else _to_gift(gift)


def fix_gift_or_choice(gift: str, problem: str) -> Page | Redirect:
    piece, what = _find(gift), problem_of(problem)
    return helping.steps_or_choice(piece, what) if piece else _to_gift(gift)


@bp.post("/gift/<gift>/help/<problem>/solved")
@corrects(fix_gift_or_choice)
def solve_gift_trouble(gift: str, problem: str) -> Redirect:
    piece, what = _find(gift), problem_of(problem)
    return helping.solve(piece, what) if piece else _to_gift(gift)


@bp.post("/gift/<gift>/help/<problem>/stuck")
@corrects(fix_gift_or_choice)
def tell_gift_trouble(gift: str, problem: str) -> Redirect:
    piece, what = _find(gift), problem_of(problem)
    return helping.tell(piece, what) if piece else _to_gift(gift)


@bp.post("/gift/<gift>/voucher")
@unit(None)
@corrects(gift)
def gift_voucher(gift: str) -> Page | Redirect:
    """Show the code of a gift as a paper to be printed; that is a look like any other."""
    own = db.read(frame().merchant_id, lambda: find_own(gift))
    secret = open_code(gift) if own else None
    if secret is None:
        return _to_gift(gift)
    return db.read(frame().merchant_id, lambda: _paper(gift, secret))


def _paper(token: str, secret: Secret) -> Page | Redirect:
    found, back = find_own(token), here(".gift", gift=token)
    if found is None:
        return _to_gift(token)
    order = orders.get(found.gift.order_id)
    codes = codes_shown(order, [found.entitlement], goods_of(order), {found.entitlement.id: secret}, now=clock.now())
    return page(
        "shop/orders/voucher.html",
        secret=True,
        number=order.number,
        papers=[(code, drawn(code)) for code in codes],
        back=(back, gettext("To the gift")),
        hides=merchants.reveals().hide_seconds,
        **whereabouts(back),
    )


def _find(token: str) -> Piece | None:
    """Return what a gift gave, for the browser that has it."""
    found, device = find_own(token), present_device()
    if found is None or device is None:
        return None
    order, url, back = orders.get(found.gift.order_id), here(".gift_trouble", gift=token), here(".gift", gift=token)
    by, contact = By("device", device.id), found.gift.contact_mask
    return Piece(order, found.entitlement, by, contact, url, back, problems=PROBLEMS, is_gift=True)


def _to_gift(token: str) -> Redirect:
    return Redirect(here(".gift", gift=token))

"""Help at the code of an order: what is wrong, what to do about it as the code really stands, and telling the shop.

To look at these pages records nothing; to choose a problem, to say that it is solved, and to tell the shop are forms.
"""

from app.entitlements import queries as entitled
from app.kit.errors import NotFound
from app.kit.events import By
from app.kit.ids import from_public
from app.orders import queries as orders
from app.web.guard import corrects
from app.web.language import here
from app.web.render import Page, Redirect
from app.web.shop import bp, helping
from app.web.shop.helping import Piece, problem_of
from app.web.shop.placing import read_token
from app.web.shop.proof import is_mine, present_device


@bp.get("/o/<token>/help/<entitlement>")
def trouble(token: str, entitlement: str) -> Page | Redirect:
    piece = _find(token, entitlement)
    return helping.choice(piece) if piece else _to_order(token)


@bp.post("/o/<token>/help/<entitlement>")
@corrects(trouble)
def ask_help(token: str, entitlement: str) -> Redirect:
    """Say what is wrong, and be led to what helps."""
    piece = _find(token, entitlement)
    return helping.name_problem(piece) if piece else _to_order(token)


@bp.get("/o/<token>/help/<entitlement>/<problem>")
def fix(token: str, entitlement: str, problem: str) -> Page | Redirect:
    piece, what = _find(token, entitlement), problem_of(problem)
    return helping.steps(piece, what) if piece else _to_order(token)


def fix_or_choice(token: str, entitlement: str, problem: str) -> Page | Redirect:
    piece, what = _find(token, entitlement), problem_of(problem)
    return helping.steps_or_choice(piece, what) if piece else _to_order(token)


@bp.post("/o/<token>/help/<entitlement>/<problem>/solved")
@corrects(fix_or_choice)
def solve_trouble(token: str, entitlement: str, problem: str) -> Redirect:
    piece, what = _find(token, entitlement), problem_of(problem)
    return helping.solve(piece, what) if piece else _to_order(token)


@bp.post("/o/<token>/help/<entitlement>/<problem>/stuck")
@corrects(fix_or_choice)
def tell_trouble(token: str, entitlement: str, problem: str) -> Redirect:
    piece, what = _find(token, entitlement), problem_of(problem)
    return helping.tell(piece, what) if piece else _to_order(token)


def _find(token: str, entitlement: str) -> Piece | None:
    """Return a piece of an order; None for a browser that has not proved itself, which the order's page asks."""
    order, number, device = orders.get(read_token(token)), from_public("ent", entitlement), present_device()
    item = next((item for item in entitled.list_of_order(order.id) if item.id == number), None)
    if item is None:
        raise NotFound
    if device is None or not is_mine(order) or item.holder_id is not None:
        return None
    url, back = here(".trouble", token=token, entitlement=entitlement), here(".order", token=token)
    return Piece(order, item, By("device", device.id), order.contact_mask, url, back)


def _to_order(token: str) -> Redirect:
    return Redirect(here(".order", token=token))

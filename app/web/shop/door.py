"""The door that a mailed link leads to: to look at it shows and uses up nothing, to prove oneself opens it.

Mail scanners and previews open links, run their scripts and send their forms: what they know is the link alone.
"""

from collections.abc import Mapping
from functools import partial
from uuid import UUID

from app.delivery import queries as links
from app.delivery.queries import Link
from app.entitlements import queries as entitled
from app.kit import clock, db
from app.kit.errors import Refusal
from app.kit.secret import Secret
from app.orders import queries as orders
from app.orders.queries import Order
from app.web.guard import corrects, frame, unit
from app.web.language import here, whereabouts
from app.web.render import Page, Redirect, page
from app.web.shop import bp
from app.web.shop.checkout import goods_of, of_owner
from app.web.shop.opening import open_codes
from app.web.shop.placing import token_of
from app.web.shop.proof import Proven, is_mine, prove_by_password
from app.web.shop.shown import order_shown


@bp.get("/r/<link>")
def door(link: str) -> Page:
    found = links.find_link(link, now=clock.now())
    return door_page(orders.get(found.order_id), link) if found else dead()


@bp.post("/r/<link>/proof")
@unit(None)
@corrects(door)
def prove_at_door(link: str) -> Page | Redirect:
    """Let a browser in whose person knows the order password."""
    proven = db.write(frame().merchant_id, lambda: _prove(link))
    if isinstance(proven, Refusal):
        raise proven
    return Redirect(here(".door", link=link), cookies=proven.cookies) if proven else dead()


@bp.post("/r/<link>/reveal")
@unit(None)
@corrects(door)
def reveal_at_door(link: str) -> Page:
    found = db.read(frame().merchant_id, lambda: links.find_link(link, now=clock.now()))
    if found is None:
        return dead()
    find = partial(orders.get, found.order_id)
    opened = open_codes(find)
    answer = db.read(frame().merchant_id, lambda: door_page(find(), link, opened.codes))
    answer.cookies = opened.cookies
    return answer


def door_page(found: Order, link: str, opened: Mapping[UUID, Secret] | None = None) -> Page:
    """Return the page of a link: masked codes, and a form to prove oneself or, to who did, a button to see them."""
    mine = bool(opened) or is_mine(found)
    owned = entitled.list_held(found.id)
    return page(
        "shop/door/door.html",
        fragments={"door": "shop/door/_door.html"},
        secret=True,
        order=order_shown(found, owned, goods_of(found), now=clock.now(), opened=opened),
        link=link,
        token=token_of(found.id) if mine else "",
        **of_owner(found, owned, mine=mine),
        **whereabouts(here(".door", link=link)),
    )


def dead() -> Page:
    """Return the one page of every link that leads nowhere: too old, revoked, or never made."""
    answer = page("shop/door/dead.html", fragments={"door": "shop/door/_dead.html"}, secret=True)
    answer.status = 404
    return answer


def _prove(link: str) -> Proven | Refusal | None:
    """Check the password against the order of a link that is still good."""
    found: Link | None = links.find_link(link, now=clock.now())
    return prove_by_password(orders.get(found.order_id), found) if found else None

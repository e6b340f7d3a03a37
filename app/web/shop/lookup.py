"""Looking an order up from anywhere: by its number or contact, and its password; or having its link sent again.

All answers are the same, whether there is no such order, it is somebody else's, or the password is wrong.
"""

from flask import request

from app.delivery import queries as links
from app.delivery import service as delivery
from app.kit import clock, db
from app.kit.errors import Refusal
from app.web.forms import Form
from app.web.guard import corrects, frame, unit
from app.web.language import here
from app.web.render import Page, Redirect, page
from app.web.shop import bp
from app.web.shop.proof import asking, browser, device_cookie

LONGEST_NAME = 200
LONGEST_PASSWORD = 100


@bp.get("/lookup")
def lookup() -> Page:
    fragments, by_mail = {"lookup": "shop/lookup/_lookup.html"}, bool(links.proving_channels())
    return page("shop/lookup/lookup.html", fragments=fragments, secret=True, by_mail=by_mail)


@bp.post("/lookup")
@unit(None)
@corrects(lookup)
def look_up() -> Redirect:
    form = Form(request.form)
    name = form.text("name", most=LONGEST_NAME, required=True)
    password = form.text("password", most=LONGEST_PASSWORD, required=True)
    form.done()
    found = db.write(frame().merchant_id, lambda: delivery.look_up(name, password, asking(), now=clock.now()))
    if isinstance(found, Refusal):
        raise found  # the wrong try is committed
    url = here(".door", link=links.token_of(found.link_id))
    return Redirect(url, cookies=(device_cookie(found.device_token),))


@bp.get("/lookup/link")
def lost_link() -> Page:
    return page("shop/lookup/link.html", fragments={"lookup": "shop/lookup/_link.html"}, secret=True)


@bp.post("/lookup/link")
@corrects(lost_link)
def ask_link() -> Redirect:
    """Have the link of an order sent to the contact it was placed with; who asks is not told whether there is one."""
    form = Form(request.form)
    name = form.text("name", most=LONGEST_NAME, required=True)
    form.done()
    delivery.ask_link(name, browser(), now=clock.now())
    return Redirect(here(".link_asked"))


@bp.get("/lookup/sent")
def link_asked() -> Page:
    return page("shop/lookup/sent.html", secret=True)

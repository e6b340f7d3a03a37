"""What a buyer wants to hear by a channel: chosen from a message or the page of an order, without signing in.

The link says which contact and channel, signed. To open it changes nothing: scanners open links.
"""

from collections.abc import Mapping

from flask import request
from flask_babel import gettext

from app.delivery import queries as links
from app.delivery import service as delivery
from app.delivery.queries import Channel, Unwanted
from app.delivery.service import Wanted
from app.kit import clock
from app.kit.errors import NotFound, words
from app.kit.events import By
from app.orders.queries import Order
from app.web.channels import channel_words
from app.web.guard import frame
from app.web.language import here
from app.web.render import Page, Redirect, page
from app.web.shop import bp

HEADINGS: Mapping[Channel, str] = {
    Channel.EMAIL: words("What we tell you by e-mail"),
    Channel.SMS: words("What we tell you by SMS"),
    Channel.WECHAT: words("What we tell you in WeChat"),
    Channel.MINI: words("What we tell you in the mini program"),
    Channel.WECOM: words("What we tell you in WeCom"),
    Channel.DINGTALK: words("What we tell you in DingTalk"),
}


@bp.get("/ways/<way>")
def ways(way: str) -> Page:
    found = _read(way)
    wanted = delivery.wanted_by(found.contact_index, found.channel)
    return page("shop/ways/ways.html", secret=True, way=way, wanted=wanted.value, words=HEADINGS[found.channel])


@bp.post("/ways/<way>")
def choose_ways(way: str) -> Redirect:
    found, said = _read(way), request.form.get("wanted", "")
    if said in set(Wanted):
        delivery.choose_wanted(found.contact_index, found.channel, Wanted(said), now=clock.now(), by=By("contact"))
    return Redirect(here(".ways", way=way), toast=gettext("Saved"))


def ways_of(order: Order) -> list[tuple[str, str]]:
    """Return by which channels a buyer is told, in words, each with where they choose what."""
    found = links.list_ways(order)
    return [(channel_words(channel), here(".ways", way=found[channel])) for channel in found if channel in HEADINGS]


def _read(way: str) -> Unwanted:
    found = links.read_way(way)
    if found is None or found.merchant_id != frame().merchant_id or found.channel not in HEADINGS:
        raise NotFound
    return found

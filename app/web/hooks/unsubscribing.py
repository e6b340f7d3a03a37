"""One click in a mail program ends the letters that a buyer can do without (RFC 8058)."""

from flask import Response, request
from werkzeug.utils import redirect

from app.delivery import queries, service
from app.delivery.service import Wanted
from app.kit import clock, db, mail
from app.kit.errors import NotFound
from app.kit.events import By
from app.merchants import queries as merchants
from app.web.guard import unit
from app.web.hooks import bp


@bp.route("/u/<way>", methods=["GET", "POST"])
@unit(None)
def unsubscribe(way: str) -> Response:
    """End optional letters by POST, which mail programs send; a look alone leads to the page that asks."""
    found = queries.read_way(way)
    if found is None:
        raise NotFound
    if request.method != "POST":
        shop = db.read(found.merchant_id, merchants.current)
        return redirect(mail.link("shop_at.ways", shop=shop.slug, way=way), 303)  # type: ignore[return-value]
    db.write(found.merchant_id, lambda: _end(found))
    return Response("done", content_type="text/plain; charset=utf-8")


def _end(found: queries.Unwanted) -> None:
    if service.wanted_by(found.contact_index, found.channel) is Wanted.ALL:  # less than that is wanted already
        service.choose_wanted(found.contact_index, found.channel, Wanted.NEEDED, now=clock.now(), by=By("contact"))

"""Keeping: ways back to an order — on paper, by mail, in a calendar, on another device. Only the paper holds codes."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import segno
from flask import Response, request
from flask_babel import gettext
from markupsafe import Markup

from app.delivery import service as delivery
from app.entitlements import queries as entitled
from app.kit import clock, db
from app.kit.errors import NotFound
from app.kit.ids import from_public
from app.merchants import queries as merchants
from app.orders import queries as orders
from app.web.cashier import qr_picture
from app.web.guard import corrects, frame, unit
from app.web.headers import NOWHERE
from app.web.language import here, whereabouts
from app.web.render import MINE, Page, Redirect, fixed, page
from app.web.shop import bp
from app.web.shop.checkout import goods_of, order
from app.web.shop.opening import Opened, open_codes
from app.web.shop.parcels import CodeShown
from app.web.shop.placing import read_token
from app.web.shop.proof import browser, is_mine
from app.web.shop.saving import opened_order
from app.web.shop.shown import OrderShown, order_shown

SCANNED = ("code", "number", "link")  # what a till or a phone reads; a PIN or a password is typed
LONGEST_QR = 500


@bp.post("/o/<token>/voucher")
@unit(None)
@corrects(order)
def voucher(token: str) -> Page:
    """Show the codes of an order, or one of them, as papers to be printed; that is a look like any other."""
    order_id, one = read_token(token), from_public("ent", request.form.get("only", ""))
    opened = open_codes(lambda: orders.get(order_id), only=[one] if one else None)
    answer = db.read(frame().merchant_id, lambda: _papers(order_id, opened, here(".order", token=token)))
    answer.cookies = opened.cookies
    return answer


def _papers(order_id: UUID, opened: Opened, back: str) -> Page:
    shown = opened_order(order_id, opened)
    return page(
        "shop/orders/voucher.html",
        secret=True,
        number=shown.number,
        papers=[(code, drawn(code)) for code in shown.codes if code.values],
        back=(back, gettext("To the whole order")),
        hides=merchants.reveals().hide_seconds,
        **whereabouts(back),
    )


def drawn(code: CodeShown) -> str:
    """Return what is scanned of a code as a drawing within the page, so that no address ever stands for it; or ""."""
    values = code.values or {}
    text = next((values[field] for field in SCANNED if values.get(field)), "")
    if not text or len(text) > LONGEST_QR:
        return ""
    return Markup(segno.make_qr(text, error="m").svg_inline(border=2, omitsize=True, dark="#000", light="#fff"))


@bp.post("/o/<token>/mail")
@corrects(order)
def mail_link(token: str) -> Redirect:
    """Send the link of an order to its own contact once more; whoever asks sees nothing of it."""
    found = orders.get(read_token(token))
    delivery.ask_link(found.number, browser(), now=clock.now())
    return Redirect(here(".order", token=token), toast=gettext("The e-mail is on its way"))


@bp.get("/o/<token>/device.png")
def device(token: str) -> Response:
    """Give the address of an order's page as a picture, for another device to read; it proves nothing there."""
    orders.get(read_token(token))
    response = fixed(qr_picture(here(".order", token=token, _external=True)), "image/png", MINE)
    response.headers |= NOWHERE
    return response


@bp.get("/o/<token>/reminder.ics")
def reminder(token: str) -> Response:
    """Give the last days of an order's codes as calendar entries; without a code, and to nobody but its owner."""
    found = orders.get(read_token(token))
    if not is_mine(found):
        raise NotFound
    shown = order_shown(found, entitled.list_of_order(found.id), goods_of(found), now=clock.now())
    if not shown.reminds:
        raise NotFound
    text = "".join(f"{line}\r\n" for line in _calendar(shown, here(".order", token=token, _external=True), clock.now()))
    response = Response(text, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{shown.number}.ics"'
    response.headers |= NOWHERE
    return response


def _calendar(order: OrderShown, url: str, now: datetime) -> Iterator[str]:
    """Yield the lines of a calendar (RFC 5545): an entry for each last day, with a bell at nine three days before."""
    days = {
        (code.until.day, code.title) for code in order.codes if code.ready and code.until and not code.until.is_over
    }
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Miaofa//Orders//EN", "METHOD:PUBLISH")
    for day, title in sorted(days):
        summary = gettext("Last day to use: %(title)s", title=title)
        yield from (
            "BEGIN:VEVENT",
            f"UID:{order.number}-{day:%Y%m%d}-{_mark(title)}@miaofa",
            f"DTSTAMP:{now:%Y%m%dT%H%M%SZ}",
        )
        yield from (
            f"DTSTART;VALUE=DATE:{day:%Y%m%d}",
            *_folded(f"SUMMARY:{_escaped(summary)}"),
            *_folded(f"URL:{url}"),
        )
        yield from _folded(f"DESCRIPTION:{_escaped(f'{frame().merchant_name} · {order.number}')}")
        yield from ("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-P2DT15H", *_folded(f"DESCRIPTION:{_escaped(summary)}"))
        yield from ("END:VALARM", "END:VEVENT")
    yield "END:VCALENDAR"


def _mark(title: str) -> str:
    return UUID(bytes=title.encode().ljust(16, b"\0")[-16:]).hex[:12]


def _escaped(text: str) -> str:
    plain = " ".join(text.split()).replace("\\", "\\\\")
    return plain.replace(";", "\\;").replace(",", "\\,")


def _folded(line: str) -> Iterator[str]:
    """Yield a line of a calendar in pieces of 75 bytes, no character cut in two."""
    piece, size = "", 0
    for letter in line:
        width = len(letter.encode())
        if size + width > 74:
            yield piece
            piece, size = " ", 1
        piece, size = piece + letter, size + width
    yield piece

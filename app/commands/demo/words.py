"""What the demo's shop says itself with a delivery, in both languages, with pictures; and a product that opens later.

A shop that has written anything of its own stays as it is.
"""

from datetime import datetime
from io import BytesIO
from uuid import UUID

import segno

from app.catalog import queries as catalog
from app.catalog import service as shelving
from app.commands.demo.novelties import CLEAR_SKU, MADE
from app.commands.demo.tutorials import Scene, draw
from app.delivery import queries as delivery
from app.delivery import service as saying
from app.delivery.queries import WHOLE_SHOP, Medium, Place, Step, Words
from app.kit import db, pictures
from app.kit.events import SYSTEM

SCENE = Scene("#f4dfc8", "#a4501c")
STEPS = ("tab", "row", "counter")
GROUP = "https://example.com/haicha/group"
DELAY = 30  # minutes
SAID = {
    "zh": Words(
        title="{{ product }}，这样用",
        tips="请在门店**点单前**出示，一单一张。\n"
        "用不了？看[常见问题](https://example.com/haicha/faq)，或报订单号 {{ order }}。",
        steps=(Step("打开海茶小程序，点**我的**"), Step("点**券包**，输入卡密"), Step("到店点单时出示条码")),
        button="复制并去领券",
        button_url="https://example.com/haicha/redeem",
        invite="扫码进福利群，每周三**半价日**提前知道。",
        footer="{{ shop }} · {{ date }} · 共 {{ count }} 张",
    ),
    "en": Words(
        title="How to use {{ product }}",
        tips="Show it **before you order**, one for each drink.\nIt does not work? See the "
        "[questions](https://example.com/haicha/faq), or tell us order {{ order }}.",
        steps=(
            Step("Open the Haicha mini program and tap **Me**"),
            Step("Tap **Vouchers** and type the code"),
            Step("Show the bar code at the counter"),
        ),
        button="Copy and get the voucher",
        button_url="https://example.com/haicha/redeem",
        invite="Scan to join the group: it hears of **half-price Wednesdays** first.",
        footer="{{ shop }} · {{ date }}",
    ),
}
THANKS = {
    "zh": Words(title="谢谢惠顾", footer="有事报订单号 {{ order }}，{{ shop }}随时在。"),
    "en": Words(title="Thank you", footer="Anything wrong? Tell {{ shop }} order {{ order }}."),
}


def write(merchant_id: int, *, now: datetime) -> None:
    """Write the shop's own words, and let one product open a while after its payment."""
    if not db.read(merchant_id, delivery.list_standing):
        db.write(merchant_id, lambda: _write(now))


def _write(now: datetime) -> None:
    product = catalog.get_sku(CLEAR_SKU).product_id
    shown = {str(number): pictures.keep_drawn(draw(step, SCENE), now=now) for number, step in enumerate(STEPS, 1)}
    shown[saying.INVITE] = pictures.keep_drawn(_square(), now=now)
    for lang, words in SAID.items():
        _publish(Place(product, lang, Medium.PAGE), words, shown, now)
    for lang, words in THANKS.items():
        _publish(Place(WHOLE_SHOP, lang, Medium.MAIL), words, {}, now)
    shelving.set_opening(catalog.get_sku(MADE), DELAY, now=now, by=SYSTEM)


def _publish(place: Place, words: Words, shown: dict[str, UUID], now: datetime) -> None:
    saying.save_wording(place, words, now=now, by=SYSTEM)
    for slot, picture in shown.items():
        saying.put_picture(place, slot, picture, now=now, by=SYSTEM)
    saying.publish_wording(place, now=now, by=SYSTEM)


def _square() -> str:
    """Return the code of the group as a drawing."""
    drawn = BytesIO()
    segno.make_qr(GROUP).save(drawn, kind="svg", xmldecl=False, omitsize=True, light="#fff", border=2)
    return drawn.getvalue().decode()

"""Pictures of a product in the office: each comes in by a form of its own, so that nothing else waits for it."""

from functools import partial

from app.catalog import queries, service
from app.kit import clock, db, pictures
from app.kit.ids import from_public
from app.web.guard import actor, corrects, frame, needs, streams, unit
from app.web.language import here
from app.web.office import bp
from app.web.office.catalog import product as product_page
from app.web.office.uploading import keep, picture_from, saved
from app.web.render import Page, Redirect


def _page_of_step(product: str, step: int) -> Page:
    answer: Page = product_page(product)
    return answer


@bp.post("/<shop>/products/<product>/cover")
@needs("products.edit")
@unit(None)
@streams
@corrects(product_page)
def upload_cover(product: str) -> Page | Redirect:
    made = picture_from("cover")
    db.write(frame().merchant_id, partial(_put_cover, product, made))
    return _shown(product)


@bp.post("/<shop>/products/<product>/cover/remove")
@needs("products.edit")
@unit(None)
@corrects(product_page)
def remove_cover(product: str) -> Page | Redirect:
    db.write(frame().merchant_id, partial(_put_cover, product, None))
    return _shown(product)


@bp.post("/<shop>/products/<product>/steps/<int:step>")
@needs("products.edit")
@unit(None)
@streams
@corrects(_page_of_step)
def upload_step(product: str, step: int) -> Page | Redirect:
    made = picture_from(f"step_{step}")
    db.write(frame().merchant_id, partial(_put_step, product, step, made))
    return _shown(product)


@bp.post("/<shop>/products/<product>/steps/<int:step>/remove")
@needs("products.edit")
@unit(None)
@corrects(_page_of_step)
def remove_step(product: str, step: int) -> Page | Redirect:
    db.write(frame().merchant_id, partial(_put_step, product, step, None))
    return _shown(product)


def _put_cover(product: str, made: pictures.Remade | None) -> None:
    found = queries.get_whole(from_public("prd", product))
    service.change_cover(found, keep(made), now=clock.now(), by=actor().by)


def _put_step(product: str, step: int, made: pictures.Remade | None) -> None:
    found = queries.get_whole(from_public("prd", product))
    service.change_step(found, step, keep(made), now=clock.now(), by=actor().by)


def _shown(product: str) -> Page | Redirect:
    return saved(partial(product_page, product), here(".product", product=product, _anchor="pictures"))

"""A batch in the office: its facts corrected, recalled, released, undone, and its papers of origin."""

from functools import partial
from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Response, g, request
from flask_babel import gettext as _

from app.inventory import queries, service
from app.inventory.errors import FileTooLarge, NoPaper
from app.inventory.service import BatchFacts
from app.kit import clock, db, tasks
from app.kit.errors import Invalid
from app.kit.ids import from_public
from app.web.forms import Form
from app.web.guard import actor, client_network, corrects, frame, needs, streams, unit
from app.web.headers import NOWHERE
from app.web.language import here
from app.web.office import bp
from app.web.office.changing import LONGEST_REASON, SMALL, go_on
from app.web.office.stock import batch as batch_page
from app.web.render import Page, Redirect, page
from app.web.upload import Upload

LARGEST_PAPER = 5
MEGABYTE = 1024 * 1024


@bp.get("/<shop>/stock/<batch>/edit")
@needs("stock.edit")
def edit_batch(batch: str) -> Page:
    found = queries.get_batch(from_public("bat", batch))
    suppliers, _tags = queries.list_words()
    fixed = queries.was_sold_at_its_cost(found)
    return page("office/batches/edit.html", batch=found, suppliers=suppliers, fixed=fixed, labels=_labels())


@bp.post("/<shop>/stock/<batch>/edit")
@needs("stock.edit")
@unit(None)
@corrects(edit_batch)
def save_batch(batch: str) -> Redirect:
    merchant_id, form = frame().merchant_id, Form(request.form)
    found = db.read(merchant_id, lambda: queries.get_batch(from_public("bat", batch)))
    facts = _facts(form, found)
    known: dict[str, Any] = {"now": clock.now(), "by": actor().by}
    started = db.write(merchant_id, lambda: service.change_batch(found.id, facts, **known))
    for task_id in started:
        tasks.run(merchant_id, task_id, seconds=SMALL)
    return Redirect(here(".batch", batch=batch), toast=_("Saved."))


@bp.post("/<shop>/stock/<batch>/recall")
@needs("codes.freeze")
@unit(None)
@corrects(batch_page)
def recall_batch(batch: str) -> Redirect:
    return _change(batch, service.recall, _("The batch is recalled; it had no codes to freeze."))


@bp.post("/<shop>/stock/<batch>/release")
@needs("codes.freeze")
@unit(None)
@corrects(batch_page)
def release_batch(batch: str) -> Redirect:
    return _change(batch, service.release_recall, _("The recall is released."), counted=False)


@bp.post("/<shop>/stock/<batch>/undo")
@needs("codes.void")
@unit(None)
@corrects(batch_page)
def undo_batch(batch: str) -> Redirect:
    return _change(batch, service.undo_import, "")


@bp.post("/<shop>/stock/<batch>/proofs")
@needs("stock.proof")
@unit(None)
@streams
@corrects(batch_page)
def add_proof(batch: str) -> Redirect:
    upload = Upload(megabytes=LARGEST_PAPER)
    upload.check_csrf()
    g.typed = upload.fields
    number = db.read(frame().merchant_id, lambda: queries.get_batch(from_public("bat", batch)).id)
    content = _content(upload)
    known: dict[str, Any] = {"now": clock.now(), "by": actor().by}
    db.write(frame().merchant_id, lambda: service.add_proof(number, upload.file_name, content, **known))
    return Redirect(here(".batch", batch=batch), toast=_("The document is filed, sealed."))


@bp.post("/<shop>/stock/<batch>/proofs/<proof>")
@needs("stock.proof")
def download_proof(batch: str, proof: str) -> Response:
    found = queries.get_batch(from_public("bat", batch))
    known: dict[str, Any] = {"network": client_network(), "now": clock.now(), "by": actor().by}
    paper, content = service.take_proof(found.id, from_public("prf", proof), **known)
    response = Response(content, content_type=paper.media)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(paper.name)}"
    response.headers |= NOWHERE
    return response


def _content(upload: Upload) -> bytes:
    if not upload.file_name:
        raise Invalid({"paper": NoPaper()})
    content = b"".join(upload.pieces())
    if len(content) > LARGEST_PAPER * MEGABYTE:
        raise FileTooLarge(LARGEST_PAPER)
    return content


def _change(said: str, verb: Any, toast: str, *, counted: bool = True) -> Redirect:
    """Have a whole batch changed for a reason, and lead to how far that is."""
    merchant_id, form = frame().merchant_id, Form(request.form)
    known: dict[str, Any] = {"reason": form.text("reason", most=LONGEST_REASON, required=True)}
    if counted:
        known["count"] = form.number("count", default=0)
    form.done()
    number: UUID = db.read(merchant_id, lambda: queries.get_batch(from_public("bat", said)).id)
    started = db.write(merchant_id, partial(verb, number, now=clock.now(), by=actor().by, **known))
    return go_on(started) if started else Redirect(here(".batch", batch=said), toast=toast)


def _facts(form: Form, found: queries.Batch) -> BatchFacts:
    facts = BatchFacts(
        name=form.text("name", most=120, required=True),
        supplier=form.text("supplier", most=120),
        cost_amount=form.money("cost", found.cost_currency, default=found.cost.major).minor,
        purchased_on=form.date("purchased"),
        expires_on=form.date("expires"),
        rank=form.number("rank", default=0),
        tags=" ".join(form.text("tags", most=500).split()),
        note=form.text("note", most=2000),
    )
    form.done()
    return facts


def _labels() -> dict[str, str]:
    return {
        "name": _("Name of the batch"),
        "supplier": _("Supplier"),
        "cost": _("Cost"),
        "purchased": _("Purchased on"),
        "expires": _("Expires on"),
        "rank": _("Rank"),
        "tags": _("Tags"),
        "note": _("Note"),
    }

"""“I have sent it”: a buyer tells of a bank transfer and gives a proof, which people of the shop look at."""

from functools import partial
from uuid import UUID

from flask import g
from flask_babel import gettext

from app.inventory.errors import EmptyFile, FileTooLarge
from app.kit import clock, db
from app.kit.errors import Invalid, Refusal, Required
from app.kit.events import By
from app.orders import queries as orders
from app.payments import service as payments
from app.payments.errors import ProofTooLarge
from app.payments.service import PROOF_MEGABYTES, Proof, Word
from app.web.forms import Form
from app.web.guard import corrects, frame, streams, unit
from app.web.language import here
from app.web.render import Redirect
from app.web.shop import bp
from app.web.shop.checkout import order
from app.web.shop.placing import read_token
from app.web.times import business_day
from app.web.upload import Upload


@bp.post("/o/<token>/transfer")
@unit(None)
@streams
@corrects(order)
def tell_transfer(token: str) -> Redirect:
    upload, order_id = _upload(), read_token(token)
    form = Form(upload.fields)
    amount = form.money("amount", frame().currency)
    sent_on, payer = form.date("sent_on"), form.text("payer", most=80)
    (proof,) = form.also(lambda: _proof(upload))
    word = Word(amount, proof, sent_on, payer)
    db.write(frame().merchant_id, partial(_tell, order_id, word))
    return Redirect(here(".order", token=token), toast=gettext("Reported: the shop is looking at it"))


def _tell(order_id: UUID, word: Word) -> None:
    now, found = clock.now(), orders.get(order_id)
    by = By("device", found.device_id)
    payments.tell_transfer(found.id, word, today=business_day(now, frame().zone), now=now, by=by)


def _upload() -> Upload:
    try:
        upload = Upload(megabytes=PROOF_MEGABYTES)
    except FileTooLarge:
        raise Invalid({"proof": ProofTooLarge(PROOF_MEGABYTES)}) from None
    upload.check_csrf()
    g.typed = upload.fields
    return upload


def _proof(upload: Upload) -> Proof:
    """Return the proof, which takes its time; raises Invalid with what is wrong with it."""
    try:
        return payments.read_proof(b"".join(upload.pieces()))
    except FileTooLarge:
        raise Invalid({"proof": ProofTooLarge(PROOF_MEGABYTES)}) from None
    except EmptyFile:
        raise Invalid({"proof": Required()}) from None
    except Refusal as odd:
        raise Invalid({"proof": odd}) from None

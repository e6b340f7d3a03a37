"""The counter: somebody scans or types a code, and one big answer says whether it counts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from flask import request
from flask_babel import gettext as _

from app.catalog import queries as catalog
from app.entitlements import queries as entitled
from app.kit import clock, db
from app.kit.errors import Refusal
from app.kit.ids import from_public, public
from app.kit.recent import Recent
from app.kit.secret import Secret
from app.redemption import queries, service
from app.redemption.queries import Channel, Redemption, Typed, Undone
from app.redemption.service import Redeemed, Via
from app.web.dispatch import CORRECTABLE
from app.web.forms import Form
from app.web.guard import actor, client_network, corrects, frame, needs, unit
from app.web.language import here, lang, whereabouts
from app.web.office import bp
from app.web.office.refusals import said_to_staff
from app.web.render import Cookie, Page, Redirect, page, wants_fragment
from app.web.together import Scan, Scanned, together

PLACE_COOKIE = "counter_place"
YEAR = 365.0
LATEST = 10
LONGEST_CODE = 500
_names: Recent[dict[UUID, str]] = Recent()


@dataclass(frozen=True)
class Answer:
    """What became of one scan, in words; without a redemption it was refused."""

    made: Redeemed | None
    title: str
    tail: str
    why: str = ""
    mend: str = ""
    order_id: UUID | None = None


@dataclass(frozen=True)
class Line:
    """One use of those at this counter, and what took it back."""

    id: UUID
    title: str
    tail: str
    at: datetime
    uses: int
    undone: Redemption | Undone | None = None


@bp.get("/<shop>/counter")
@needs("redemption.redeem")
def counter() -> Page:
    return _page()


@bp.post("/<shop>/counter")
@needs("redemption.redeem")
@unit(None)
@corrects(counter)
def redeem() -> Page:
    form = Form(request.form)
    text = form.text("code", most=LONGEST_CODE, required=True)
    count = form.number("uses", default=1)
    form.done()
    merchant_id, key = frame().merchant_id, request.form.get("idem", "")[:100] or uuid4().hex
    scan = Scan(Typed(Secret(text)), db.read(merchant_id, _via), key, count)
    scanned = together.ask(merchant_id, scan)
    answered = db.read(merchant_id, lambda: _page(_answer(scanned)))
    answered.status = CORRECTABLE.get(scanned.refusal.kind, 409) if scanned.refusal else 200
    return answered


@bp.post("/<shop>/counter/place")
@needs("redemption.redeem")
def choose_place() -> Redirect:
    """Remember in this browser at which place it stands."""
    wanted = from_public("loc", request.form.get("place", ""))
    known = {place.id for place in queries.list_locations()}
    value = public("loc", wanted) if wanted is not None and wanted in known else ""
    return Redirect(here(".counter"), cookies=(Cookie(PLACE_COOKIE, value, "/office", YEAR),))


def counter_again(redemption: str) -> Page:
    """Return the counter after a roll-back that was refused."""
    return _page()


@bp.post("/<shop>/counter/<redemption>/rollback")
@needs("redemption.undo")
@corrects(counter_again)
def roll_back(redemption: str) -> Page | Redirect:
    number, reason = from_public("rdm", redemption), request.form.get("reason", "")
    service.roll_back(number, reason=reason, now=clock.now(), by=actor().by, network=client_network())
    return _page() if wants_fragment() else Redirect(here(".counter"), toast=_("Taken back"))


def _answer(scanned: Scanned) -> Answer:
    if made := scanned.made:
        return Answer(made, _title(made.sku_id), made.tail)
    assert scanned.refusal is not None
    return _refused(scanned.entitlement_id, scanned.refusal)


def _refused(number: UUID | None, refusal: Refusal) -> Answer:
    (verdict,) = queries.validate([number], now=clock.now())
    found, said = verdict.standing, said_to_staff(refusal)
    if found is None:
        return Answer(None, "", "", *said)
    return Answer(None, _title(found.sku_id), found.tail, *said, found.order_id)


def _page(answer: Answer | None = None) -> Page:
    """Return the counter; who asks by htmx for what became of a scan has its list already and gets the new line."""
    alone = answer is not None and wants_fragment()
    answered = page(
        "office/counter/counter.html",
        fragments={
            "counter-answer": "office/counter/_answered.html",
            "counter-result": "office/counter/_result.html",
        },
        secret=True,
        answer=answer,
        lines=_new(answer) if alone else _latest(),
        idem=uuid4().hex,
        **({} if wants_fragment() else _around()),
        **whereabouts(here(".counter")),
    )
    answered.camera = True
    return answered


def _new(answer: Answer | None) -> list[Line]:
    """Return the line of a use that is not in the list of its counter yet."""
    made = answer.made if answer else None
    return [Line(made.id, _title(made.sku_id), made.tail, made.at, made.uses)] if made and not made.again else []


def _latest() -> list[Line]:
    acts = queries.list_latest(Channel.COUNTER, _place(), limit=LATEST)
    tails = entitled.tails({act.row.entitlement_id for act in acts})
    titles = _titles({act.row.sku_id for act in acts})
    return [
        Line(
            id=act.row.id,
            title=titles.get(act.row.sku_id, ""),
            tail=tails.get(act.row.entitlement_id, ""),
            at=act.row.at,
            uses=act.row.uses,
            undone=act.undone,
        )
        for act in acts
    ]


def _around() -> dict[str, Any]:
    """Return what only the whole page shows: the places, and the one this browser stands at."""
    places, chosen = queries.list_locations(), _place()
    return {
        "places": [(public("loc", place.id), place.name) for place in places],
        "place": next((place for place in places if place.id == chosen), None),
    }


def _via() -> Via:
    return Via(Channel.COUNTER, actor().by, _place(), client_network(), principal=f"counter:{actor().user_id}")


def _place() -> UUID | None:
    """Return the place this browser stands at; one that is closed by now is none."""
    wanted = from_public("loc", request.cookies.get(PLACE_COOKIE, ""))
    return wanted if wanted in queries.open_places() else None


def _titles(sku_ids: set[UUID]) -> dict[UUID, str]:
    """Return what SKUs are called, as this process remembers it for a moment."""
    said, own = lang(), frame()
    key = (own.merchant_id, said, own.lang, frozenset(sku_ids))
    return _names.find(key, lambda: catalog.titles(sku_ids, said, own.lang)) or {}


def _title(sku_id: UUID) -> str:
    return _titles({sku_id}).get(sku_id, "")

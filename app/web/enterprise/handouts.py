"""Hand-outs: a batch is given to a list of people, one link each, and the board shows how each stands."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from flask import Response, g, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from app.gifting import queries, service
from app.gifting.queries import Handout, HandoutRow, HandoutState, Person, ProofKind
from app.kit import clock, db
from app.kit.errors import NotFound
from app.kit.ids import from_public, public
from app.kit.listing import listed
from app.orders import queries as orders
from app.web.enterprise import bp, lists
from app.web.enterprise.acting import check_company, company_id
from app.web.enterprise.batches import free_batches, written
from app.web.firms import claim_problem, claim_state
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs, settings, streams, unit
from app.web.language import LANGUAGES, here, lang
from app.web.render import Page, Redirect, page
from app.web.saving import FORMATS, saved

PROOFS = {kind.name.lower(): kind for kind in ProofKind}


@bp.get("/handouts")
@needs("company.handout")
def handouts() -> Page:
    found = listed(queries.handouts_of(company_id()), request.args)
    rows: Sequence[Handout] = found.page.rows
    return page(
        "enterprise/handouts/handouts.html",
        fragments={"handouts": "enterprise/handouts/_handouts.html"},
        listed=found,
        counts=queries.count_states([row.id for row in rows]),
        numbers=orders.list_numbers(row.order_id for row in rows),
        heads=[(claim_state(state), "num") for state in queries.STATES],
        states=[(state, claim_state(state)) for state in queries.STATES],
    )


@bp.get("/handouts/new")
@needs("company.handout")
def new_handout() -> Page:
    return page(
        "enterprise/handouts/new.html",
        batches=free_batches(),
        chosen=request.args.get("batch", ""),
        most=queries.MOST_ROWS,
        spoken=list(LANGUAGES.items()),
        secret=True,
    )


@bp.post("/handouts")
@needs("company.handout")
@corrects(new_handout)
def draft_handout() -> Redirect:
    check_company(request.form.get("company", ""))
    return _drafted(request.form, queries.people_of(request.form.get("people", "")))


@bp.post("/handouts/file")
@needs("company.handout")
@unit(None)
@streams
@corrects(new_handout)
def draft_handout_file() -> Redirect:
    """Take the people from a file instead, which is read as it comes in."""
    upload = lists.open_upload()
    g.typed = upload.fields
    check_company(upload.fields.get("company", ""))
    people = list(queries.people_in(lists.read_cells(lists.content_of(upload))))
    return db.write(frame().merchant_id, lambda: _drafted(upload.fields, people))


def _drafted(fields: Mapping[str, str], people: Iterable[Person]) -> Redirect:
    form = Form(fields)
    batch, name = form.text("batch", most=64, required=True), form.text("name", most=120, required=True)
    form.done()
    proof = PROOFS.get(form.fields.get("proof", ""), ProofKind.REFERENCE)
    spoken = form.fields.get("lang", "")
    plan = service.Plan(company_id(), from_public("ord", batch), name, proof, spoken if spoken in LANGUAGES else lang())
    number = service.draft(plan, list(people), now=clock.now(), by=actor().by)
    return Redirect(here(".handout", handout=public("hnd", number)))


@bp.get("/handouts/<handout>")
@needs("company.handout")
def handout(handout: str) -> Page:
    return _board(_get(handout))


@bp.post("/handouts/<handout>/confirmation")
@needs("company.handout")
@corrects(handout)
def confirm_handout(handout: str) -> Redirect:
    form = Form(request.form)
    count = form.number("count", default=0)
    form.done()
    service.confirm(from_public("hnd", handout), company_id=company_id(), count=count, now=clock.now(), by=actor().by)
    said = ngettext("%(num)s person has something now", "%(num)s people have something now", count)
    return Redirect(here(".handout", handout=handout), toast=said)


@bp.post("/handouts/<handout>/discarding")
@needs("company.handout")
def discard_handout(handout: str) -> Redirect:
    service.discard(from_public("hnd", handout), company_id=company_id())
    return Redirect(here(".handouts"), toast=_("The draft is gone"))


@bp.post("/handouts/<handout>/reminders")
@needs("company.handout")
@corrects(handout)
def remind(handout: str) -> Redirect:
    """Remind everybody who has not opened what is theirs, or one of them."""
    row, number = from_public("clm", request.form.get("claim", "")), from_public("hnd", handout)
    told = service.remind(number, row, company_id=company_id(), now=clock.now(), by=actor().by)
    return Redirect(
        here(".handout", handout=handout),
        toast=ngettext("%(num)s letter is on its way", "%(num)s letters are on their way", told),
    )


def handout_again(handout: str, person: str) -> Page:
    """Return the board after taking something back was refused."""
    return _board(_get(handout))


@bp.post("/handouts/<handout>/claims/<person>/revocation")
@needs("company.handout")
@corrects(handout_again)
def revoke_claim(handout: str, person: str) -> Redirect:
    number, row = from_public("hnd", handout), from_public("clm", person)
    reason = request.form.get("reason", "")
    service.revoke(number, row, reason=reason, company_id=company_id(), now=clock.now(), by=actor().by)
    return Redirect(here(".handout", handout=handout), toast=_("Taken back: the link no longer works"))


@bp.get("/handouts/<handout>/export.<kind>")
@needs("company.handout")
@unit(None)
def export_handout(handout: str, kind: str) -> Response:
    if kind not in FORMATS:
        raise NotFound
    merchant, company = frame().merchant_id, company_id()
    found = db.read(merchant, lambda: queries.get(from_public("hnd", handout), company_id=company))
    header = [_("Person"), _("Reference"), _("Status"), _("Opened"), _("Link")]
    header += [_("Word")] if found.proof is ProofKind.WORD else []
    return saved(kind, f"handout-{found.created_at:%Y-%m-%d}", header, _file(merchant, found))


@dataclass(frozen=True)
class ClaimShown:
    """A person on the board; link and word are for who hands out, while nothing was opened or taken back."""

    row: HandoutRow
    state: str
    problem: str
    link: str
    word: str


def _get(handout: str) -> Handout:
    return queries.get(from_public("hnd", handout), company_id=company_id())


def _board(found: Handout) -> Page:
    people = listed(queries.rows_of(found.id), request.args)
    return page(
        "enterprise/handouts/handout.html",
        fragments={"board": "enterprise/handouts/_board.html"},
        secret=True,
        handout=found,
        number=public("hnd", found.id),
        is_draft=found.state is HandoutState.DRAFT,
        ready=queries.count_ready(found, now=clock.now()) if found.state is HandoutState.DRAFT else found.ready,
        order=orders.get(found.order_id),
        listed=people,
        rows=_claims(found, people.page.rows),
        counts=_counts(found),
        formats=list(FORMATS),
    )


def _counts(found: Handout) -> list[tuple[str, str, int]]:
    if found.state is HandoutState.DRAFT:
        counted = queries.count_problems(found.id)
        return [(key, claim_problem(key), counted[key]) for key in sorted(counted, reverse=True) if key]
    counted = queries.count_states([found.id])[found.id]
    rest = found.total - sum(counted.values())
    none = [("", _("Not given"), rest)] if rest else []
    return [*((state, claim_state(state), counted[state]) for state in queries.STATES), *none]


def _claims(found: Handout, rows: Sequence[HandoutRow]) -> list[ClaimShown]:
    states, given = queries.states(rows), found.state is HandoutState.GIVEN
    return [
        ClaimShown(
            row,
            states[row.id] if row.entitlement_id else "",
            claim_problem(row.problem) if row.problem else "",
            _link(row) if given and row.entitlement_id and states[row.id] in ("new", "opened") else "",
            queries.word_of(row.id) if given and found.proof is ProofKind.WORD and row.entitlement_id else "",
        )
        for row in rows
    ]


def _link(row: HandoutRow) -> str:
    path = url_for("shop_at.claim", shop=frame().slug, claim=queries.token_of(row.id))
    return f"{settings().base_url}{path}"


def _file(merchant_id: int, found: Handout) -> Iterator[list[str]]:
    cursor: str | None = ""
    while cursor is not None:
        some, cursor = db.read(merchant_id, partial(_some, found, cursor))
        for each in some:
            state = claim_state(each.state) if each.state else each.problem
            words = [each.row.person, each.row.reference, state, written(each.row.opened_at), each.link]
            yield [*words, *([each.word] if found.proof is ProofKind.WORD else [])]


def _some(found: Handout, cursor: str) -> tuple[list[ClaimShown], str | None]:
    some = listed(queries.rows_of(found.id), {"cursor": cursor, "size": "200"})
    return _claims(found, some.page.rows), some.page.next

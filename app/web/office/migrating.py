"""Moving in from another shop system: a file is looked at, and taken over when somebody says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import g
from flask_babel import gettext as _
from flask_babel import ngettext

from app.kit import clock, tasks
from app.kit.errors import words
from app.migration import queries, service
from app.migration.queries import Plan
from app.migration.service import SHAPES, Held
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs, streams, unit
from app.web.language import here
from app.web.office import bp
from app.web.office.shown import kind_name
from app.web.office.stock import SMALL_IMPORT
from app.web.render import Page, Redirect, page
from app.web.times import business_day
from app.web.upload import Upload

SHOWN, LARGEST_UPLOAD = 50, 64  # findings; megabytes
SYSTEMS: Mapping[str, str] = {
    "dujiaoka": words("dujiaoka 2: SQL dump or CSV"),
    "acg-faka": words("acg-faka 3: SQL dump or CSV"),
    "sheet": words("A table of your own: CSV or XLSX"),
}
WHATS: Mapping[str, str] = {"product": words("Products"), "code": words("Codes")}


@dataclass(frozen=True)
class Brought:
    """What a form brings: from which system, how often loop cards may be sold, and the file."""

    shape: service.Shape
    uses: int
    files: list[Held]


@bp.get("/<shop>/migration", endpoint="migration")
@needs("codes.import")
def migration() -> Page:
    return _page(None)


@bp.post("/<shop>/migration/look")
@needs("codes.import")
@unit(None)
@streams
@corrects(migration)
def look_at_migration() -> Page:
    brought = _brought()
    return _page(service.look(frame().merchant_id, brought.shape, brought.files, uses=brought.uses))


@bp.post("/<shop>/migration")
@needs("codes.import")
@unit(None)
@streams
@corrects(migration)
def take_migration() -> Redirect:
    brought, now, merchant_id = _brought(), clock.now(), frame().merchant_id
    today = business_day(now, frame().zone)
    taken = service.take_over(
        merchant_id, brought.shape, brought.files, uses=brought.uses, now=now, today=today, by=actor().by
    )
    for task_id in taken.tasks[:1]:
        tasks.run(merchant_id, task_id, seconds=SMALL_IMPORT)
    drafts = ngettext("%(num)s product is a draft now", "%(num)s products are drafts now", len(taken.plan.products))
    coming = ngettext("%(num)s code comes in", "%(num)s codes come in", taken.plan.codes)
    return Redirect(here(".batches"), toast=f"{drafts} · {coming}")


def _brought() -> Brought:
    upload = Upload(megabytes=LARGEST_UPLOAD)
    upload.check_csrf()
    g.typed = upload.fields
    form = Form(upload.fields)
    system, uses = form.text("system", most=20, required=True), form.number("uses", default=0)
    form.done()
    shape = SHAPES.get(system, SHAPES["sheet"])
    return Brought(shape, min(max(uses, 0), service.MOST_USES), [Held(upload.pieces())])


def _page(plan: Plan | None) -> Page:
    return page(
        "office/migrating/migration.html",
        fragments={"findings": "office/migrating/_findings.html"},
        systems=[(name, _(text)) for name, text in SYSTEMS.items()],
        megabytes=LARGEST_UPLOAD,
        plan=plan,
        **(_shown(plan) if plan else {}),
    )


def _shown(plan: Plan) -> dict[str, Any]:
    counts = plan.counts
    return {
        "figures": [
            (len(plan.products), _("New products, as drafts"), "ok"),
            (plan.codes, _("Unsold codes"), ""),
            (counts["new"] + queries.count_shared(plan), _("New"), "ok"),
            (counts["in_file"], _("Twice in the file"), "mute"),
            (counts["in_stock"], _("In stock already"), "mute"),
            (counts["invalid"], _("No codes"), "bad"),
            (plan.orders, _("Orders, not taken over"), "mute"),
        ],
        "lines": [(line, kind_name(line.kind)) for line in list(plan.lines.values())[:SHOWN]],
        "more": max(len(plan.lines) - SHOWN, 0),
        "left": [(_(WHATS[what]), _(why), count) for (what, why), count in queries.list_left(plan)],
    }

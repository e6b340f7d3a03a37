"""Channels: the parties that carry messages for the shop, their keys, order and templates, and whether they work."""

from functools import partial
from typing import Any
from uuid import UUID

from flask import request, url_for
from flask_babel import gettext as _

from app.kit import clock, db, effects, events
from app.kit.errors import NotFound
from app.kit.ids import from_public, new_id, public
from app.kit.secret import Secret
from app.messages import queries, service
from app.messages.errors import NoSuchTemplate, NoSuchVariable
from app.messages.queries import Carrier, Provider, Template
from app.orders.queries import mask_contact
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs, settings, unit
from app.web.language import LANGUAGES, here
from app.web.office import bp
from app.web.office.carriers import (
    FINDINGS,
    carrier_shown,
    channels_shown,
    party_shown,
    samples_shown,
    template_shown,
    templates_shown,
    trial_shown,
    values_shown,
)
from app.web.office.changes import happened
from app.web.office.mini import mini_shown
from app.web.office.parties import account_typed, finding_shown
from app.web.office.proving import prove
from app.web.render import Page, Redirect, page

WAIT = 8.0  # seconds somebody waits for a test
LATEST = 10  # of what happened to a carrier
ROWS = 6  # variables that a template may have
LONGEST_NAME, LONGEST_CODE, LONGEST_ADDRESS = 40, 100, 128


@bp.get("/<shop>/channels")
@needs("channels.edit")
def channels() -> Page:
    parties = [party_shown(party) for party in queries.list_providers()]
    return page(
        "office/channels/channels.html",
        channels=channels_shown(queries.list_carriers()),
        retired=[carrier_shown(row) for row in queries.list_retired(now=clock.now())],
        parties=parties,
        sender=settings().mail_from,
    )


@bp.get("/<shop>/channels/new/<party>")
@needs("channels.edit")
def new_carrier(party: str) -> Page:
    once = request.form.get("once", "") or public("carrier", new_id())
    return page("office/channels/new.html", party=party_shown(_party(party)), once=once)


@bp.post("/<shop>/channels/new/<party>")
@needs("channels.edit")
@unit(None)
@corrects(new_carrier)
def add_carrier(party: str) -> Redirect:
    known = _party(party)
    account, title = account_typed(known.fields, known.numbered_by, known=False), _title_typed()
    prove()
    once = from_public("carrier", request.form.get("once", ""))
    add = partial(service.add_carrier, provider_name=party, account=account, title=title, carrier_id=once)
    added = db.write(frame().merchant_id, lambda: public("carrier", add(now=clock.now(), by=actor().by).id))
    return Redirect(here(".carrier", carrier=added), toast=_("Connected: now try it out"))


@bp.get("/<shop>/channels/<carrier>")
@needs("channels.edit")
def carrier(carrier: str) -> Page:
    found = _carrier(carrier)
    return page("office/channels/carrier.html", number=carrier, **_account_shown(found), **_templates_shown(found))


def _account_shown(found: Carrier) -> dict[str, Any]:
    """Return what of a carrier is the account's: its form, what a self-test found, and what happened."""
    return {
        "carrier": carrier_shown(found),
        "party": party_shown(queries.provider(found.provider)),
        "settings": found.settings,
        "findings": [finding_shown(finding, FINDINGS) for finding in found.findings],
        "receipts": _receipts_url(found),
        "mini": mini_shown(found),
        "trail": happened(events.timeline(subject=("carrier", found.id)))[:LATEST],
    }


def _templates_shown(found: Carrier) -> dict[str, Any]:
    """Return the templates of a carrier, and what was sent of them for a test."""
    shown = templates_shown(queries.templates_of(found.id))
    return {
        "templates": shown,
        "samples": samples_shown(shown, needs_templates=queries.provider(found.provider).needs_template),
        "trials": [trial_shown(trial) for trial in queries.list_trials(found.id)],
    }


@bp.post("/<shop>/channels/<carrier>/account")
@needs("channels.edit")
@unit(None)
@corrects(carrier)
def change_carrier(carrier: str) -> Redirect:
    found = db.read(frame().merchant_id, lambda: _carrier(carrier))
    party = queries.provider(found.provider)
    account = account_typed(party.fields, party.numbered_by, known=True)
    prove()
    change = partial(service.change_carrier, found.id, account, now=clock.now(), by=actor().by)
    db.write(frame().merchant_id, change)
    return _back(carrier, _("Saved"))


@bp.post("/<shop>/channels/<carrier>/name")
@needs("channels.edit")
@corrects(carrier)
def rename_carrier(carrier: str) -> Redirect:
    service.rename_carrier(_carrier(carrier).id, _title_typed(), now=clock.now(), by=actor().by)
    return _back(carrier, _("Saved"))


def _title_typed() -> str:
    form = Form(request.form)
    title = form.text("title", most=LONGEST_NAME)
    form.done()
    return title


@bp.post("/<shop>/channels/<carrier>/switch")
@needs("channels.edit")
@corrects(carrier)
def switch_carrier(carrier: str) -> Redirect:
    on = request.form.get("on") == "1"
    service.switch_carrier(_carrier(carrier).id, on=on, now=clock.now(), by=actor().by)
    return _back(carrier, _("In use now") if on else _("Not in use any more"))


@bp.post("/<shop>/channels/<carrier>/mending")
@needs("channels.edit")
@corrects(carrier)
def mend_carrier(carrier: str) -> Redirect:
    service.mend(_carrier(carrier).id, now=clock.now(), by=actor().by)
    return _back(carrier, _("In use again"))


@bp.post("/<shop>/channels/<carrier>/up")
@needs("channels.edit")
@corrects(lambda carrier: channels())
def raise_carrier(carrier: str) -> Redirect:
    """Ask a carrier one place earlier."""
    service.raise_carrier(_carrier(carrier).id, now=clock.now(), by=actor().by)
    return Redirect(here(".channels"), toast=_("Saved"))


@bp.post("/<shop>/channels/<carrier>/test")
@needs("channels.edit")
@unit(None)
@corrects(carrier)
def try_carrier(carrier: str) -> Redirect:
    """Try an account out while the person waits; what takes longer is on the page later."""
    merchant = frame().merchant_id
    asked = db.write(merchant, lambda: _ask_test(_carrier(carrier)))
    effects.perform(merchant, [asked], within=WAIT)
    return Redirect(here(".carrier", carrier=carrier) + "#test")


@bp.post("/<shop>/channels/<carrier>/address")
@needs("channels.edit")
@corrects(carrier)
def change_carrier_address(carrier: str) -> Redirect:
    """Give a carrier another address for its receipts, or end the one before."""
    ends = request.form.get("former") == "end"
    verb = service.end_former_hook if ends else service.change_hook
    verb(_carrier(carrier).id, now=clock.now(), by=actor().by)
    said = _("The former address no longer works") if ends else _("New address: enter it in the console of the service")
    return Redirect(here(".carrier", carrier=carrier) + "#test", toast=said)


@bp.get("/<shop>/channels/<carrier>/removal")
@needs("channels.edit")
def carrier_removal(carrier: str) -> Page:
    found = _carrier(carrier)
    shown, last = carrier_shown(found), queries.is_last(found)
    return page(
        "office/channels/removal.html", carrier=shown, number=carrier, is_last=last, days=queries.AFTERLIFE.days
    )


@bp.post("/<shop>/channels/<carrier>/removal")
@needs("channels.edit")
@unit(None)
@corrects(carrier_removal)
def remove_carrier(carrier: str) -> Redirect:
    number, meant = db.read(frame().merchant_id, lambda: _carrier(carrier).id), request.form.get("even_last") == "1"
    prove()
    retire = partial(service.retire_carrier, number, even_last=meant, now=clock.now(), by=actor().by)
    db.write(frame().merchant_id, retire)
    return Redirect(here(".channels"), toast=_("Removed: nothing is sent through it any more"))


def _ask_test(found: Carrier) -> UUID:
    return service.ask_test(found.id, receipts_url=_receipts_url(found), now=clock.now())


# Approved templates ----------------------------------------------------------------------------------------------


@bp.get("/<shop>/channels/<carrier>/templates/<about>/<language>")
@needs("channels.edit")
def carrier_template(carrier: str, about: str, language: str) -> Page:
    found = _templates_carrier(carrier, about, language)
    template = queries.templates_of(found.id).get((about, language), Template(""))
    return page(
        "office/channels/template.html",
        carrier=carrier_shown(found),
        number=carrier,
        approved=template_shown(about, language, template),
        pairs=[*template.variables, *[("", "")] * ROWS][:ROWS],
        values=values_shown(about),
    )


@bp.post("/<shop>/channels/<carrier>/templates/<about>/<language>")
@needs("channels.edit")
@corrects(carrier_template)
def change_carrier_template(carrier: str, about: str, language: str) -> Redirect:
    found, form = _templates_carrier(carrier, about, language), Form(request.form)
    template = _template_typed(form, about)
    form.done()
    service.set_template(found.id, about, language, template, now=clock.now(), by=actor().by)
    return Redirect(here(".carrier", carrier=carrier) + "#templates", toast=_("Saved"))


def _template_typed(form: Form, about: str) -> Template | None:
    """Return the template that a form tells, or None when its number was taken away."""
    pairs = []
    for row in range(ROWS):
        theirs, ours = form.text(f"theirs_{row}", most=LONGEST_NAME), form.fields.get(f"ours_{row}", "")
        if bool(theirs) != bool(ours) or (ours and ours not in queries.VALUES_OF[about]):
            form.faults["variables"] = NoSuchVariable()
        if theirs and ours:
            pairs.append((theirs, ours))
    code = form.text("code", most=LONGEST_CODE)
    return Template(code, tuple(pairs)) if code or pairs else None


# A message to oneself --------------------------------------------------------------------------------------------


@bp.post("/<shop>/channels/<carrier>/trials")
@needs("channels.edit")
@unit(None)
@corrects(carrier)
def send_trial(carrier: str) -> Redirect:
    """Send a message with made-up values while the person waits."""
    form = Form(request.form)
    to = form.text("to", most=LONGEST_ADDRESS, required=True)
    about, _slash, language = form.text("what", most=LONGEST_CODE).partition("/")
    if about not in queries.VALUES_OF or language not in LANGUAGES:
        form.faults["what"] = NoSuchTemplate()
    form.done()
    ask = partial(_ask_trial, carrier, Secret(to), about, language)
    effects.perform(frame().merchant_id, [db.write(frame().merchant_id, ask)], within=WAIT)
    return Redirect(here(".carrier", carrier=carrier) + "#trial")


def _ask_trial(carrier: str, to: Secret, about: str, language: str) -> UUID:
    known = {"about": about, "lang": language, "to": to, "mask": mask_contact(to.expose())}
    return service.ask_trial(_carrier(carrier).id, **known, now=clock.now(), by=actor().by)[1]  # type: ignore[arg-type]


def _party(name: str) -> Provider:
    party = queries.find_provider(name)
    if party is None:
        raise NotFound
    return party


def _carrier(carrier: str) -> Carrier:
    return queries.get_carrier(from_public("carrier", carrier))


def _templates_carrier(carrier: str, about: str, language: str) -> Carrier:
    """Return a carrier that has a template for this in this language, or could have one."""
    found = _carrier(carrier)
    if about not in queries.VALUES_OF or language not in LANGUAGES:
        raise NotFound
    return found


def _receipts_url(found: Carrier) -> str:
    return settings().base_url + url_for("hooks.receipts", token=found.hook_token)


def _back(carrier: str, said: str) -> Redirect:
    return Redirect(here(".carrier", carrier=carrier), toast=said)

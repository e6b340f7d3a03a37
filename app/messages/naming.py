"""Naming: an app whose messages need an address of its own says whose login code somebody came with.

Of several accounts of a channel the first one counts, rested or not: an address is good with that account alone.
"""

from sqlalchemy import select

from app.kit import clock, db
from app.kit.effects import Answer, Done, Refused
from app.kit.errors import NotFound, Refusal
from app.kit.http import Client
from app.kit.secret import Secret
from app.messages.carrying import Fault, Line, line, record_faults
from app.messages.errors import LoginCodeRefused, NobodyNamed, PersonBlocked, TooManyLogins
from app.messages.models import IN_ORDER, Carrier, CarrierTemplate
from app.messages.providers import Channel, Later, NamesPeople, OutOfOrder, Template, provider

WAIT = 3.0
BLOCKED = "40226"
ABOUTS = ("ready", "queued", "refunded")  # what somebody is asked to allow, the most wanted first
MOST = 3  # templates that one tap may allow


def asks_itself(channel: Channel) -> bool:
    """Tell whether the app that carries messages of a channel asks its people by itself, and has what to ask for."""
    first = _first(channel)
    if first is None or first.settings.get("asks") != "yes":
        return False
    templates = select(CarrierTemplate.carrier_id).where(CarrierTemplate.carrier_id == first.id)
    return db.session().scalar(templates.limit(1)) is not None


def namer(channel: Channel) -> Line:
    """Return the line to the account that names people of a channel, or refuse with NotFound."""
    first = _first(channel)
    if first is None or not isinstance(provider(first.provider), NamesPeople):
        raise NotFound
    rows = db.session().scalars(select(CarrierTemplate).where(CarrierTemplate.carrier_id == first.id))
    return line(first, {(row.about, row.lang): Template(row.code) for row in rows})


def _first(channel: Channel) -> Carrier | None:
    mine = (Carrier.channel == channel, *IN_ORDER)
    return db.session().scalar(select(Carrier).where(*mine).order_by(Carrier.position, Carrier.id).limit(1))


def templates_to_allow(way: Line, lang: str) -> list[str]:
    """Return the templates that somebody has to allow to be told in a language, as many as one tap can."""
    known = [way.template_about(about, lang) for about in ABOUTS]
    return list(dict.fromkeys(one.code for one in known if one))[:MOST]


def name_person(way: Line, code: Secret) -> Secret:
    """Return what an app calls the person of a login code, or refuse; no unit may be open."""
    party = provider(way.provider)
    assert isinstance(party, NamesPeople)
    with Client(WAIT) as http:
        answer = party.identify(code, way.account, http)
    if isinstance(answer, OutOfOrder):
        fault = Fault(way.carrier_id, answer.reason)
        db.write(way.merchant_id, lambda: record_faults([fault], now=clock.now()))
    if isinstance(answer, Done) and isinstance(answer.value, Secret):
        return answer.value
    raise _refusal(answer)


def _refusal(answer: Answer) -> Refusal:
    match answer:
        case Later():
            return TooManyLogins()
        case OutOfOrder():
            return NobodyNamed()
        case Refused(reason=reason):
            return PersonBlocked() if reason.startswith(BLOCKED) else LoginCodeRefused()
    return NobodyNamed()

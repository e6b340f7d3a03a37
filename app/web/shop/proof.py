"""Whose order is it? The browser that placed it proves itself, one that once gave the order password at a link, and one
whose person is signed in as the owner of the order's contact, or as the member whose contact that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import g, request

from app.accounts import queries as devices
from app.accounts.queries import Device
from app.accounts.service import Browser
from app.delivery import queries as links
from app.delivery import service as delivery
from app.delivery.queries import Link
from app.entitlements import queries as entitled
from app.entitlements.queries import Entitlement
from app.entitlements.service import Proof
from app.kit import clock
from app.kit.errors import Invalid, Refusal, Required
from app.kit.events import By
from app.members import queries as members
from app.orders.queries import Order
from app.web.guard import DEVICE_COOKIE, client_network
from app.web.render import Cookie, htmx
from app.web.shop.me.present import present_member

DEVICE_LIFE = timedelta(days=30)


@dataclass(frozen=True)
class Proven:
    """Why this browser may see the codes of an order, and what it has to keep for the next time."""

    proof: Proof
    cookies: tuple[Cookie, ...] = ()


def placed_here(found: Order) -> bool:
    """Tell whether this browser placed the order, within the time that a browser is trusted for."""
    return was_placed_by(found, present_device())


def is_mine(found: Order) -> bool:
    """Tell whether this browser placed the order, or once proved that it, or its contact, is its person's."""
    device = present_device()
    return (device is not None and _kind(found, device) != "") or is_member(found)


def is_member(found: Order) -> bool:
    """Tell whether the member who is signed in bought this, and signed in by what proves it."""
    member = present_member()
    return member is not None and members.is_theirs(found, member) and members.may_open(found, member)


def prove(found: Order) -> Proven | Refusal:
    """Return why this browser may see the codes of an order, or what to tell it once the wrong try is committed."""
    device = present_device()
    kind = _kind(found, device) if device else ""
    if device and kind and not request.form.get("password", "").strip():
        by_itself = kind == "device" and _sent_itself()
        fresh_at = links.fresh_at(found, device.id, now=clock.now())
        return Proven(_proof("itself" if by_itself else kind, By("device", device.id), fresh_at))
    member = present_member()
    if member and is_member(found) and not request.form.get("password", "").strip():
        return Proven(_proof("member", member.by, member.proved_at))
    return prove_by_password(found)


def asks_again(found: Order, owned: Sequence[Entitlement]) -> bool:
    """Tell whether this browser has to prove itself anew before codes of its order are shown once more."""
    if not any(item.reveals for item in owned):
        return False
    device, now = present_device(), clock.now()
    fresh_at = links.fresh_at(found, device.id, now=now) if device else None
    return entitled.asks_again(owned, fresh_at, now=now)


def prove_by_password(found: Order, link: Link | None = None) -> Proven | Refusal:
    """Let this browser in by the order password that was typed; without a link, by the order's newest one."""
    typed = request.form.get("password", "").strip()[:100]
    if not typed:
        raise Invalid({"password": Required()})
    entered = delivery.enter(found, typed, asking(), link=link, now=clock.now())
    if isinstance(entered, Refusal):
        return entered
    fresh_at = links.fresh_at(found, entered.device_id, now=clock.now())
    proof = _proof("password", By("device", entered.device_id), fresh_at)
    return Proven(proof, (device_cookie(entered.device_token),))


def present_device() -> Device | None:
    """Return the device of this browser, if it has ordered or proved anything here; a page asks only once."""
    if request.method != "GET":
        return _find_device()
    if "device" not in g:
        g.device = _find_device()
    found: Device | None = g.device
    return found


def _find_device() -> Device | None:
    return devices.find_device(request.cookies.get(DEVICE_COOKIE, ""))


def asking() -> delivery.Asking:
    """Return who asks."""
    return delivery.Asking(request.cookies.get(DEVICE_COOKIE, ""), browser())


def browser() -> Browser:
    """Return what we keep of where somebody comes from."""
    return Browser(client_network(), request.headers.get("User-Agent", ""))


def device_cookie(token: str) -> Cookie:
    """Return the cookie by which a browser is known; forgotten by itself when it proves nothing any more."""
    return Cookie(DEVICE_COOKIE, token, "/", DEVICE_LIFE / timedelta(days=1))


def _kind(found: Order, device: Device) -> str:
    """Return the kind of proof that a browser has without a word, or nothing."""
    if was_placed_by(found, device):
        return "device"
    now = clock.now()
    if links.is_admitted(found.id, device.id, now=now):
        return "link"
    owner = links.find_owner(found, device.id, now=now)
    return links.proof_kind(owner.proved_at, now=now) if owner else ""


def _sent_itself() -> bool:
    """Tell whether the page sent this form, right after the payment, rather than its person; the record says so."""
    return bool(htmx) and request.form.get("by") == "itself"


def was_placed_by(found: Order, device: Device | None) -> bool:
    """Tell whether a browser placed an order, and is still trusted for that."""
    return device is not None and device.id == found.device_id and clock.now() - found.placed_at < DEVICE_LIFE


def _proof(kind: str, by: By, fresh_at: datetime | None) -> Proof:
    return Proof(kind, by, client_network(), request.headers.get("User-Agent", ""), fresh_at)

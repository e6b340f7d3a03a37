"""Links to an order's masked page: made, proved at by a browser, revoked. A link alone shows nothing of a code."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import insert, update

from app.accounts.service import Browser
from app.delivery import queries
from app.delivery.errors import DeviceLimit
from app.delivery.events import LinkProved, LinksRevoked
from app.delivery.models import Link, LinkDevice
from app.kit import db
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.merchants import queries as merchants


def make_link(order_id: UUID, *, now: datetime, life: timedelta | None = None, most_devices: int = 0) -> Link:
    """Make a link to the page of an order; it lives as long and lets as many new browsers in as the shop says."""
    rule = merchants.reveals()
    row = {
        "merchant_id": db.merchant_id(),
        "id": new_id(),
        "order_id": order_id,
        "created_at": now,
        "expires_at": now + (life or rule.link_life),
        "revoked_at": None,
        "devices": 0,
        "most_devices": most_devices or rule.most_devices,
    }
    db.session().execute(insert(Link), [row])
    return Link(**row)


def admit(link: Link, device_id: UUID, *, browser: Browser, now: datetime) -> None:
    """Let a browser that has just proved itself in by a link, for as long as that lives. Raises DeviceLimit."""
    row = {
        "merchant_id": db.merchant_id(),
        "link_id": link.id,
        "device_id": device_id,
        "proved_at": now,
        "network": browser.network,
        "agent": browser.agent[:200],
    }
    if not db.changed(db.insert_or(LinkDevice).values(row).on_conflict_do_nothing()):
        before = (LinkDevice.link_id == link.id, LinkDevice.device_id == device_id)
        db.changed(update(LinkDevice).where(*before).values(proved_at=now))  # it had before, and does anew
        return
    room = (Link.id == link.id, Link.devices < Link.most_devices)
    if not db.changed(update(Link).where(*room).values(devices=Link.devices + 1)):
        raise DeviceLimit(link.most_devices)
    proved = LinkProved(
        subject_id=link.id,
        order_id=link.order_id,
        network=browser.network,
        agent=browser.agent[:200],
        at=now,
        by=By("device", device_id),
    )
    publish(proved)


def revoke_links(order_id: UUID, *, now: datetime, by: By) -> int:
    """End every living link of an order at once, and what browsers proved there; return how many that were."""
    living = (Link.order_id == order_id, *queries.lives(now))
    ended = db.changed(update(Link).where(*living).values(revoked_at=now))
    if ended:
        publish(LinksRevoked(subject_id=order_id, order_id=order_id, links=ended, at=now, by=by))
    return ended

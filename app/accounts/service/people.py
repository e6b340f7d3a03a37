"""Verbs about who there is: users, members of shops, buyers' browsers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from app.accounts.errors import BadEmail, NoSuchRole
from app.accounts.events import DeviceForgotten, MemberAdded
from app.accounts.models import Device, Membership, User
from app.accounts.queries import find_device
from app.accounts.rules import ROLES, is_email
from app.kit import db
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.tokens import digest, random_token


def create_user(*, email: str, password_hash: str, now: datetime) -> User:
    """Make a user, or return the one who has this e-mail already; that one keeps the old password."""
    email = email.strip().lower()
    if not is_email(email):
        raise BadEmail
    known = db.session().scalar(select(User).where(User.email == email))
    if known is not None:
        return known
    user = User(id=new_id(), email=email, password_hash=password_hash, created_at=now)
    db.session().add(user)
    db.session().flush()
    return user


def add_member(user: User, *, role: str, now: datetime, by: By) -> None:
    """Let `user` work in the running merchant's shop as `role`; a second call changes the role."""
    if role not in ROLES:
        raise NoSuchRole(role)
    member = db.find(Membership, user.id)
    if member is None:
        db.session().add(Membership(user_id=user.id, role=role, created_at=now))
    else:
        member.role = role
    publish(MemberAdded(subject_id=user.id, role=role, at=now, by=by))


def remember_devices(tokens: Sequence[str], *, now: datetime) -> list[tuple[UUID, str]]:
    """Return for each token the device that holds it, or a new device, and the token that it holds from now on."""
    known = _find_devices({digest(token): token for token in tokens if token})
    held = [(known[token], token) if token in known else (new_id(), random_token()) for token in tokens]
    fresh = [
        {"merchant_id": db.merchant_id(), "id": device_id, "token_hash": digest(token), "created_at": now}
        for device_id, token in held
        if token not in known
    ]
    db.insert_last((Device.__table__, fresh))
    return held


def _find_devices(tokens: Mapping[bytes, str]) -> dict[str, UUID]:
    if not tokens:
        return {}
    query = select(Device.token_hash, Device.id).where(
        Device.token_hash.in_(list(tokens)), Device.forgotten_at.is_(None)
    )
    return {tokens[hashed]: device_id for hashed, device_id in db.session().execute(query)}


def forget_device(token: str, *, now: datetime) -> None:
    """Let the browser that holds `token` prove nothing any more; its next order is that of somebody new."""
    known = find_device(token)
    if known is not None:
        known.forgotten_at = now
        publish(DeviceForgotten(subject_id=known.id, at=now, by=By("device", known.id)))

"""Questions about payments."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from app.kit import crypto, db
from app.kit.secret import Secret
from app.payments.models import Method as Method
from app.payments.models import Notice as Notice
from app.payments.models import NoticeState as NoticeState
from app.payments.providers import provider


@dataclass(frozen=True)
class Channel:
    """How to speak with a gateway for one merchant: our account there and the key."""

    method_id: UUID
    provider: str
    account: str
    credentials: Secret


def channel(method: Method) -> Channel:
    """Return the open line to a method's gateway."""
    place = crypto.Sealed(
        "payment_method", "credentials", method.merchant_id, method.id, method.key_id, method.credentials
    )
    return Channel(method.id, method.provider, method.account, crypto.unseal(place, "payment credentials"))


def get_channel(method_id: UUID) -> Channel:
    """Return the open line to the gateway of a method, or refuse with NotFound."""
    return channel(db.get(Method, method_id))


def list_methods() -> Sequence[Method]:
    """List the ways to pay that the shop offers, in its order."""
    query = select(Method).where(Method.enabled).order_by(Method.position, Method.id)
    return db.session().scalars(query).all()


def list_methods_by_id(ids: Iterable[UUID]) -> dict[UUID, Method]:
    """Return ways to pay by id, offered still or not."""
    return {method.id: method for method in db.session().scalars(select(Method).where(Method.id.in_(list(ids))))}


def origins(methods: Sequence[Method]) -> tuple[str, ...]:
    """Return where these methods send a buyer, for the page's policy."""
    return tuple(sorted({provider(method.provider).origin for method in methods}))


def list_notices(tender_ids: Sequence[UUID]) -> Sequence[Notice]:
    """List what gateways told us about tenders, oldest first."""
    query = select(Notice).where(Notice.tender_id.in_(tender_ids)).order_by(Notice.at)
    return db.session().scalars(query).all()

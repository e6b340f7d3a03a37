"""Rows of what the central pool knows beside its codes."""

from datetime import datetime
from uuid import UUID

from app.catalog import queries as catalog
from app.catalog.models import Component
from app.entitlements.models import Chore
from app.inventory.changes import Action, ChangeState, CodeChange, CodeChanged
from app.inventory.dips import AlertKind, StockAlert
from app.inventory.models import (
    CodeExport,
    ExportState,
    ImportMapping,
    Lane,
    LaneWalk,
    Presale,
    PresaleHold,
    Proof,
    SharedCode,
    SharedHold,
)
from app.kit import db
from app.kit.ids import new_id
from app.kit.views import SavedView
from app.messages.models import NotesSeen, StaffNote
from tests.make import Shop


def fill_stock(shop: Shop, *, batch_id: UUID, other_sku: UUID, now: datetime) -> None:
    """Write one row into each table of stock that no other verb of `fill` has filled."""
    sku_id = shop.read(lambda: catalog.get_sku(shop.sku).id)
    shared_id, by = new_id(), new_id()
    sealed = {"key_id": new_id(), "sealed": b"sealed"}
    shared = SharedCode(
        id=shared_id,
        sku_id=sku_id,
        batch_id=batch_id,
        uses=5,
        uses_left=4,
        frozen=False,
        pick=0,
        fingerprint=shared_id.bytes,
        tail="",
        cost=0,
        **sealed,
    )
    export = CodeExport(
        id=new_id(), state=ExportState.ASKED, filters="{}", count=1, reason="", asked_at=now, asked_by=by
    )
    proof = Proof(id=new_id(), batch_id=batch_id, name="a.pdf", media="application/pdf", size=6, added_at=now, **sealed)
    view = SavedView(id=new_id(), user_id=by, listing="codes", name="Mine", query="", is_shared=True, created_at=now)
    note = StaffNote(id=new_id(), at=now, kind="stock.few", subject_type="sku", subject_id=sku_id, facts="{}")
    change = CodeChange(
        id=new_id(),
        action=Action.FREEZE,
        state=ChangeState.DONE,
        filters="{}",
        value="",
        reason="",
        count=1,
        done=1,
        amount=0,
        asked_at=now,
        actor_type="system",
    )
    rows = [
        change,
        CodeChanged(code_id=new_id(), change_id=change.id),
        shared,
        export,
        proof,
        view,
        note,
        Component(sku_id=other_sku, position=0, component_id=sku_id, quantity=2, share=1),
        Chore(entitlement_id=new_id(), sku_id=sku_id, order_id=new_id(), asked_at=now),
        ImportMapping(sku_id=sku_id, header=b"header", columns="code", used_at=now),
        Lane(sku_id=sku_id, number=1, name="Resale"),
        LaneWalk(sku_id=sku_id, channel="shop", position=0, lane=1),
        Presale(sku_id=sku_id, taken=1),
        PresaleHold(part_id=new_id(), sku_id=new_id(), quantity=1, held_until=now),
        StockAlert(sku_id=sku_id, kind=AlertKind.FEW, raised_at=now),
        NotesSeen(user_id=by, at=now),
    ]

    def write() -> None:
        db.session().add_all(rows)
        db.session().flush()
        db.session().add(SharedHold(part_id=new_id(), shared_id=shared_id, uses=1))

    shop.write(write)

"""What can be done with stock, by family of verbs."""

from app.inventory.presold import count_taken as count_presold
from app.inventory.presold import give_back as return_presold
from app.inventory.presold import lock as lock_presold
from app.inventory.service.alerts import check_alerts, look_after, watch_now
from app.inventory.service.batches import BatchFacts, change_batch, finish_change, recall, release_recall, undo_import
from app.inventory.service.changing import BULK, cancel_change, change_codes, change_slice, stop_change
from app.inventory.service.checking import check_slice
from app.inventory.service.clearing import (
    Cleared,
    clear_after,
    clear_some,
    drop_clearance,
    open_clearance,
    set_clearance,
)
from app.inventory.service.counting import recount, recount_after, recount_all, recount_products
from app.inventory.service.exporting import (
    FREELY,
    ExportWish,
    ask_export,
    asked_lately,
    count_exportable,
    decide_export,
)
from app.inventory.service.fulfilling import give, hold, keep, release, sell
from app.inventory.service.generating import Wish, cancel_generating, finish_generating, generate, generate_slice
from app.inventory.service.holds import Held, Want
from app.inventory.service.imports import (
    cancel_import,
    discard_abandoned,
    import_codes,
    import_slice,
    retry_import,
    stop_import,
)
from app.inventory.service.lanes import drop_lane, move_codes, set_lane, set_walks, steer_some
from app.inventory.service.life import exchange, freeze, put_back, restore, unfreeze, void
from app.inventory.service.making import enter
from app.inventory.service.moving import MoveWish, cancel_move, count_movable, move, move_slice
from app.inventory.service.picking import (
    Repicked,
    change_strategy,
    repick_after,
    repick_batch,
    repick_changed,
    repick_redated,
    repick_some,
    start_repick,
)
from app.inventory.service.proofs import add_proof, take_proof
from app.inventory.service.receiving import Foresight, receive_many
from app.inventory.service.returning import costs_of_uses, lose_uses, restock, write_off
from app.inventory.service.sales import Owed, SetAside, Sold, quarantine
from app.inventory.service.shared import SharedDraft, add_shared, freeze_shared, return_uses
from app.inventory.service.staging import ImportOrder, receive
from app.inventory.service.taking import Taking, export_some, take_export
from app.inventory.service.watching import watch_after
from app.inventory.service.wizard import (
    Layout,
    begin_import,
    check_import,
    discard_undecided,
    drop_import,
    stage,
    stop_check,
)
from app.inventory.walks import channel_of

__all__ = [
    "BULK",
    "FREELY",
    "BatchFacts",
    "Cleared",
    "ExportWish",
    "Foresight",
    "Held",
    "ImportOrder",
    "Layout",
    "MoveWish",
    "Owed",
    "Repicked",
    "SetAside",
    "SharedDraft",
    "Sold",
    "Taking",
    "Want",
    "Wish",
    "add_proof",
    "add_shared",
    "ask_export",
    "asked_lately",
    "begin_import",
    "cancel_change",
    "cancel_generating",
    "cancel_import",
    "cancel_move",
    "change_batch",
    "change_codes",
    "change_slice",
    "change_strategy",
    "channel_of",
    "check_alerts",
    "check_import",
    "check_slice",
    "clear_after",
    "clear_some",
    "costs_of_uses",
    "count_exportable",
    "count_movable",
    "count_presold",
    "decide_export",
    "discard_abandoned",
    "discard_undecided",
    "drop_clearance",
    "drop_import",
    "drop_lane",
    "enter",
    "exchange",
    "export_some",
    "finish_change",
    "finish_generating",
    "freeze",
    "freeze_shared",
    "generate",
    "generate_slice",
    "give",
    "hold",
    "import_codes",
    "import_slice",
    "keep",
    "lock_presold",
    "look_after",
    "lose_uses",
    "move",
    "move_codes",
    "move_slice",
    "open_clearance",
    "put_back",
    "quarantine",
    "recall",
    "receive",
    "receive_many",
    "recount",
    "recount_after",
    "recount_all",
    "recount_products",
    "release",
    "release_recall",
    "repick_after",
    "repick_batch",
    "repick_changed",
    "repick_redated",
    "repick_some",
    "restock",
    "restore",
    "retry_import",
    "return_presold",
    "return_uses",
    "sell",
    "set_clearance",
    "set_lane",
    "set_walks",
    "stage",
    "start_repick",
    "steer_some",
    "stop_change",
    "stop_check",
    "stop_import",
    "take_export",
    "take_proof",
    "undo_import",
    "unfreeze",
    "void",
    "watch_after",
    "watch_now",
    "write_off",
]

"""Who reacts to what: the choreography of the whole system on one page."""

from app.balances import service as balances
from app.balances.events import (
    BalanceCorrected,
    BalancePaidIn,
    BalancePaidOut,
    BalanceReturned,
    BalanceSentBack,
    BalanceSpent,
    BalanceToppedUp,
)
from app.catalog.events import ProductChanged, ProductCreated
from app.companies import service as companies
from app.delivery import service as delivery
from app.delivery.events import CodeAsked, LinkAsked
from app.entitlements import service as entitlements
from app.entitlements import tasks as granting
from app.entitlements.events import CodeReplaced, PromisesKept
from app.exchanges import service as exchanges
from app.exchanges.events import ExchangeDone
from app.finance import service as finance
from app.finance import tasks as billing
from app.finance.events import FeeBilled
from app.gifting import service as gifting
from app.inventory import service as inventory
from app.inventory.events import (
    BatchChanged,
    CodesChanged,
    CodesCleared,
    CodesFreed,
    CodesImported,
    CodesMoved,
    CodesPutBack,
    CodesShifted,
    CodesStocked,
    HoldsLapsed,
    SoldRecosted,
    StockRevalued,
    WalksSet,
)
from app.kit.events import Event, LaterReaction, Reaction
from app.ledger import tasks as books
from app.members import service as members
from app.messages import service as messages
from app.messages.events import CarrierFailed, ChatFailed, MessageReceipt
from app.orders import service as orders
from app.orders import tasks as forgetting
from app.orders.events import (
    FeeTaken,
    OrderCancelled,
    OrderDelivered,
    OrderExpired,
    OrderHeld,
    OrderPaid,
    OrderPartlyDelivered,
    OrderPlaced,
    OrderQueued,
    TopUpAsked,
    TopUpPaid,
)
from app.payments import service as payments
from app.payments import tasks as paying
from app.payments.events import (
    FeeTold,
    MethodAdded,
    NoticeStored,
    PaybackAsked,
    PaybackDone,
    PaybackStuck,
    ShortAccepted,
    TransferConfirmed,
)
from app.redemption import service as redemption
from app.refunds import service as refunds
from app.refunds import tasks as refunding
from app.refunds.events import OrderRefunded, PieceTraded, TopUpRefunded

# In the unit of the event. Such a reaction may not refuse: it acts or it parks.
NOW: dict[type[Event], tuple[Reaction, ...]] = {
    ProductCreated: (inventory.recount_products,),
    ProductChanged: (inventory.recount_products,),
    CodesImported: (finance.post_purchases,),
    CodesStocked: (entitlements.serve,),
    CodesFreed: (entitlements.serve,),
    CodesShifted: (entitlements.serve,),
    CodesMoved: (entitlements.serve,),
    CodesPutBack: (entitlements.let_go,),
    CodesCleared: (entitlements.serve,),
    HoldsLapsed: (orders.expire,),
    StockRevalued: (finance.post_revaluations,),
    OrderPaid: (entitlements.grant, finance.post_sales, finance.forget_late, exchanges.settle),
    TopUpPaid: (balances.credit,),
    OrderExpired: (balances.release, exchanges.release),
    OrderCancelled: (balances.release, exchanges.release),
    PromisesKept: (finance.post_late_goods,),
    CodeReplaced: (redemption.follow_replaced, finance.forget_replaced),
    SoldRecosted: (finance.forget_recosted,),
    FeeTaken: (finance.post_fees,),
    FeeTold: (finance.correct_fees,),
    FeeBilled: (finance.post_billed_fees,),
    OrderRefunded: (finance.post_refunds, finance.post_fees_back, orders.free_refunded, exchanges.end_lost),
    PieceTraded: (finance.post_refunds, finance.post_fees_back),
    ExchangeDone: (finance.post_exchanges,),
    TopUpRefunded: (finance.post_fees_back,),
    MessageReceipt: (delivery.follow_receipts,),
    ShortAccepted: (finance.post_allowances,),
    TransferConfirmed: (finance.post_transfers,),
    PaybackAsked: (finance.post_unasked,),
    PaybackDone: (refunds.follow, finance.post_paybacks, balances.give_back),
    PaybackStuck: (refunds.follow,),
    BalanceToppedUp: (finance.post_balances,),
    BalancePaidIn: (finance.post_balances,),
    BalanceSentBack: (finance.post_balances,),
    BalancePaidOut: (finance.post_balances,),
    BalanceCorrected: (finance.post_balances,),
    BalanceSpent: (finance.post_balances,),
    BalanceReturned: (finance.post_balances,),
    CarrierFailed: (messages.note_faults,),
    ChatFailed: (companies.follow_failed, gifting.follow_failed),
}
# After the commit, through the outbox, in a unit of their own; safe to run twice.
LATER: dict[type[Event], tuple[LaterReaction, ...]] = {
    ProductChanged: (granting.watch_release,),
    CodesImported: (books.roll_after, inventory.watch_after, inventory.look_after, inventory.clear_after),
    CodesStocked: (inventory.recount_after, entitlements.serve_stocked),
    CodesFreed: (
        inventory.recount_after,
        entitlements.serve_stocked,
        inventory.repick_after,
        inventory.clear_after,
    ),
    CodesShifted: (inventory.recount_after, entitlements.serve_stocked),
    WalksSet: (inventory.recount_after, entitlements.serve_stocked),
    StockRevalued: (books.roll_after,),
    CodesMoved: (
        inventory.recount_after,
        entitlements.serve_stocked,
        inventory.repick_after,
        inventory.clear_after,
    ),
    CodesCleared: (inventory.recount_after, entitlements.serve_stocked, inventory.repick_after),
    BatchChanged: (inventory.repick_changed,),
    CodesChanged: (inventory.repick_redated, inventory.clear_after),
    TopUpAsked: (paying.watch_after, forgetting.wipe_after),
    OrderPlaced: (inventory.recount_after, paying.watch_after, forgetting.wipe_after),
    OrderPaid: (granting.watch_after, books.roll_after, inventory.look_after, finance.close_after),
    OrderHeld: (refunding.watch_reviews_after,),
    OrderDelivered: (
        delivery.tell_ready,
        companies.tell_ready,
        redemption.issue_after,
        members.note_ready,
    ),
    OrderQueued: (
        refunding.watch_after,
        entitlements.serve_promised,
        delivery.tell_queued,
        members.note_queued,
    ),
    OrderPartlyDelivered: (
        refunding.watch_after,
        entitlements.serve_promised,
        delivery.tell_ready,
        redemption.issue_after,
        members.note_partly,
    ),
    OrderRefunded: (books.roll_after, delivery.tell_refunded, members.note_refunded),
    PieceTraded: (books.roll_after,),
    ExchangeDone: (books.roll_after,),
    LinkAsked: (delivery.tell_asked,),
    CodeAsked: (delivery.tell_code,),
    NoticeStored: (payments.apply_stored,),
    BalanceToppedUp: (books.roll_after,),
    BalancePaidIn: (books.roll_after,),
    BalanceSentBack: (books.roll_after,),
    BalancePaidOut: (books.roll_after,),
    BalanceCorrected: (books.roll_after,),
    BalanceSpent: (books.roll_after,),
    BalanceReturned: (books.roll_after,),
    ShortAccepted: (books.roll_after,),
    TransferConfirmed: (books.roll_after,),
    PaybackAsked: (books.roll_after,),
    PaybackDone: (books.roll_after,),
    FeeTold: (books.roll_after,),
    FeeBilled: (books.roll_after,),
    MethodAdded: (billing.watch_after,),
    PromisesKept: (books.roll_after, redemption.issue_after, finance.close_after),
}

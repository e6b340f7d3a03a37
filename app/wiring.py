"""Who reacts to what: the choreography of the whole system on one page."""

from app.entitlements import service as entitlements
from app.finance import service as finance
from app.inventory import service as inventory
from app.inventory.events import CodesImported, HoldsLapsed
from app.kit.events import Event, LaterReaction, Reaction
from app.orders import service as orders
from app.orders.events import OrderPaid, OrderPlaced

# In the unit of the event. Such a reaction may not refuse: it acts or it parks.
NOW: dict[type[Event], tuple[Reaction, ...]] = {
    CodesImported: (finance.post_purchases,),
    HoldsLapsed: (orders.expire,),
    OrderPaid: (entitlements.grant, finance.post_sales),
}

# After the commit, through the outbox, in a unit of their own; safe to run twice.
LATER: dict[type[Event], tuple[LaterReaction, ...]] = {
    OrderPlaced: (inventory.recount_after,),
}

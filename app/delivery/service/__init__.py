"""What can be done about telling buyers and letting them in, by family of verbs."""

from app.delivery.service.ending import (
    Told,
    follow_receipts,
    learn,
    record_bounced,
    record_failed,
    record_sent,
    record_taken,
)
from app.delivery.service.linking import LINK_LIFE, MOST_DEVICES, admit, make_link, revoke_links
from app.delivery.service.owning import CODE_MINUTES, ask_code, prove_contact, sign_out
from app.delivery.service.planning import set_plan
from app.delivery.service.proving import Admitted, Asking, ask_link, enter, look_up
from app.delivery.service.reaching import Wanted, choose_wanted, learn_way, wanted_by, ways_of
from app.delivery.service.resending import cancel_resend, resend
from app.delivery.service.routing import Route, Wish, ask, read_plan
from app.delivery.service.telling import (
    drop,
    other_ways,
    pass_on,
    send_again,
    send_by,
    send_link_again,
    tell_asked,
    tell_code,
    tell_queued,
    tell_ready,
    tell_refunded,
)

__all__ = [
    "CODE_MINUTES",
    "LINK_LIFE",
    "MOST_DEVICES",
    "Admitted",
    "Asking",
    "Route",
    "Told",
    "Wanted",
    "Wish",
    "admit",
    "ask",
    "ask_code",
    "ask_link",
    "cancel_resend",
    "choose_wanted",
    "drop",
    "enter",
    "follow_receipts",
    "learn",
    "learn_way",
    "look_up",
    "make_link",
    "other_ways",
    "pass_on",
    "prove_contact",
    "read_plan",
    "record_bounced",
    "record_failed",
    "record_sent",
    "record_taken",
    "resend",
    "revoke_links",
    "send_again",
    "send_by",
    "send_link_again",
    "set_plan",
    "sign_out",
    "tell_asked",
    "tell_code",
    "tell_queued",
    "tell_ready",
    "tell_refunded",
    "wanted_by",
    "ways_of",
]

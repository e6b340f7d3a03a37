"""What can be done about telling buyers and letting them in, by family of verbs."""

from app.delivery.service.linking import LINK_LIFE, MOST_DEVICES, admit, make_link, revoke_links
from app.delivery.service.owning import CODE_MINUTES, ask_code, prove_contact, sign_out
from app.delivery.service.proving import Admitted, Asking, ask_link, enter, look_up
from app.delivery.service.reaching import is_reached, learn_way
from app.delivery.service.telling import (
    drop,
    send_again,
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
    "admit",
    "ask_code",
    "ask_link",
    "drop",
    "enter",
    "is_reached",
    "learn_way",
    "look_up",
    "make_link",
    "prove_contact",
    "revoke_links",
    "send_again",
    "send_link_again",
    "sign_out",
    "tell_asked",
    "tell_code",
    "tell_queued",
    "tell_ready",
    "tell_refunded",
]

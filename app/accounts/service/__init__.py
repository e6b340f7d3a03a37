"""What can be done with accounts, by family of verbs."""

from app.accounts.passwords import hash_password
from app.accounts.service.passwords import Link, ask_reset, change_password, make_link, prove_password, reset_password
from app.accounts.service.people import add_member, create_user, forget_device, remember_devices
from app.accounts.service.sessions import (
    Browser,
    end_other_sessions,
    end_session,
    sign_in,
    sign_out,
    touch,
)
from app.accounts.service.tries import check_tries, count_wrong_try

__all__ = [
    "Browser",
    "Link",
    "add_member",
    "ask_reset",
    "change_password",
    "check_tries",
    "count_wrong_try",
    "create_user",
    "end_other_sessions",
    "end_session",
    "forget_device",
    "hash_password",
    "make_link",
    "prove_password",
    "remember_devices",
    "reset_password",
    "sign_in",
    "sign_out",
    "touch",
]

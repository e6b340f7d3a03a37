"""Acts that ask for the password again, so that an open browser alone cannot do them."""

from flask import request

from app.accounts import service as accounts
from app.kit import clock
from app.web.guard import actor, client_network


def prove() -> None:
    """Let somebody go on who typed the password of the account; opens a unit of its own, so no other may be open."""
    typed = request.form.get("password", "")
    accounts.prove_password(actor().user_id, typed, "password", network=client_network(), now=clock.now())

"""`user reset`."""

from typing import Any

import click
from flask import current_app

from app.accounts import service as accounts
from app.commands.answer import answers
from app.kit import clock


@click.group()
def user() -> None:
    """People who sign in at the office."""


@user.command()
@click.argument("email")
@answers
def reset(email: str) -> Any:
    """Print a link with which EMAIL chooses a new password, once, within half an hour."""
    link = accounts.make_link(email=email, now=clock.now())
    path = current_app.url_map.bind("localhost").build("office.choose_password", {"token": link.token})
    base = current_app.config["MIAOFA"].base_url
    return {"user": link.email, "reset_url": f"{base}{path}", "expires_at": link.expires_at.isoformat()}

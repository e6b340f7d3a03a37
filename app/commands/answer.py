"""How commands answer: JSON on the last line, exit 0 only when all is well, a refusal in words on stderr."""

import functools
import json
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click
from sqlalchemy.exc import DBAPIError

from app.kit import db
from app.kit.errors import Invalid, Refusal
from app.kit.tenancy import System
from app.merchants import queries as merchants
from app.merchants.errors import NoSuchShop

Command = TypeVar("Command", bound=Callable[..., Any])


def answers(command: Command) -> Command:
    """Print what `command` returns as JSON; print a refusal's words and exit 1."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            said = command(*args, **kwargs)
        except Refusal as refusal:
            _complain(refusal)
        except DBAPIError as error:
            _fail("database", f"The database does not answer as it should ({type(error.orig).__name__}).")
        else:
            click.echo(json.dumps(said, ensure_ascii=False))
            if not said.get("ok", True):
                sys.exit(1)

    return wrapped  # type: ignore[return-value]


def find_shop(slug: str | None) -> int:
    """Return the merchant of `--shop`, or of the only shop there is."""
    if slug is None:
        ids = db.read(System("command line"), merchants.list_ids)
        if len(ids) == 1:
            return ids[0]
        slug = "demo"
    address = db.read(System("command line"), lambda: merchants.find_address("slug", slug))
    if address is None:
        raise NoSuchShop(slug)
    return address.merchant_id


def _complain(refusal: Refusal) -> None:
    faults = refusal.fields if isinstance(refusal, Invalid) else {}
    for name, fault in faults.items():
        click.echo(f"{name}: {fault}", err=True)
    _fail(refusal.code, f"{refusal} {refusal.mend.format(**vars(refusal))}".strip())


def _fail(code: str, said: str) -> None:
    click.echo(f"miaofa: {said}", err=True)
    click.echo(json.dumps({"ok": False, "error": code, "detail": said}, ensure_ascii=False))
    sys.exit(1)

"""`doctor`: what is wrong, where, and how to mend it."""

from typing import Any

import click
from flask import current_app

from app.commands.answer import answers
from app.kit import mail, readiness
from app.settings import SPOOL, Settings


@click.command()
@answers
def doctor() -> Any:
    """Look at this installation from inside."""
    reasons, degraded = readiness.look()
    if "database" not in reasons and readiness.bypasses_fence():
        reasons = [*reasons, "role"]
    problems = [{"what": word, "mend": readiness.advice(word)} for word in reasons]
    warnings = [{"what": word, "mend": readiness.advice(word)} for word in degraded] + _mail()
    return {"ok": not problems, "problems": problems, "warnings": warnings}


def _mail() -> list[dict[str, str]]:
    """Say what keeps letters from their readers; the mail server is really called."""
    settings: Settings = current_app.config["MIAOFA"]
    if said := mail.trouble():
        return [{"what": "mail", "said": said, "mend": readiness.advice("mail")}]
    if settings.mail == SPOOL and not settings.demo:
        return [{"what": "spool", "mend": readiness.advice("spool")}]
    return []

"""`doctor`: what is wrong, where, and how to mend it."""

from typing import Any

import click

from app.commands.answer import answers
from app.kit import readiness


@click.command()
@answers
def doctor() -> Any:
    """Look at this installation from inside."""
    reasons, degraded = readiness.look()
    if "database" not in reasons and readiness.bypasses_fence():
        reasons = [*reasons, "role"]
    problems = [{"what": word, "mend": readiness.advice(word)} for word in reasons]
    warnings = [{"what": word, "mend": readiness.advice(word)} for word in degraded]
    return {"ok": not problems, "problems": problems, "warnings": warnings}

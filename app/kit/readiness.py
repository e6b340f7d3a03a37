"""Readiness and the doctor: what this installation needs, looked at from inside, each fault with its mending."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.kit import bell, clock, crypto, db
from app.kit.tenancy import PLATFORM

MIGRATIONS = Path(__file__).parents[2] / "migrations"
MOST_APART = 1.0


def look() -> tuple[list[str], list[str]]:
    """Return what keeps us from working (database, migrations, keys, clock), and what only slows us (Redis)."""
    reasons = [said for check in (_database, _migrations, _keys, _clock) if (said := _ask(check))]
    degraded = [] if bell.answers() else ["redis"]
    return (reasons[:1] if "database" in reasons else reasons), degraded


def advice(word: str) -> str:
    """Return how to mend a fault that `look` or the doctor named."""
    return {
        "database": "Start the database and check DATABASE_URL.",
        "migrations": "Run: flask --app wsgi db upgrade",
        "keys": "MASTER_KEYS must hold the key this database was sealed with; restore it from your backup.",
        "clock": "Set the clocks of application and database by NTP; they differ by more than a second.",
        "redis": "Start Redis and check REDIS_URL; until then the sweeper does the work, a little later.",
        "mail": "Check MAIL and the mail server; letters wait a day, then they are listed as not sent.",
        "spool": "Letters are kept as files and reach nobody; set MAIL to your mail server, and MAIL_FROM.",
        "role": "The application's role may bypass row level security; give DATABASE_URL a plain role.",
    }[word]


def bypasses_fence() -> bool:
    """Tell whether PostgreSQL would let our role see every merchant's rows."""
    if db.is_sqlite():
        return False
    query = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    with db.raw_connection() as connection:
        return bool(connection.execute(text(query)).scalar())


def _ask(check: Callable[[], bool]) -> str:
    try:
        fine = check()
    except (DBAPIError, crypto.Unreadable):
        fine = False
    return "" if fine else check.__name__.lstrip("_")


def _database() -> bool:
    with db.raw_connection() as connection:
        return connection.execute(text("SELECT 1")).scalar() == 1


def _migrations() -> bool:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with db.raw_connection() as connection:
        return MigrationContext.configure(connection).get_current_heads() == tuple(
            ScriptDirectory.from_config(config).get_heads()
        )


def _keys() -> bool:
    if not db.read(PLATFORM, crypto.proven):
        db.write(PLATFORM, crypto.prove)  # the first look seals the proof
    return True


def _clock() -> bool:
    if db.is_sqlite():
        return True  # the same machine, the same clock
    with db.raw_connection() as connection:
        theirs: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return abs((clock.now() - theirs.astimezone(UTC)).total_seconds()) <= MOST_APART

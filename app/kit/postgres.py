"""PostgreSQL as the big engine: a transaction begins and is bound to its scope in one round trip."""

from typing import Any

from psycopg import Error
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from sqlalchemy import Connection, Engine, event, exc

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
BOUND = "bound"  # the execution option that holds what else is said at the start of a transaction


def prepare(engine: Engine) -> None:
    """Attach our BEGIN to `engine`; the driver must not begin by itself."""
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)


def connect(engine: Engine, **options: str) -> Connection:
    """Return a connection whose transaction has begun, so that one which died in the pool was replaced before."""
    connection = engine.connect().execution_options(**options)
    try:
        connection.begin()
    except BaseException:
        connection.close()
        raise
    return connection


def _set_up(connection: Any, _record: Any) -> None:
    connection.autocommit = True


def _begin(connection: Connection) -> None:
    """Begin; a connection that died in the pool is replaced, since nothing has happened on it yet."""
    options = connection.get_execution_options()
    if options.get("isolation_level") == "AUTOCOMMIT":
        return
    told = (BEGIN + options.get(BOUND, "")).encode()
    try:
        _say(connection, told)
    except Error as error:  # whatever it is called: at BEGIN only a connection that is gone can fail
        connection.invalidate(error)
        connection.engine.dispose()  # whoever lay beside it died with it
        _say_again(connection, told)


def _say(connection: Connection, told: bytes) -> None:
    """Run words without parameters, past the driver's statement cache, which would prepare them."""
    driver: Any = connection.connection.driver_connection
    result = driver.pgconn.exec_(told)
    if result.status != ExecStatus.COMMAND_OK:
        raise error_from_result(result)


def _say_again(connection: Connection, told: bytes) -> None:
    try:
        _say(connection, told)
    except Error as error:
        raise exc.OperationalError(told.decode(), {}, error) from error

"""Logs: one JSON object a line, without arguments or locals of anything that failed."""

import logging
import sys

import structlog


def configure(level: str) -> None:
    """Send structured logs to stderr from `level` on."""
    number = logging.getLevelNamesMapping().get(level, logging.INFO)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_arguments,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _without_arguments(_logger: object, _name: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Replace an exception by its class: messages of database errors carry the rows they failed on."""
    if event.pop("exc_info", None):
        event["error"] = getattr(sys.exc_info()[0], "__name__", "unknown")
    return event

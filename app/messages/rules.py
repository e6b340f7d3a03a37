"""Rules of messages."""

from collections.abc import Mapping

# What buyers are told by carriers with approved texts, and which of our values there are for it.
VALUES_OF: Mapping[str, tuple[str, ...]] = {
    "ready": ("shop", "number", "title", "count"),
    "queued": ("shop", "number", "title", "count", "until"),
    "refunded": ("shop", "number", "title", "amount"),
    "code": ("shop", "digits", "minutes"),
}

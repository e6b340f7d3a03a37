"""Secret: plaintext in memory that cannot be printed, logged, serialised or pickled by accident."""

from typing import Any, NoReturn

MASK = "•••"


class Secret:
    """Holds one plaintext; only `expose()` gives it back, and that word is easy to search for."""

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def expose(self) -> str:
        """Return the plaintext; the caller answers for where it goes."""
        return self.__text

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __html__(self) -> str:
        return MASK

    def __len__(self) -> int:
        return len(self.__text)

    def __eq__(self, other: object) -> bool:
        raise TypeError("secrets are compared by fingerprint, never by text")

    __hash__ = None  # type: ignore[assignment]

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a secret is never pickled")

"""Links of claims, signed over an id so that nothing in the database opens one; and the words that prove a person."""

import hmac
from uuid import UUID

from app.gifting.models import HandoutRow, ProofKind
from app.gifting.rules import same
from app.kit import crypto
from app.kit.ids import ALPHABET
from app.kit.tokens import read, sign_for_good

PURPOSE, WORDS, LETTERS = "claim", "claim word", 8
GIFT, CAMPAIGN = "gift", "claim campaign"
HOLDER = "holder"  # the word of who claimed a gift, which its giver does not know


def token_of(row_id: UUID, purpose: str = PURPOSE) -> str:
    """Return the token of a claim's link, or of another purpose: the same each time, for it stands on posters."""
    return sign_for_good(purpose, str(row_id))


def row_of(token: str, purpose: str = PURPOSE) -> UUID | None:
    """Return the id of the claim that a link is for, if we signed it for this purpose."""
    value = read(purpose, token)
    return UUID(value) if isinstance(value, str) else None


def word_of(row_id: UUID, whose: str = "") -> str:
    """Return the word of a claim, made from its id by a key of the shop: it is stored nowhere, and always the same."""
    key = crypto.find_fingerprint_key(WORDS)
    if key is None:
        return ""
    letters = "".join(ALPHABET[byte % 32] for byte in key.fingerprint(row_id.hex + whose)[:LETTERS]).upper()
    return f"{letters[:4]}-{letters[4:]}"


def is_proof(row: HandoutRow, kind: ProofKind, typed: str) -> bool:
    """Tell whether what was typed proves the person of a claim."""
    return is_same(typed, row.reference if kind is ProofKind.REFERENCE else word_of(row.id))


def is_same(typed: str, word: str) -> bool:
    """Tell whether a word was typed, in any spelling; takes the same time for all wrong ones."""
    wanted = same(word)
    return bool(wanted) and hmac.compare_digest(same(typed).encode(), wanted.encode())

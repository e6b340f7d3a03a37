"""How much may be paid ahead, and how words about it may be."""

MOST_TOP_UP = 100_000_000  # of a company at once, in minor units; more comes by bank transfer
LONGEST_REFERENCE = 120


def same_reference(text: str) -> str:
    """Return the one spelling of a bank's reference: blanks and case make no other transfer of it."""
    return "".join(text.split()).casefold()

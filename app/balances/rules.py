"""How much may be paid ahead, and how words about it may be."""

MOST_TOP_UP = 100_000_000  # of a company at once, in minor units; more comes by bank transfer
LEAST_OF_MEMBER, MOST_OF_MEMBER = 100, 500_000  # of a person at once
SUGGESTED = (5_000, 10_000, 20_000, 50_000)  # to a person
MOST_WAITING = 5  # top-ups of a person that wait for their money
LONGEST_REFERENCE = 120


def same_reference(text: str) -> str:
    """Return the one spelling of a bank's reference: blanks and case make no other transfer of it."""
    return "".join(text.split()).casefold()

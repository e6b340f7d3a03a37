"""Patterns of codes that this shop makes itself: `MF-####-####-####-####-C`. Pure.

`#` is one random letter or figure of ALPHABET; a `C` that no letter touches is the check digit (Luhn mod N over
ALPHABET, so a plain Luhn checker agrees without knowing the pattern); everything else stands for itself, and so does
what follows a backslash. Letters are capitals, whatever was typed.
"""

import math
import secrets
from dataclasses import dataclass
from functools import lru_cache

from app.inventory.errors import BadPattern as BadPattern
from app.inventory.errors import TooGuessable

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0 O, 1 I L, U V: nobody mistakes one; of an even number, as Luhn needs
VALUE = {letter: number for number, letter in enumerate(ALPHABET)}
LITERALS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/+")
LEAST_BITS = 60  # a billion codes in stock, and a guess a microsecond: years until the first hit
LONGEST = 80
RANDOM, CHECK = "\0random", "\0check"  # no text can hold them
FOLDED = " -"  # written or not, it is the same code


@dataclass(frozen=True)
class Pattern:
    """A way to make codes: what stands at each place of one."""

    text: str
    places: tuple[str, ...]

    @property
    def bits(self) -> float:
        """Return how many bits somebody who knows the pattern has to guess."""
        return bits_of(self.places.count(RANDOM))

    def make(self) -> str:
        """Return a fresh code nobody can foretell."""
        letters = [secrets.choice(ALPHABET) if place == RANDOM else place for place in self.places]
        if CHECK in letters:
            at = letters.index(CHECK)
            letters[at] = check_digit("".join(letters[:at] + letters[at + 1 :]))
        return "".join(letters)

    def fits(self, text: str) -> bool:
        """Tell whether a text may be a code of this pattern: its shape, its letters, its check digit."""
        letters = [letter for letter in text.strip().upper() if letter not in FOLDED]
        places = [place for place in self.places if place not in FOLDED]
        if len(letters) != len(places):
            return False
        if not all(_stands(place, letter) for place, letter in zip(places, letters, strict=True)):
            return False
        if CHECK not in places:
            return True
        at = places.index(CHECK)
        return letters[at] == check_digit("".join(letters[:at] + letters[at + 1 :]))


def _stands(place: str, letter: str) -> bool:
    return letter in VALUE if place in {RANDOM, CHECK} else letter == place


def bits_of(random: int) -> float:
    """Return how many bits so many random letters are."""
    return random * math.log2(len(ALPHABET))


@lru_cache(maxsize=256)
def parse(pattern: str) -> Pattern:
    """Return what a pattern means; raises BadPattern, of which TooGuessable is one, saying what is wrong with it."""
    text = pattern.strip().upper()
    if not text or len(text) > LONGEST:
        raise BadPattern
    places = _places(text)
    if places.count(CHECK) > 1 or any(len(place) == 1 and place not in LITERALS for place in places):
        raise BadPattern
    found = Pattern(text, places)
    if found.bits < LEAST_BITS:
        raise TooGuessable(places.count(RANDOM), math.ceil(LEAST_BITS / bits_of(1)))
    return found


def _places(text: str) -> tuple[str, ...]:
    places, at = [], 0
    while at < len(text):
        letter, beside = text[at], (text[at - 1] if at else "", text[at + 1 : at + 2])
        alone = not any(each.isalnum() for each in beside)
        if letter == "\\":
            at += 1
            places.append(text[at] if at < len(text) else letter)  # a backslash that nothing follows is no literal
        else:
            places.append({"#": RANDOM, "C": CHECK if alone else "C"}.get(letter, letter))
        at += 1
    return tuple(places)


def check_digit(text: str) -> str:
    """Return the check digit of a text: Luhn mod N over ALPHABET; what is not in the alphabet does not count."""
    total = 0
    for place, letter in enumerate(each for each in reversed(text) if each in VALUE):
        value = VALUE[letter] * (1 if place % 2 else 2)
        total += value // len(ALPHABET) + value % len(ALPHABET)
    return ALPHABET[-total % len(ALPHABET)]

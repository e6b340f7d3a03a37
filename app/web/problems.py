"""What buyers may say is wrong, in words that shop and office share."""

from collections.abc import Mapping

from flask_babel import gettext

from app.kit.errors import words
from app.support.queries import Problem

NAMES: Mapping[Problem, tuple[str, str]] = {
    Problem.INVALID: (words("It says: invalid"), words("No such code, wrong code, cannot be redeemed")),
    Problem.USED: (words("It says: already used"), words("Redeemed by somebody, or already on an account")),
    Problem.PLACE: (words("Wrong region or account"), words("Not for this country, store or account")),
    Problem.ABSENT: (words("It did not arrive"), words("No code, no e-mail, or not all of it")),
    Problem.WRONG: (words("I bought the wrong thing"), words("Another product, value or number than I wanted")),
}
PROBLEMS = {problem.name.lower(): problem for problem in Problem}


def problem_name(key: str) -> str:
    """Return what a problem is called; one that is new here speaks for itself."""
    return str(gettext(NAMES[PROBLEMS[key]][0])) if key in PROBLEMS else key

"""What the office and the companies' own surface show of companies alike: roles, and reading them from forms."""

from collections.abc import Mapping

from flask_babel import gettext

from app.companies.queries import Role
from app.gifting import queries as gifting
from app.kit.errors import Refusal, words
from app.redemption.queries import REASONS, Channel

ROLES: Mapping[Role, tuple[str, str]] = {
    Role.ADMINISTRATOR: (words("Administrator"), words("does everything, also orders and invites members")),
    Role.DISTRIBUTOR: (words("Distributor"), words("redeems, hands out, takes codes in clear and exports")),
    Role.FINANCE: (words("Finance"), words("sees the balance and exports")),
    Role.VIEWER: (words("Viewer"), words("looks, and changes nothing")),
}


def role_name(role: Role) -> str:
    """Return what a role is called."""
    return str(gettext(ROLES[role][0]))


def role_choices() -> list[tuple[str, str, str]]:
    """Return the roles to choose from: value, name, and what each may do."""
    return [(role.name.lower(), role_name(role), gettext(note)) for role, (_, note) in ROLES.items()]


def read_role(fields: Mapping[str, str]) -> Role | None:
    """Return the role a form names, or None."""
    return {role.name.lower(): role for role in Role}.get(fields.get("role", ""))


PIECES: Mapping[str, str] = {
    "ready": words("Ready"),
    "redeemed": words("Redeemed"),
    "expired": words("Expired"),
    "promised": words("On its way"),
    "revoked": words("Taken back"),
}

CHANNELS: Mapping[Channel, str] = {
    Channel.SELF: words("by its owner"),
    Channel.COUNTER: words("at the counter"),
    Channel.ENTERPRISE: words("in a bulk redemption"),
    Channel.REPORT: words("elsewhere, as reported"),
    Channel.API: words("through the API"),
}


def piece_state(state: str) -> str:
    """Return what the state of an entitlement is called."""
    return str(gettext(PIECES[state]))


def channel_name(channel: Channel) -> str:
    """Return through which door something was redeemed."""
    return str(gettext(CHANNELS[channel]))


ROWS: Mapping[str, str] = {
    "failed": words("No longer redeemed"),
    "unknown": words("Unknown, or not yours"),
    "used": words("Used before"),
    "expired": words("Expired"),
    "refused": words("Not possible"),
    "duplicate": words("Twice in the list"),
    "ready": words("Can be redeemed"),
    "done": words("Redeemed"),
}


class NotSoMany(Refusal):
    kind = "invalid"
    message = words("Choose between 1 and {ready}: that is how many of this batch are ready and not handed out.")

    def __init__(self, ready: int) -> None:
        self.ready = ready


def row_state(state: str) -> str:
    """Return what became of a row of a list, or would."""
    return str(gettext(ROWS[state]))


def reason_words(reason: str) -> str:
    """Return why a row of a list is refused; a reason that is new here speaks for itself."""
    return str(gettext(REASONS[reason])) if reason in REASONS else reason


# Hand-outs --------------------------------------------------------------------------------------------------------

CLAIMS: Mapping[str, str] = {
    "new": words("Not opened"),
    "opened": words("Opened"),
    "redeemed": words("Redeemed"),
    "revoked": words("Taken back"),
}


def claim_state(state: str) -> str:
    """Return how what was given to a person stands."""
    return str(gettext(CLAIMS[state]))


def claim_problem(problem: str) -> str:
    """Return why nothing can be given to a person of a list."""
    return str(gettext(gifting.PROBLEMS.get(problem, problem)))

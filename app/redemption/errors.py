"""Refusals of redemption."""

from datetime import datetime
from uuid import UUID

from app.kit.errors import Refusal, words
from app.redemption.models import Channel


class UnknownCode(Refusal):
    """Of nobody, of another merchant, of another company: who asks learns no more than that it is not his."""

    kind = "missing"
    message = words("This code is unknown here, or it is not yours.")
    mend = words("Check it letter by letter; look for 0 and O, 1 and I.")


class WasRefunded(Refusal):
    message = words("This was refunded, so it cannot be used.")


class NotDelivered(Refusal):
    message = words("This was not delivered yet.")
    mend = words("Wait until the order is delivered.")


class Barred(Refusal):
    message = words("The shop has blocked this code.")
    mend = words("Write to the shop and tell it the order number.")


class RedeemedElsewhere(Refusal):
    message = words("This shop does not redeem this itself.")
    mend = words("Use it where its guide says.")


class AlreadyRedeemed(Refusal):
    """Used up; `at`, `channel`, `location_id` and `redemption_id` say by what it was used last."""

    message = words("This was used before.")
    mend = words("If this is disputed, the order number leads to every use.")

    def __init__(
        self,
        *,
        when: str = "",
        place: str = "",
        at: datetime | None = None,
        channel: Channel | None = None,
        location_id: UUID | None = None,
        redemption_id: UUID | None = None,
    ) -> None:
        self.when, self.place = when, place
        self.at, self.channel, self.location_id, self.redemption_id = at, channel, location_id, redemption_id

    @property
    def code(self) -> str:
        return "already_redeemed"


class UsedByOneself(AlreadyRedeemed):
    message = words("Its owner used this on {when}.")


class UsedAtCounter(AlreadyRedeemed):
    message = words("This was used on {when} at the counter.")


class UsedAtPlace(AlreadyRedeemed):
    message = words("This was used on {when} at {place}.")


class UsedInBulk(AlreadyRedeemed):
    message = words("This was used on {when} in a bulk redemption.")


class UsedElsewhere(AlreadyRedeemed):
    message = words("This was used on {when} elsewhere, according to a report.")


class UsedByProgram(AlreadyRedeemed):
    message = words("This was used on {when} through the API.")


USED: dict[Channel, type[AlreadyRedeemed]] = {
    Channel.SELF: UsedByOneself,
    Channel.COUNTER: UsedAtCounter,
    Channel.ENTERPRISE: UsedInBulk,
    Channel.REPORT: UsedElsewhere,
    Channel.API: UsedByProgram,
}


class TooManyAtOnce(Refusal):
    message = words("Only {left} uses are left.")
    mend = words("Use it fewer times at once.")

    def __init__(self, left: int) -> None:
        self.left = left


class NotValidYet(Refusal):
    message = words("This is valid from {when} on.")

    def __init__(self, when: str) -> None:
        self.when = when


class NoLongerValid(Refusal):
    message = words("This was valid until {when}.")
    mend = words("Ask the shop whether it makes an exception.")

    def __init__(self, when: str) -> None:
        self.when = when


class BlackoutDay(Refusal):
    message = words("This cannot be used today.")
    mend = words("Come back on another day; the product says which days are left out.")


class WrongLocation(Refusal):
    message = words("This cannot be used here.")
    mend = words("It is good at: {places}.")

    def __init__(self, places: str) -> None:
        self.places = places


class NotByOneself(Refusal):
    message = words("This is redeemed at the counter.")
    mend = words("Show it to the staff there.")


class KeyReused(Refusal):
    """The key of this request belongs to another act."""

    message = words("This request was used for something else before.")
    mend = words("Open the page again, or send another Idempotency-Key.")

    @property
    def code(self) -> str:
        return "idempotency_conflict"


class WrongTry(Refusal):
    kind = "invalid"
    message = words("No code of this shop matches. Tries left: {left}.")
    mend = words("Check it letter by letter; a card needs its number and its PIN.")

    def __init__(self, left: int) -> None:
        self.left = left


# Taking back, rules, places ---------------------------------------------------------------------------------------


class TakenBackBefore(Refusal):
    message = words("This redemption was already rolled back.")


class NotTakenBack(Refusal):
    message = words("This cannot be rolled back.")
    mend = words("Only a redemption can be rolled back, not a rollback.")


class ReasonNeeded(Refusal):
    kind = "invalid"
    message = words("Say why it is taken back.")


class BadCount(Refusal):
    kind = "invalid"
    message = words("Use it at least once.")


class BadRule(Refusal):
    kind = "invalid"
    message = words("This does not fit the other fields, or is out of range.")

    def __init__(self, field: str) -> None:
        self.field = field


class BadLocation(Refusal):
    kind = "invalid"
    message = words("A place needs a name, and a short code of letters, figures and dashes.")


class LocationTaken(Refusal):
    message = words("There is a place with the code “{code_name}” already.")

    def __init__(self, code_name: str) -> None:
        self.code_name = code_name


class LocationClosed(Refusal):
    message = words("This place is closed or does not exist.")
    mend = words("Choose another place.")


# Bulks ------------------------------------------------------------------------------------------------------------


class EmptyList(Refusal):
    kind = "invalid"
    message = words("The list is empty.")
    mend = words("Paste one code a line, or upload a file of them.")


class ListTooLong(Refusal):
    kind = "invalid"
    message = words("A list may have {most} rows.")
    mend = words("Split it and redeem one part after the other.")

    def __init__(self, most: int) -> None:
        self.most = most


class CountChanged(Refusal):
    message = words("{ready} rows can be redeemed, not {count}.")
    mend = words("Look at the list again and confirm the new number.")

    def __init__(self, ready: int, count: int) -> None:
        self.ready, self.count = ready, count


class NothingReady(Refusal):
    message = words("No row of this list can be redeemed.")
    mend = words("The list shows the reason for each row.")


class BulkGone(Refusal):
    kind = "missing"
    message = words("This list is not there any more.")
    mend = words("A list that is not confirmed is removed after a day; paste it again.")


class NothingToGoOn(Refusal):
    message = words("This list has not stopped, so there is nothing to continue.")

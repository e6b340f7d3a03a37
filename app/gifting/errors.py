"""Refusals of gifting."""

from app.kit.errors import Refusal, words


class NobodyNamed(Refusal):
    kind = "invalid"
    message = words("There is nobody on the list.")
    mend = words("Write one person a line: name, reference, e-mail.")


class TooManyPeople(Refusal):
    kind = "invalid"
    message = words("A list may name {most} people.")
    mend = words("Split it and hand one part out after the other.")

    def __init__(self, most: int) -> None:
        self.most = most


class CountChanged(Refusal):
    message = words("{ready} people can be given something, not {count}.")
    mend = words("Look at the list again and confirm the new number.")

    def __init__(self, ready: int, count: int) -> None:
        self.ready, self.count = ready, count


class NothingReady(Refusal):
    message = words("Nobody in this list can be given anything.")
    mend = words("The list shows the reason for each line.")


class WrongProof(Refusal):
    kind = "invalid"
    message = words("This does not fit. Tries left: {left}.")
    mend = words("Type it as your company told you; ask there when you are not sure.")

    def __init__(self, left: int) -> None:
        self.left = left


class NothingToTell(Refusal):
    message = words("Nobody can be reminded just now.")
    mend = words(
        "People with no address, who have opened it, or who were e-mailed within the last day get no reminder."
    )


class ClaimEnded(Refusal):
    message = words("This was taken back before.")


class ReasonNeeded(Refusal):
    kind = "invalid"
    message = words("Say why it is taken back.")


class NotSoManyFree(Refusal):
    kind = "invalid"
    message = words("{free} codes of this batch are free, so 1 to {free} can be taken.")
    mend = words("Codes that were handed out, redeemed or taken before are not free.")

    def __init__(self, free: int) -> None:
        self.free = free


class DayIsFull(Refusal):
    kind = "throttled"
    message = words("Your company may take {left} more codes in plain text today, of {most} in 24 hours.")
    mend = words("Take fewer, wait, or hand them out by link, which has no limit.")

    def __init__(self, left: int, most: int) -> None:
        self.left, self.most = left, most


class NoMoreFiles(Refusal):
    message = words("The file of these codes was already made {most} times, which is the limit.")
    mend = words("Look for it among your downloads, or ask the shop.")

    def __init__(self, most: int) -> None:
        self.most = most


# Gifts ------------------------------------------------------------------------------------------------------------


class GiftsOff(Refusal):
    kind = "denied"
    message = words("This cannot be given away.")
    mend = words("The shop does not allow gifts, or this belongs to a company.")


class SeenBefore(Refusal):
    message = words("This code has been viewed, so it can no longer be given away.")
    mend = words("In this shop only unviewed codes can be gifts. Contact the shop if that was a mistake.")


class BadOpening(Refusal):
    kind = "invalid"
    message = words("Choose a day from tomorrow on, at most {days} days ahead.")

    def __init__(self, days: int) -> None:
        self.days = days


class GiftEnded(Refusal):
    message = words("This gift was claimed, or has been returned.")
    mend = words("Reload the page to see how it stands.")


class GiftGone(Refusal):
    message = words("Somebody was faster, or the gift was taken back.")
    mend = words("Ask who sent it to you.")


class GiftTooEarly(Refusal):
    message = words("This gift cannot be opened yet.")
    mend = words("The day is written on it. Come back then.")


class WrongWord(WrongProof):
    mend = words("Type the word exactly as it was given to you.")


class NotAnAddress(Refusal):
    kind = "invalid"
    message = words("This is not an e-mail address.")
    mend = words("Leave it empty, or give one such as li@example.com.")


# Claim campaigns --------------------------------------------------------------------------------------------------


class CampaignRefused(Refusal):
    """Who came is given nothing; `reason` is what is counted."""

    reason = ""


class CampaignEarly(CampaignRefused):
    reason = "early"
    message = words("This has not begun yet.")
    mend = words("Come back when it begins.")


class CampaignPaused(CampaignRefused):
    reason = "paused"
    message = words("The shop has paused this for now.")
    mend = words("Try again later.")


class CampaignOver(CampaignRefused):
    reason = "ended"
    message = words("This is over.")


class AllClaimed(CampaignRefused):
    reason = "used_up"
    message = words("All of them have been claimed.")
    mend = words("The shop may add some more; look again later.")


class CampaignSoldOut(CampaignRefused):
    reason = "sold_out"
    message = words("This is out of stock right now.")
    mend = words("This did not use up your claim. Try again later.")


class ClaimedBefore(CampaignRefused):
    reason = "person"
    message = words("You have already claimed yours: {most} per person.")
    mend = words("Your orders show what you claimed.")

    def __init__(self, most: int) -> None:
        self.most = most


class NetworkFull(CampaignRefused):
    reason = "network"
    message = words("Too many were claimed from this network.")
    mend = words("Try again with mobile data.")


class BadNumber(Refusal):
    kind = "invalid"
    message = words("Give a number from {least} to {most}.")

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most


class BadEnd(Refusal):
    kind = "invalid"
    message = words("The end must be after the beginning, and in the future.")


class NoSuchVariant(Refusal):
    kind = "invalid"
    message = words("Choose what is given away from the list.")


class CampaignClosed(Refusal):
    message = words("This campaign has ended.")
    mend = words("Make a new one.")

"""Refusals of gifting."""

from app.kit.errors import Refusal, words


class NobodyNamed(Refusal):
    kind = "invalid"
    message = words("The list names nobody.")
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
    mend = words("The list says for each line why.")


class WrongProof(Refusal):
    kind = "invalid"
    message = words("This does not fit. Tries left: {left}.")
    mend = words("Type it as your company told you; ask there when you are not sure.")

    def __init__(self, left: int) -> None:
        self.left = left


class NothingToTell(Refusal):
    message = words("Nobody can be reminded just now.")
    mend = words("Who has no address, has opened it or was written to within a day gets no letter.")


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
    message = words("Your company may take {left} more codes in clear today, of {most} in 24 hours.")
    mend = words("Take fewer, wait, or hand them out by link, which has no limit.")

    def __init__(self, left: int, most: int) -> None:
        self.left, self.most = left, most


class NoMoreFiles(Refusal):
    message = words("The file of these codes was made {most} times, which is all there is.")
    mend = words("Look for it among your downloads, or ask the shop.")

    def __init__(self, most: int) -> None:
        self.most = most

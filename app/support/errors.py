"""Refusals of support."""

from app.kit.errors import Refusal, words


class AskFirst(Refusal):
    message = words("This help was not asked for yet, or it was closed.")
    mend = words("Choose what is wrong once more.")


class SeenToBefore(Refusal):
    message = words("Somebody has seen to this already.")
    mend = words("Load the list again to see how it stands.")

"""Refusals of finance."""

from datetime import date

from app.kit.errors import Refusal, words


class NotABill(Refusal):
    kind = "invalid"
    message = words("We cannot read this file as a bill.")
    mend = words("Upload the file as the channel gave it to you: its zip, or the CSV with all its columns.")


class BillTooLarge(Refusal):
    kind = "invalid"
    message = words("Unpacked, this file is larger than {megabytes} MB, so it was not read.")
    mend = words("A bill for one day is never that large. Download it again.")

    def __init__(self, megabytes: int) -> None:
        self.megabytes = megabytes


class OtherDay(Refusal):
    kind = "invalid"
    message = words("This bill is of {day}, not of the day you chose.")
    mend = words("Choose its own day, or leave the day empty.")

    def __init__(self, day: date) -> None:
        self.day = day.isoformat()


class NoDay(Refusal):
    kind = "invalid"
    message = words("The file does not say which day it is for.")
    mend = words("Choose the day it is for.")


class DayNotOver(Refusal):
    kind = "invalid"
    message = words("Choose a day that is over: its bill is made the morning after.")


class DealtWith(Refusal):
    message = words("Somebody has dealt with this line already.")
    mend = words("Look at the page again.")

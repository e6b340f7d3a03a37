"""Refusals of inventory."""

from app.kit.errors import Refusal, words


class OutOfStock(Refusal):
    message = words("Only {left} left.")
    mend = words("Choose a smaller quantity, or come back after the next restock.")

    def __init__(self, left: int) -> None:
        self.left = left


class SoldOut(OutOfStock):
    message = words("This is sold out right now.")
    mend = words("Nothing was charged. Come back after the next restock, or choose something else.")


class EmptyFile(Refusal):
    kind = "invalid"
    message = words("The file holds no codes.")
    mend = words("Give a CSV or TXT file with one code a line.")


class NotText(Refusal):
    kind = "invalid"
    message = words("The file is not text.")
    mend = words("Save the list as CSV or TXT in UTF-8 or GB18030 and import that.")


class SpreadsheetNotYet(Refusal):
    kind = "invalid"
    message = words("Excel files are not read yet.")
    mend = words("In Excel choose “Save as” → “CSV UTF-8” and import that file.")


class UnknownEncoding(Refusal):
    kind = "invalid"
    message = words("The file is neither UTF-8 nor GB18030, so some codes would be garbled.")
    mend = words("Save it again as CSV UTF-8 and import that file. Nothing was imported.")


class LineTooLong(Refusal):
    kind = "invalid"
    message = words("Line {line} is longer than {limit} characters.")
    mend = words("Put one code on each line. Nothing was imported.")

    def __init__(self, line: int, limit: int) -> None:
        self.line, self.limit = line, limit


class MissingColumn(Refusal):
    kind = "invalid"
    message = words("The column “{column}” is missing.")
    mend = words("This SKU needs the columns {columns}. Nothing was imported.")

    def __init__(self, column: str, columns: str) -> None:
        self.column, self.columns = column, columns


class DuplicateColumn(Refusal):
    kind = "invalid"
    message = words("The column “{column}” appears twice.")
    mend = words("Keep one of them. Nothing was imported.")

    def __init__(self, column: str) -> None:
        self.column = column


class FileTooLarge(Refusal):
    kind = "invalid"
    message = words("The file is larger than {megabytes} MB.")
    mend = words("Split it, or import it from the command line, which has no limit.")

    def __init__(self, megabytes: int) -> None:
        self.megabytes = megabytes


class BadCost(Refusal):
    kind = "invalid"
    message = words("A cost is a number such as 12.50.")


class BadExpiry(Refusal):
    kind = "invalid"
    message = words("Give the expiry as a date from today on, such as 2027-01-31.")


class ImportStopped(Refusal):
    message = words("The import of “{name}” stopped after {lines} lines.")
    mend = words("What was imported is in stock. Open the batch in the office and let it go on.")

    def __init__(self, name: str, lines: int) -> None:
        self.name, self.lines = name, lines


class NothingToRetry(Refusal):
    message = words("This import did not stop, so there is nothing to go on with.")
    mend = words("Open the batch: it shows how far the import is.")

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


class WorkbookTooLarge(Refusal):
    kind = "invalid"
    message = words("This workbook has more than {megabytes} MB.")
    mend = words("Save its sheet as CSV UTF-8, which may be larger, or split it into several.")

    def __init__(self, megabytes: int) -> None:
        self.megabytes = megabytes


class UnreadableWorkbook(Refusal):
    kind = "invalid"
    message = words("This Excel file cannot be read.")
    mend = words(
        "It is damaged, password-protected, in the old XLS format, or too large when unpacked."
        " Save it as XLSX or as CSV UTF-8 and import that."
    )


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
    mend = words("What was imported is in stock. Open the batch in the office to continue.")

    def __init__(self, name: str, lines: int) -> None:
        self.name, self.lines = name, lines


class NothingToRetry(Refusal):
    message = words("This import has not stopped, so there is nothing to continue.")
    mend = words("Open the batch: it shows how far the import is.")


class BadLaneName(Refusal):
    kind = "invalid"
    message = words("Give each lane a name of its own, of at most {most} characters.")

    def __init__(self, most: int) -> None:
        self.most = most


class BadSteering(Refusal):
    kind = "invalid"
    message = words("Give a number of days from 1 to {most}, or leave it empty.")

    def __init__(self, most: int) -> None:
        self.most = most


class TooManyLanes(Refusal):
    message = words("A SKU has at most {most} lanes.")
    mend = words("Rename one, or empty one and take it away.")

    def __init__(self, most: int) -> None:
        self.most = most


class LaneInUse(Refusal):
    message = words("There are still codes in the lane “{name}”.")
    mend = words("Move them to another lane first; codes on hold are freed once their orders are paid or expire.")

    def __init__(self, name: str) -> None:
        self.name = name


class NoLane(Refusal):
    kind = "invalid"
    message = words("Choose at least one lane to sell from.")


class SameLane(Refusal):
    kind = "invalid"
    message = words("Choose a different lane from the one the codes are in.")


class BadMove(Refusal):
    kind = "invalid"
    message = words("Give a number from 1 to {most}.")

    def __init__(self, most: int) -> None:
        self.most = most


class CodeStoodOtherwise(Refusal):
    message = words("This code's status has changed, so that is no longer possible.")
    mend = words("Reload the page to see how it stands. Nothing was changed.")


class NothingToChange(Refusal):
    message = words("That cannot be done with any of the codes here.")
    mend = words("Choose other filters. Nothing was changed.")


class MoreCodesNow(Refusal):
    message = words("There are {found} codes now, more than the {count} that you confirmed.")
    mend = words("Look at the number again and confirm it. Nothing was changed.")

    def __init__(self, found: int, count: int) -> None:
        self.found, self.count = found, count


class ChangeUnderWay(Refusal):
    message = words("Another change of this batch is under way.")
    mend = words("Wait until it has ended, or cancel it.")


class BatchNotReady(Refusal):
    message = words("This batch has not finished importing.")
    mend = words("Wait for the import to end.")


class BatchTouched(Refusal):
    message = words("Codes of this batch are held, sold, set aside or void, so the import cannot be undone.")
    mend = words("Recall the batch instead: that freezes what is left of it.")


class NotRecalled(Refusal):
    message = words("This batch is not recalled.")
    mend = words("Reload the page to see how it stands.")


class CostIsFixed(Refusal):
    kind = "invalid"
    message = words("Codes of this batch were sold at this cost, so it stays.")


class BadTags(Refusal):
    kind = "invalid"
    message = words("At most {most} tags of at most {length} characters, a space between them.")

    def __init__(self, most: int, length: int) -> None:
        self.most, self.length = most, length


class NoPaper(Refusal):
    kind = "invalid"
    message = words("Choose a file.")


class OddPaper(Refusal):
    kind = "invalid"
    message = words("This is not a PDF, PNG, JPEG or WebP file.")
    mend = words("Save the document in one of these formats and upload that.")


class TooManyPapers(Refusal):
    message = words("A batch has room for {most} documents.")
    mend = words("Put several pages into one PDF.")

    def __init__(self, most: int) -> None:
        self.most = most


class BadPattern(Refusal):
    kind = "invalid"
    message = words("This is not a valid code pattern.")
    mend = words(
        "Write letters and figures as they are, # for a random one, and C for the check digit:"
        " MF-####-####-####-####-C."
    )


class TooGuessable(BadPattern):
    message = words("Codes with {random} random characters can be guessed.")
    mend = words("Give the pattern at least {least} of them, each a #.")

    def __init__(self, random: int, least: int) -> None:
        self.random, self.least = random, least


class NotACode(Refusal):
    kind = "invalid"
    message = words("Enter what the buyer gets, at most 500 characters per field; a link begins with https://.")


class CodeTaken(Refusal):
    message = words("The shop knows this code already.")
    mend = words("Look it up under “Codes”; nobody gets the same one twice by accident.")


class BadUses(Refusal):
    kind = "invalid"
    message = words("Give between 1 and {most} uses.")

    def __init__(self, most: int) -> None:
        self.most = most


class NotShared(Refusal):
    message = words("Codes of this variant are not shared.")
    mend = words("Make a variant whose codes are shared by many buyers.")


class BadCount(Refusal):
    kind = "invalid"
    message = words("Make between 1 and {most} codes at a time.")

    def __init__(self, most: int) -> None:
        self.most = most


class OnlyPlainCodes(Refusal):
    kind = "invalid"
    message = words("Codes can only be generated for SKUs that deliver one code each.")


class OtherKind(Refusal):
    kind = "invalid"
    message = words("Codes move only to another SKU whose codes are of the same kind.")


class NotThoseCodes(Refusal):
    kind = "invalid"
    message = words("{found} free codes fit by now; look at the number again and confirm it.")

    def __init__(self, found: int) -> None:
        self.found = found


class NothingToExport(Refusal):
    kind = "invalid"
    message = words("Between 1 and {most} codes that nobody owns can be taken at a time.")
    mend = words("Filter the list of codes; those that are sold, on hold, set aside or void cannot be taken.")

    def __init__(self, most: int) -> None:
        self.most = most


class OwnExport(Refusal):
    kind = "denied"
    message = words("Somebody else has to approve your request.")


class ExportOver(Refusal):
    message = words("This export was already taken or refused, is not ready yet, or its download was started again.")
    mend = words("Request it again from the list of codes.")


class NotStaged(Refusal):
    message = words("This import is no longer waiting for a decision.")
    mend = words("It was begun, given up, or wiped after a day. Open the list of batches, or import the file again.")


class NotChecked(Refusal):
    message = words("The file has not been fully checked yet.")
    mend = words("Wait until the four numbers are there.")


class NothingNew(Refusal):
    message = words("No line of this file is a new code.")
    mend = words("Look at the lines that are not taken, and correct the columns or the file.")


class TooDear(Refusal):
    message = words("The total cost of the codes in this file is too large for the books.")
    mend = words("Look at the column that says what each code cost: it may be another number.")


class StoppedByChoice(Refusal):
    message = words("{count} lines are not clearly new codes, and you chose to stop in that case.")
    mend = words("Correct the file and import it again, or choose to leave these lines out.")

    def __init__(self, count: int) -> None:
        self.count = count


class NotMaking(Refusal):
    message = words("No codes are being made for this batch any more.")
    mend = words("Open the batch: it shows how many were made.")


class NotMoving(Refusal):
    message = words("This move is over.")
    mend = words("Open it again: it shows how many codes it moved.")


class NotRunning(Refusal):
    message = words("This import is no longer running.")
    mend = words("Open the batch: it shows what came in.")

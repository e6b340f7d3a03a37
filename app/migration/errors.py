"""Refusals of migration."""

from app.kit.errors import Refusal, words


class NothingKnown(Refusal):
    kind = "invalid"
    message = words("The file holds no table that {system} is known to have.")
    mend = words("Export products and codes again, as SQL with the structure of the tables, or as CSV with a header.")

    def __init__(self, system: str) -> None:
        self.system = system


class BrokenDump(Refusal):
    kind = "invalid"
    message = words("The rows of the table {table} cannot be read after row {row}.")
    mend = words("The file may be cut off. Export it again, with mysqldump or phpMyAdmin.")

    def __init__(self, table: str, row: int) -> None:
        self.table, self.row = table, row


class NoColumns(Refusal):
    kind = "invalid"
    message = words("The file does not say what the columns of the table {table} are.")
    mend = words("Export the structure of the tables too, or whole INSERT statements.")

    def __init__(self, table: str) -> None:
        self.table = table


class UnreadableTable(Refusal):
    kind = "invalid"
    message = words("This is neither an SQL dump nor a CSV nor an Excel workbook that can be read.")
    mend = words("Unpack it first if it is packed; text has to be UTF-8 or GB18030.")


class TooManyGoods(Refusal):
    kind = "invalid"
    message = words("The file names more than {limit} products.")
    mend = words("Export them in parts.")

    def __init__(self, limit: int) -> None:
        self.limit = limit

"""Reads a workbook in a process of its own that may take only so much memory and time: bombs harm nobody else.

Run as a program: the book comes in at stdin; for each sheet its name and then its rows leave at stdout, a line of JSON
each. It knows nothing of the shop and gets nothing of its environment.
"""

import json
import sys
from datetime import datetime, time
from io import BytesIO

import python_calamine

MEMORY = 768 * 1024 * 1024
SECONDS = 60


def main(most_sheets: int) -> None:
    """Write the sheets of the workbook that comes in at stdin."""
    _limit()
    book = python_calamine.CalamineWorkbook.from_filelike(BytesIO(sys.stdin.buffer.read()))
    for number, name in enumerate(book.sheet_names[:most_sheets]):
        print(json.dumps(name))
        for row in book.get_sheet_by_index(number).iter_rows():
            print(json.dumps([_plain(cell) for cell in row]))


def _limit() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    except (ImportError, ValueError, OSError):  # a system that knows no such limits
        return


def _plain(cell: object) -> str:
    """Return a cell as its writer saw it: a number that is whole has no point, a date no midnight."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    return str(cell).strip()


if __name__ == "__main__":
    main(int(sys.argv[1]))

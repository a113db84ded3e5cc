"""Rows of CSV (RFC 4180) in which a client's text stays text."""

import csv
import io
from collections.abc import Iterable

# what a spreadsheet takes for the beginning of a formula: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def text(value: str) -> str:
    """Return a client's text with a quotation mark before it where a spreadsheet would calculate it."""
    return f"'{value}" if value.startswith(FORMULA) else value


def row(cells: Iterable[object]) -> bytes:
    """Return one line; None is an empty cell."""
    line = io.StringIO()
    csv.writer(line).writerow(["" if cell is None else cell for cell in cells])
    return line.getvalue().encode()

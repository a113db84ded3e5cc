"""Rows of CSV (RFC 4180) in which a client's text stays text."""

import csv
import io
import re
from collections.abc import Iterable

# where a spreadsheet would calculate: https://owasp.org/www-community/attacks/CSV_Injection; in a cell too, for some
# separate cells by semicolons or tabs
FORMULA = re.compile(r"(?:^|(?<=[;\t]))(?=[\s\"']*[=+\-@\t\r])")


def text(value: str) -> str:
    """Return a client's text with a quotation mark before it where a spreadsheet would calculate it."""
    return FORMULA.sub("'", value)


def row(cells: Iterable[object]) -> bytes:
    """Return one line; None is an empty cell."""
    line = io.StringIO()
    csv.writer(line).writerow(["" if cell is None else cell for cell in cells])
    return line.getvalue().encode()

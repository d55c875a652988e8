"""Cells of tables that people open in a spreadsheet: a text that a program would run as a formula stays a text.

Spreadsheet programs take a cell for a formula by its first character, whatever the quotes around it; some pass over
blanks before it. The apostrophe in front is what such a program itself stores for "this is text". Only tables that are
written for people need it: the data columns of a user's own files stay as they were.
"""

from __future__ import annotations

import re

_FORMULA = re.compile(r"[\s\0\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n\0]")
"""The four signs, also in their full-width forms, which some programs fold; and characters that end or open a cell."""

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?%?")


def safe_cell(text: str) -> str:
    """``text`` as a cell that no spreadsheet program takes for a formula; a number with a sign stays one.

    NULs, which many readers of CSV refuse, are shown as U+2400. Whoever writes the cells quotes all of them: in some
    countries the semicolon parts cells, too.

    >>> safe_cell("=1+1"), safe_cell("-12.5"), safe_cell("-1+cmd"), safe_cell("乡村振兴")
    ("'=1+1", '-12.5', "'-1+cmd", '乡村振兴')
    """
    shown = text.replace("\0", "\N{SYMBOL FOR NULL}")
    return f"'{shown}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else shown

"""Words of all reports: numbers with their nouns, and what kinds of findings are called."""

from __future__ import annotations

NOUNS = {
    "family": "families",
    "series": "series",
    "copy": "copies",
    "near-copy": "near-copies",
}
"""Plurals that are not made with an s."""

KIND_TITLES = {
    "placeholder": ("Placeholders", "blanks that nobody filled in"),
    "junk": ("Junk", "what the site added"),
    "masked": ("Masked", "made unreadable on purpose, no part of the score"),
    "year_swap": ("Swapped years", "a year compared with itself, or a wrong anniversary"),
    "spun_repeat": ("Spun repeats", "a sentence and its rewording in a row"),
    "script_error": ("Script errors", "characters of a wrong conversion to traditional"),
    "repeat": ("Repeats", "passages that match an earlier one of the same document"),
}


def counted(number: int, noun: str) -> str:
    """A number with its noun in singular or plural.

    >>> counted(1, "family"), counted(1200, "family"), counted(2, "place")
    ('1 family', '1,200 families', '2 places')
    """
    return f"{number:,} {noun if number == 1 else NOUNS.get(noun, noun + 's')}"

"""Words of all reports: numbers with their nouns, and what kinds of findings are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from detector.report.shown import shown

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


def nearest(name: str, known: Sequence[str], n: int = 3) -> str:
    """The known names that somebody may have meant, in words; none where nothing is like it.

    Those that end as the name does come first: who types a name leaves out what stands before it.

    >>> nearest("share", ["junk.share_row", "junk.share", "junk.sender"])
    'nearest: junk.share, junk.share_row'
    """
    from rapidfuzz import process

    meant = [one for one in known if one.endswith((f"/{name}", f".{name}"))] if name else []
    near = [one for one, *_ in process.extract(name, known, limit=n, score_cutoff=50)]
    found = list(dict.fromkeys([*meant, *near]))[:n]
    return f"nearest: {', '.join(map(shown, found))}" if found else ""


def none_found(what: str, summary: Mapping[str, Any]) -> str:
    """What a list says that has no rows, with the reason where the scan could not have any.

    >>> none_found("phrases", {"settings": {"level": "document"}})
    'No phrases: the scan looked at whole documents only (--level document).'
    """
    if summary.get("settings", {}).get("level") == "document":
        return f"No {what}: the scan looked at whole documents only (--level document)."
    return f"No {what} were found."

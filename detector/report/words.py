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

PROBLEM_WORDS = {
    "bad_arrow": "Arrow data that could not be read",
    "bad_bytes": "records with bytes that could not be decoded, read as U+FFFD",
    "bad_csv": "rows that are no CSV",
    "bad_encoding": "files or records that could not be decoded",
    "bad_json": "records that are no JSON",
    "bad_parquet": "Parquet files that could not be read",
    "changed": "files that changed while they were read",
    "description": "files that describe a dataset, passed over",
    "duplicate_id": "ids that were taken: these documents have a suffix",
    "empty_file": "files without a byte",
    "mixed_encoding": "files with lines in several encodings",
    "no_id": "records without an id: these documents have path#line",
    "no_text": "records without a text in the field of the text",
    "open_quote": "files with a quote that is never closed",
    "ragged_row": "rows with more or fewer cells than the first",
    "results": "folders with results of a scan or filter, passed over",
    "skipped_name": "names that the settings pass over (skip_files)",
    "too_long": "files with a record that is too long: the rest was not read",
    "truncated": "files that are damaged or cut off: the rest was not read",
    "unknown_extension": "files whose ending says no format",
    "unreadable": "files that could not be opened",
}
"""What the reasons for which something was skipped or changed mean; summaries count by reason."""


def problem_words(reason: str) -> str:
    """A reason as reports tell it: its name, by which the tables have it, and what it means."""
    return f"{shown(reason)}: {PROBLEM_WORDS[reason]}" if reason in PROBLEM_WORDS else shown(reason)


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

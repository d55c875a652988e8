"""What went wrong while a corpus was read, as a summary tells it; what ended the reading of a file comes first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from detector.model import Problem

FILE_REASONS = ("bad_parquet", "changed", "too_long", "truncated", "unreadable")
"""Reasons for which what is left of a file was not read; the scan goes on, and its command fails in the end."""

N_EXAMPLES = 20
"""Messages about problems that a summary has."""


def file_problems(problems: Iterable[Problem]) -> list[Problem]:
    """The problems of whole files: what could not be read, or not to its end."""
    return [problem for problem in problems if _is_of_file(problem)]


def _is_of_file(problem: Problem) -> bool:
    return problem.reason in FILE_REASONS and not problem.row


def told_problems(problems: Sequence[Problem], counts: Mapping[str, int]) -> dict[str, Any]:
    """What a summary says of problems: how many for each reason, of how many files, and examples, files first."""
    files = file_problems(problems)
    others = (problem for problem in problems if not _is_of_file(problem))
    examples = [problem.message for problem in [*files, *others][:N_EXAMPLES]]
    return {"n": dict(sorted(counts.items())), "n_files": len(files), "examples": examples}

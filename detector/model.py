"""The nouns that cross module borders: frozen rows for the edges of the system.

Offsets are half-open and count Unicode code points of the text as it was read, so that ``text[start:end]`` is always
the text meant. Ratios are 0.0 to 1.0. Columns of numbers (tokens, passages, signatures) live in arrays in the modules
that make them; what stands here is what files, reports and callers see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

PART_NAMES = ("junk", "unfilled", "shared", "phrase", "repeated", "own")
"""The six parts in the order in which they claim a character; also threshold names and strip names."""

FINDING_KINDS = (
    "junk",
    "placeholder",
    "masked",
    "passage",
    "phrase",
    "repeat",
    "year_swap",
    "spun_repeat",
    "script_error",
)

LEVELS = ("document", "block", "passage")

DIGITS = 6
"""Decimals of every ratio that is written, so that files are the same bytes on every machine."""


class Span(NamedTuple):
    """Code points ``start`` to ``end`` (half-open) of one text."""

    start: int
    end: int


class Hit(NamedTuple):
    """What a rule found in one text: a span, the finding's kind, the rule's name and its evidence."""

    start: int
    end: int
    kind: str
    rule: str
    evidence: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Document:
    """One text of the corpus.

    ``source`` is the file it came from, relative to the input that was named; ``row`` is the 1-based record in it (the
    line of a JSONL file); ``series`` is the site, publisher or place that it belongs to, if that is known.
    """

    id: str
    text: str
    source: str = ""
    row: int = 1
    series: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A span of one document with what it is, why, and which part of the score it feeds.

    ``part`` is None for kinds that are no part of the score. ``evidence`` holds what a reader needs to check the
    verdict; its ``claims`` (a list of ``[start, end]``), where present, are the spans that the finding claims for its
    part, otherwise it claims its own span.
    """

    doc: str
    start: int
    end: int
    kind: str
    rule: str | None
    text: str
    cluster: str | None
    n_families: int | None
    score: float
    part: str | None
    evidence: Mapping[str, Any]

    @property
    def claims(self) -> tuple[Span, ...]:
        """The spans claimed for ``part``; empty where the finding feeds no part."""
        if self.part is None:
            return ()
        claimed = self.evidence.get("claims")
        if claimed is None:
            return (Span(self.start, self.end),)
        return tuple(Span(start, end) for start, end in claimed)


@dataclass(frozen=True, slots=True)
class Parts:
    """Non-blank characters of a text by the part that claimed them; they sum to the whole.

    >>> (Parts(junk=2, own=6) + Parts(own=2)).originality
    0.8
    >>> Parts().originality is None
    True
    """

    junk: int = 0
    unfilled: int = 0
    shared: int = 0
    phrase: int = 0
    repeated: int = 0
    own: int = 0

    def __add__(self, other: Parts) -> Parts:
        return Parts(*(getattr(self, name) + getattr(other, name) for name in PART_NAMES))

    @property
    def total(self) -> int:
        """All non-blank characters."""
        return sum(getattr(self, name) for name in PART_NAMES)

    @property
    def originality(self) -> float | None:
        """``own / total``, None for a document without text."""
        return self.own / self.total if self.total else None

    def share(self, name: str) -> float:
        """One part as a ratio of the whole; 0.0 where there is no text."""
        return float(getattr(self, name)) / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class DocumentScore:
    """One row of ``documents.jsonl``.

    ``n_families`` is the number of families of the corpus that the document was measured against.
    """

    id: str
    source: str
    row: int
    n_chars: int
    originality: float | None
    originality_1k: float | None
    n_families: int
    parts: Parts
    n_findings: Mapping[str, int]
    duplicate_of: str | None
    flags: tuple[str, ...]
    score_version: int


class Fill(NamedTuple):
    """What stands in a slot in one member: ``text`` is the document's ``[start, end)``; empty fills are kept.

    ``more``: how many further members have the same text and are not listed.
    """

    doc: str
    start: int
    end: int
    text: str
    more: int = 0


@dataclass(frozen=True, slots=True)
class Literal:
    """Text of a template that all members have, as the representative writes it."""

    text: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A place of a template in which its members differ.

    There is a fill for every member, in their order. But in a cluster of more than 1,000 fills what more than half of
    the members have in a slot is listed for the first one that has it, and ``more`` of that fill counts the others,
    unless it holds a blank.
    """

    name: str
    type: str
    fills: tuple[Fill, ...]

    @property
    def values(self) -> dict[str, int]:
        """How often each text that is not empty stands here, the most frequent first."""
        counts: dict[str, int] = {}
        for fill in self.fills:
            if fill.text:
                counts[fill.text] = counts.get(fill.text, 0) + 1 + fill.more
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    @property
    def n_empty(self) -> int:
        """In how many members nothing stands here."""
        return sum(1 + fill.more for fill in self.fills if not fill.text)

    @property
    def is_optional(self) -> bool:
        """Whether some members have the one text that stands here and the others nothing."""
        return len({fill.text for fill in self.fills} - {""}) == 1 and any(not fill.text for fill in self.fills)

    @property
    def differs(self) -> bool:
        """Whether two members have different texts here (nothing is one)."""
        return len({fill.text for fill in self.fills}) > 1


@dataclass(frozen=True, slots=True)
class Cluster:
    """Documents, blocks or passages that match one representative, with what they have in common."""

    id: str
    level: str
    n_families: int
    n_series: int
    n_members: int
    template: tuple[Literal | Slot, ...]

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots of the template, in the order of the text."""
        return tuple(part for part in self.template if isinstance(part, Slot))

    @property
    def n_differing(self) -> int:
        """The slots in which two members have different texts."""
        return sum(slot.differs for slot in self.slots)

    @property
    def difference(self) -> str:
        """How far the members differ, in words: same template, N of M slots differ.

        >>> Cluster("passage-1", "passage", 2, 0, 2, (Literal("same"),)).difference
        'the same in all'
        """
        n = len(self.slots)
        if not n:
            return "the same in all"
        return f"same template, {self.n_differing} of {n} {'slot differs' if n == 1 else 'slots differ'}"


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a cluster; the first row of a cluster is its representative, with ratio 1.0."""

    cluster: str
    doc: str
    start: int
    end: int
    ratio: float


class OutlineHeading(NamedTuple):
    """A heading of an outline's first document, and how many members have it."""

    text: str
    n_members: int


class OutlineMember(NamedTuple):
    """A document of an outline: ``year`` it is of, where that is told; ``ratio`` of its headings to the first's.

    ``missing`` are the places of the outline's headings that it lacks, ``added`` the first of its ``n_added`` own.
    """

    doc: str
    year: int | None
    ratio: float
    missing: tuple[int, ...]
    n_added: int
    added: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """Documents of several families that share their sequence of headings, in document order."""

    id: str
    n_families: int
    n_series: int
    n_members: int
    headings: tuple[OutlineHeading, ...]
    members: tuple[OutlineMember, ...]

    @property
    def years(self) -> tuple[int, ...]:
        """The years that its members are of, ascending."""
        return tuple(sorted({member.year for member in self.members if member.year is not None}))


@dataclass(frozen=True, slots=True)
class Phrase:
    """A run of tokens that enough families have exactly."""

    id: str
    text: str
    key: str
    n_tokens: int
    n_families: int
    n_series: int
    n_occurrences: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Something of the input that was skipped or changed: one clear line, with where it was.

    ``reason`` is a short stable name (``bad_json``, ``no_text``, ``duplicate_id``, ``empty_file`` ...); ``message``
    says what, where and what to do next. ``lost`` is whether a record was lost by it.
    """

    reason: str
    source: str
    row: int
    message: str
    lost: bool = True


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file that was read: its path below the input, format, encoding, compression and what it held."""

    source: str
    format: str
    encoding: str | None
    compression: str | None
    n_bytes: int
    n_documents: int


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents in document order (by id) with how they were read."""

    documents: tuple[Document, ...]
    files: tuple[InputFile, ...] = ()
    problems: tuple[Problem, ...] = ()
    n_problems: Mapping[str, int] = field(default_factory=dict)
    """All problems by reason; ``problems`` may hold the first of them only."""


def as_row(record: Any) -> dict[str, Any]:
    """The public fields of a row of this module as a dictionary in their order, nested rows included."""
    row: dict[str, Any] = {}
    for item in fields(record):
        value = getattr(record, item.name)
        row[item.name] = as_row(value) if isinstance(value, Parts) else value
    return row

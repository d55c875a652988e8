"""Which documents of a scan are kept: thresholds on the parts of their text, and one member of each family."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

from detector.errors import SettingsError
from detector.model import DocumentScore

FAMILY_CHOICES = ("keep-first", "keep-all")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Ratios beyond which a document is dropped; None asks for nothing. Equal to a threshold is kept."""

    min_originality: float | None = None
    max_junk: float | None = None
    max_unfilled: float | None = None
    max_shared: float | None = None
    max_phrase: float | None = None
    max_repeated: float | None = None

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if value is not None and not 0.0 <= value <= 1.0:
                raise SettingsError(f"{item.name} is {value}; it must lie between 0.0 and 1.0")

    def reasons(self, document: DocumentScore) -> tuple[Reason, ...]:
        """What speaks against a document on its own text; the originality of one without text is never too low."""
        found = []
        if self.min_originality is not None:
            comparable = document.originality_1k
            value = comparable if comparable is not None else document.originality
            if value is not None and value < self.min_originality:
                found.append(Reason("min_originality", value, self.min_originality))
        for item in fields(self)[1:]:
            limit = getattr(self, item.name)
            share = document.parts.share(item.name.removeprefix("max_"))
            if limit is not None and share > limit:
                found.append(Reason(item.name, round(share, 6), limit))
        return tuple(found)


class Reason(NamedTuple):
    """Why a document was dropped: a threshold's name, the document's value, the threshold.

    For ``family`` the value is the id of the family's head, for ``empty_after_strip`` the characters stripped.
    """

    rule: str
    value: float | int | str
    threshold: float | None


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a document is kept, and if not, why."""

    id: str
    kept: bool
    reasons: tuple[Reason, ...] = ()


def decide(
    documents: Sequence[DocumentScore],
    thresholds: Thresholds,
    *,
    families: str = "keep-first",
    known: Mapping[str, Reason] | None = None,
) -> tuple[Decision, ...]:
    """A decision for each document, in their order.

    ``keep-first`` keeps of a family its head or, where something speaks against that, the first member (by id) that
    nothing speaks against; so no family vanishes as long as one of its members would be kept by itself. ``known`` are
    further reasons by document that come from elsewhere.
    """
    if families not in FAMILY_CHOICES:
        raise SettingsError(f"families is {families!r}; choose one of {', '.join(FAMILY_CHOICES)}")
    known = known or {}
    against = {
        document.id: (*thresholds.reasons(document), *((known[document.id],) if document.id in known else ()))
        for document in documents
    }
    chosen = {
        head: next((member for member in members if not against[member]), None)
        for head, members in _members(documents).items()
    }
    decisions = []
    for document in documents:
        head = family_of(document)
        reasons = against[document.id]
        if families == "keep-first" and chosen[head] not in (None, document.id) and document.id != head:
            reasons = (*reasons, Reason("family", head, None))
        decisions.append(Decision(document.id, not reasons, reasons))
    return tuple(decisions)


def family_of(document: DocumentScore) -> str:
    """The id of the head of a document's family: its own, where it is nobody's copy."""
    return document.id if document.duplicate_of is None else document.duplicate_of


def _members(documents: Sequence[DocumentScore]) -> dict[str, list[str]]:
    """Families by head: the head first, the others by id."""
    members: dict[str, list[str]] = defaultdict(list)
    for document in documents:
        members[family_of(document)].append(document.id)
    return {head: sorted(ids, key=lambda one: (one not in members, one)) for head, ids in members.items()}

"""What stands elsewhere in the place of a blank: "X亿元" here is "12.3亿元" in the documents that filled it in.

A blank stands in a slot of the template of its passage, block or document; the fills of the other members are what
belongs there, but for those that are blanks themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from detector.model import Fill, Finding, Slot
from detector.report.lookup import Lookup
from detector.tables.rows import ClusterRows

MAX_FILLED = 5
"""Fills that are told of a blank."""
MAX_FILL = 24
"""Characters of a fill above which the alignment went astray, and what stands there is no answer."""
MAX_CLUSTERS = 5_000
"""Clusters of a scan from files up to which they are all read for their templates."""
MAX_MEMBERS = 1_000
"""Members of a cluster above which its template is not looked at: making all its fills would take too long."""


class Filled(NamedTuple):
    """What one document has in the place of a blank."""

    doc: str
    start: int
    text: str


def knows_templates(rows: Lookup) -> bool:
    """Whether templates are at hand: of a scan in memory or of a small one; others take long to read."""
    clusters = rows.scan.summary.get("totals", {}).get("n_clusters", {})
    return isinstance(rows.scan.clusters, ClusterRows | tuple) or sum(clusters.values()) <= MAX_CLUSTERS


def filled_elsewhere(
    blank: Finding, findings: Sequence[Finding], rows: Lookup, *, deep: bool = True
) -> tuple[Filled, ...]:
    """What other documents have where ``blank`` stands: different texts, the most frequent first, at most `MAX_FILLED`.

    ``findings`` are those of its document. The evidence of the blank tells it where it has any; else the templates of
    the clusters that it lies in do, if they may be read (``deep``).
    """
    told = _from_evidence(blank.evidence)
    if told or not deep:
        return told
    fills = [fill for cluster in _clusters_at(blank, findings) for fill in _fills(cluster, blank, rows)]
    counts = Counter(fill.text for fill in fills if fill.text.strip() and len(fill.text) <= MAX_FILL)
    found: dict[str, Filled] = {}
    for fill in sorted(fills, key=lambda fill: (-counts[fill.text], fill.doc, fill.start)):
        if fill.text in counts and fill.text not in found and not _is_blank(fill, rows):
            found[fill.text] = Filled(fill.doc, fill.start, fill.text)
        if len(found) == MAX_FILLED:
            break
    return tuple(found.values())


def slot_words(blank: Finding) -> str:
    """The cluster in whose template the blank is a slot, and how many members filled it in, where evidence tells."""
    cluster, n_filled = blank.evidence.get("cluster"), blank.evidence.get("n_filled")
    words = [cluster] if isinstance(cluster, str) else []
    words += [f"{n_filled:,} filled it in"] if isinstance(n_filled, int) and n_filled > 1 else []
    return ", ".join(words)


def _from_evidence(evidence: Any) -> tuple[Filled, ...]:
    """The fills that evidence has, as rows with ``doc``, ``start`` and ``text``."""
    told = evidence.get("fills") if hasattr(evidence, "get") else None
    rows = told if isinstance(told, list | tuple) else ()
    found = []
    for row in rows[:MAX_FILLED]:
        if isinstance(row, dict) and isinstance(row.get("text"), str) and isinstance(row.get("doc"), str):
            found.append(Filled(row["doc"], int(row.get("start", 0)), row["text"]))
    return tuple(found)


def _clusters_at(blank: Finding, findings: Sequence[Finding]) -> list[str]:
    """The clusters whose members lie around the blank, in the order of the findings that name them."""
    around = (
        finding.cluster
        for finding in findings
        if finding.kind in ("passage", "repeat") and finding.start <= blank.start and blank.end <= finding.end
    )
    return list(dict.fromkeys(name for name in around if name is not None))


def _fills(name: str, blank: Finding, rows: Lookup) -> list[Fill]:
    """What the other members have in the slot that the blank stands in."""
    members = rows.members.get(name)
    if members is None or len(members) > MAX_MEMBERS:
        return []
    for part in rows.clusters[name].template:
        if not isinstance(part, Slot):
            continue
        own = [fill for fill in part.fills if fill.doc == blank.doc]
        if any(fill.start < blank.end and blank.start < fill.end for fill in own):
            return [fill for fill in part.fills if fill.doc != blank.doc]
    return []


def _is_blank(fill: Fill, rows: Lookup) -> bool:
    """Whether a fill holds a blank itself."""
    return any(
        finding.kind == "placeholder" and finding.start < fill.end and fill.start < finding.end
        for finding in rows.findings(fill.doc)
    )

"""The templates of a scan on the terminal: literals, numbered slots, and what stands in them, blanks marked."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from detector.errors import ScanError
from detector.matching.template_files import part_row
from detector.model import Cluster, Finding, Literal, Slot, as_row
from detector.report.drawing import DIM, Frame
from detector.report.shown import shortened, shown
from detector.report.words import counted, none_found

if TYPE_CHECKING:
    from detector.results.index import Scan

MOST_SLOTS, MOST_FILLS = 12, 1000
"""Slots of a template, and different fills of a slot, that are looked at for a line."""

BLANK = "(blank)"
NOTHING = "(nothing)"


def chosen_clusters(scan: Scan, level: str | None, ids: Sequence[str] | None) -> list[Cluster]:
    """Clusters of one level or all, or those of some ids, those in most families first; raises `ScanError`."""
    of: Any = getattr(scan.clusters, "named", None)
    if ids and of is not None:
        found = [cluster for name in dict.fromkeys(ids) for cluster in of(name)]
    else:
        found = [cluster for cluster in scan.clusters if not ids or cluster.id in ids]
    if missing := sorted(set(ids or ()) - {cluster.id for cluster in found}):
        is_phrase = missing[0].startswith("phrase-")
        hint = "phrases are shown by 'phrases'" if is_phrase else "'templates' and 'explain' name them"
        raise ScanError(f"no cluster {shown(missing[0])!r} in this scan; {hint}")
    chosen = [cluster for cluster in found if level is None or cluster.level == level]
    return sorted(chosen, key=lambda cluster: (-cluster.n_families, -cluster.n_members))


def as_json(clusters: Sequence[Cluster]) -> list[dict[str, Any]]:
    """Templates as plain values, with how many of their slots differ."""
    return [
        {
            **as_row(cluster),
            "template": [part_row(part) for part in cluster.template],
            "n_slots": len(cluster.slots),
            "n_differing": cluster.n_differing,
        }
        for cluster in clusters
    ]


def template_list(
    scan: Scan, clusters: Sequence[Cluster], console: Console, *, limit: int, every_fill: bool = False
) -> None:
    """Templates with their slots and what stands in them."""
    frame = Frame.of(console, limit)
    wanted = clusters[:limit]
    if not wanted:
        frame.paragraph(Text(none_found("clusters", scan.summary)), 0, 2)
    blanks = blanks_of(scan, {cluster.id for cluster in wanted})
    for cluster in wanted:
        counts = f"{counted(cluster.n_members, 'member')} in {counted(cluster.n_families, 'family')}"
        head = Text.assemble((shown(cluster.id), "bold"), (f"  {counts}, {cluster.difference}", DIM))
        frame.paragraph(head, 0, 2)
        frame.paragraph(template_text(cluster), 2, sys.maxsize)
        for slot in cluster.slots if every_fill else cluster.slots[:MOST_SLOTS]:
            here = blanks.get((cluster.id, slot.name), [])
            console.print(slot_text(slot, console.width, n_blank=len(here)), no_wrap=True, overflow="ellipsis")
            for line in _fill_lines(slot, console.width) if every_fill else _blank_lines(here, console.width):
                console.print(line, no_wrap=True, overflow="ellipsis")
        n_more = 0 if every_fill else len(cluster.slots) - MOST_SLOTS
        if n_more > 0:
            console.print(Text(f"    and {n_more:,} more slots; --fills shows all", DIM))
        console.print()
    if len(clusters) > limit:
        console.print(Text(f"    and {len(clusters) - limit:,} more; --limit N shows more", DIM))


def blanks_of(scan: Scan, clusters: set[str]) -> dict[tuple[str, str], list[Finding]]:
    """The blanks of a scan that stand in a slot of some clusters, by cluster and slot."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in scan.findings:
        if finding.kind == "placeholder" and finding.evidence.get("cluster") in clusters:
            key = (str(finding.evidence["cluster"]), str(finding.evidence["slot"]))
            found.setdefault(key, []).append(finding)
    return found


def template_text(cluster: Cluster) -> Text:
    """A template on the terminal: slots are numbered and stand in guillemets, so that they show without colour."""
    text = Text()
    for part in cluster.template:
        if isinstance(part, Literal):
            text.append(shown(part.text))
        elif part.is_optional:
            text.append(f"«{_number(part)}?{shortened(shown(next(iter(part.values))), 40)}»", "cyan")
        else:
            text.append(f"«{_number(part)}:{part.type}»", "bold cyan")
    return text


def slot_text(slot: Slot, width: int, *, n_blank: int = 0) -> Text:
    """The different fills of a slot, the most frequent first, and in how many members it is empty or blank."""
    words = [
        f"{shortened(shown(text), 30)}{f' ×{count}' if count > 1 else ''}"
        for text, count in list(slot.values.items())[:MOST_FILLS]
    ]
    if n_empty := slot.n_empty:
        words.append(f"{NOTHING}{f' ×{n_empty}' if n_empty > 1 else ''}")
    label = f"    «{_number(slot)}» "
    warned = f"{n_blank} {'blank' if n_blank == 1 else 'blanks'} " if n_blank else ""
    room = width - len(label) - len(warned) - 2
    return Text.assemble((label, "bold cyan"), (warned, "bold yellow"), shortened(" | ".join(words), room))


def expected(finding: Finding) -> str | None:
    """What stands in other documents where a blank was left, in words; None where that is not known.

    >>> evidence = {"expected_type": "money", "n_filled": 5, "fills": [{"doc": "b", "text": "12.3"}]}
    >>> expected(Finding("a", 0, 1, "placeholder", None, "X", None, None, 1.0, "unfilled", evidence))
    'money: 12.3 in 5 other places'
    """
    fills, n_filled = finding.evidence.get("fills"), finding.evidence.get("n_filled")
    if not fills or not n_filled:
        return None
    said = ", ".join(str(fill["text"]) for fill in fills[:3])
    place = "1 other place" if n_filled == 1 else f"{n_filled} other places"
    return f"{finding.evidence['expected_type']}: {said} in {place}"


def _number(slot: Slot) -> str:
    return slot.name.removeprefix("slot")


def _fill_lines(slot: Slot, width: int) -> list[Text]:
    """Every fill with its document."""
    return [
        Text.assemble(
            ("      ", ""),
            shortened(shown(fill.text), width // 2) or NOTHING,
            (f"  {shown(fill.doc)}:{fill.start}{f' and {fill.more:,} more' if fill.more else ''}", DIM),
        )
        for fill in slot.fills
    ]


def _blank_lines(blanks: Sequence[Finding], width: int) -> list[Text]:
    """Where nobody filled a slot in, and what belongs there."""
    lines = []
    for finding in blanks[:3]:
        known = expected(finding)
        where = f"      {BLANK} {shown(finding.text)} in {shown(finding.doc)}:{finding.start}"
        lines.append(Text(shortened(where + (f"; elsewhere {shown(known)}" if known else ""), width - 2), DIM))
    if len(blanks) > 3:
        lines.append(Text(f"      and {len(blanks) - 3:,} more blanks", DIM))
    return lines

"""The report of a scan of documents as one page that opens from disk: totals and the largest families.

The page loads nothing and runs nothing (its content security policy forbids both); its bytes depend on the scan alone,
never on the run. Everything that comes from documents is escaped here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from detector.document_scan import DocumentScan

MAX_FAMILIES, MAX_MEMBERS = 200, 20
MAX_ID = 300
"""Characters of an id or file name that are drawn."""
N_OPEN = 3
"""Families that are unfolded at first."""

_INVISIBLE = "\N{WHITE VERTICAL RECTANGLE}"

_STYLE = """
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --text: #1b1f24; --quiet: #5b6470; --line: #dde1e6 }
@media (prefers-color-scheme: dark) {
  :root { --page: #111418; --card: #191d23; --text: #e3e7ec; --quiet: #98a2ae; --line: #2c323a }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.55 system-ui, "Segoe UI", "Noto Sans", "PingFang SC", "Microsoft YaHei", sans-serif }
main { max-width: 62rem; margin: 0 auto; padding: 1.6rem 1.25rem 4rem }
h1 { font-size: 1.2rem; font-weight: 400 } h1 strong { font-size: 2.6rem; margin-right: .35rem }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.5rem } dt, .quiet { color: var(--quiet) }
dd { margin: 0 } details { background: var(--card); border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0 }
summary { cursor: pointer; padding: .45rem .8rem; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100% } th { font-weight: 400; color: var(--quiet); text-align: left }
td, th { border-top: 1px solid var(--line); padding: .3rem .8rem; vertical-align: top; overflow-wrap: anywhere }
.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
details p { margin: 0; padding: .4rem .8rem; border-top: 1px solid var(--line) }
"""


def families_page(found: DocumentScan) -> str:
    """The page; what does not fit into it is counted and said on it."""
    largest = found.largest(MAX_FAMILIES)
    pieces = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
        f"<title>Near-duplicate documents</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n",
        *_totals(found),
        "<h2>Families</h2>\n",
        "" if largest else '<p class="quiet">No document is a near-duplicate of another.</p>\n',
        *(_family(found, rows, opened=place < N_OPEN) for place, rows in enumerate(largest)),
        _left_out(len(found.families) - len(largest), "families", "clusters"),
        *_problems(found.summary["problems"]),
        "</main>\n</body>\n</html>\n",
    ]
    return "".join(pieces)


def _totals(found: DocumentScan) -> Iterator[str]:
    n, corpus, settings = len(found.ids), found.summary["corpus"], found.summary["settings"]
    share = f"{found.n_duplicates / n:.1%}" if n else "none"
    facts = {
        "documents": f"{n:,}, of {corpus['n_chars']:,} characters that are no blank",
        "families": f"{found.n_families:,}, of which {len(found.families):,} have more than one document",
        "near-duplicates": f"{found.n_duplicates:,}",
        "threshold": f"a Jaccard similarity of {settings['document_jaccard']:g} between sets of five characters",
    }
    if corpus["n_series"]:
        facts["series"] = f"{corpus['n_series']:,}"
    if n_crowded := found.summary["totals"]["n_documents_crowded"]:
        facts["crowded"] = f"{n_crowded:,} documents had more candidates than are compared"
    yield f"<h1><strong>{share}</strong> of {n:,} documents are near-duplicates of another one</h1>\n<dl>\n"
    yield from (f"<dt>{name}</dt><dd>{value}</dd>\n" for name, value in facts.items())
    yield "</dl>\n"


def _family(found: DocumentScan, rows: Sequence[int], *, opened: bool) -> str:
    """One family, its head first."""
    lines = []
    for row in rows[:MAX_MEMBERS]:
        ratio = "head" if row == rows[0] else f"{found.ratio[row]:.3f}"
        place = f"{_drawn(found.sources[row])} {found.rows[row]:,}"
        lines.append(
            f'<tr><td>{_drawn(found.ids[row])}</td><td class="n">{ratio}</td>'
            f'<td class="n">{found.n_chars[row]:,}</td><td class="quiet">{place}</td></tr>\n'
        )
    return (
        f"<details{' open' if opened else ''}><summary><strong>{len(rows):,}</strong> documents like "
        f"{_drawn(found.ids[rows[0]])}</summary>\n"
        '<table><tr><th>document</th><th class="n">Jaccard</th><th class="n">characters</th>'
        f"<th>file and record</th></tr>\n{''.join(lines)}</table>"
        f"{_left_out(len(rows) - len(lines), 'documents', 'members')}</details>\n"
    )


def _left_out(n: int, noun: str, table: str) -> str:
    return f'<p class="quiet">{n:,} more {noun} are in the table of {table}.</p>\n' if n > 0 else ""


def _problems(problems: Mapping[str, Any]) -> Iterator[str]:
    """What was skipped or changed while reading, and why."""
    if not problems["n"]:
        return
    yield "<h2>Skipped or changed while reading</h2>\n<dl>\n"
    yield from (f"<dt>{_drawn(name)}</dt><dd>{n:,}</dd>\n" for name, n in problems["n"].items())
    yield f"</dl>\n<ul>\n{''.join(_items(problems['examples']))}</ul>\n"


def _items(messages: Iterable[str]) -> Iterator[str]:
    return (f'<li class="quiet">{_drawn(message)}</li>\n' for message in messages)


def _drawn(text: str) -> str:
    """Text of a document as the page shows it: escaped, isolated, with nothing in it that a browser obeys or hides."""
    short = text[:MAX_ID] + "\N{HORIZONTAL ELLIPSIS}" if len(text) > MAX_ID else text
    if not short.isprintable():
        short = "".join(char if char.isprintable() else " " if char.isspace() else _INVISIBLE for char in short)
    return f"<bdi>{escape(short)}</bdi>"

"""The report as one page that opens from disk: figures and lists as data in it, drawn by its own script.

The page loads nothing (its content security policy forbids it) and its bytes depend on the scan alone, never on the
run. Texts reach the page only as escaped JSON and the script writes them only as text nodes.

The script is written here rather than taken from a library: it is a tenth of the size of the table libraries, which
would go into every report that is written, and no string of it is ever parsed as HTML (docs/report.md compares them).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
from jinja2 import (
    BytecodeCache,
    Environment,
    PackageLoader,
    StrictUndefined,
    Template,
    compiler,
    lexer,
    nodes,
    optimizer,
    parser,
    runtime,
)
from jinja2.bccache import Bucket, bc_magic
from markupsafe import Markup

from detector.kernels.cache import keep, read_kept
from detector.kernels.rendering import MOST_NUMBER
from detector.kernels.reporting import render_integers
from detector.model import Parts
from detector.report import charts, column_lookup, data, page_clusters, page_documents
from detector.report.leads import leads
from detector.report.lookup import Listing, Lookup
from detector.report.palette import PAINTS, percent
from detector.report.shown import shown
from detector.report.words import counted, problem_words

if TYPE_CHECKING:
    from detector.results.index import Scan

MAX_DOCUMENTS = 50_000
MAX_TEXT_BYTES = 1_200_000
"""Bytes of texts with their findings that a page holds, so that it opens at once."""
MAX_TEXTS, MAX_REFUSED = 60, 5
"""Texts that a page holds, and texts that turn out too long before no more are tried."""
MAX_CLUSTERS = 100
MAX_PHRASES = 200
MAX_FAMILIES = 100
MAX_MAP = 36
"""Families on the map of who shares with whom: as many as an eye follows across a screen."""
N_EXAMPLES = 5
CHARTED = 10
"""Documents whose parts the overview draws."""
SCRIPTS = ("page.js", "lists.js", "documents.js", "clusters.js", "map.js", "routes.js")
ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029", "\x7f": "\\u007f"}
"""What JSON inside a script element must not hold; replaced one after the other, which is faster than a table."""
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
LEVEL_TITLES = {"block": "Paragraphs", "passage": "Passages", "outline": "Outlines"}
"""Titles of the lists of clusters; another level has its name."""
NOUNS = {"block": ("paragraph", "paragraphs"), "passage": ("passage", "passages"), "outline": ("outline", "outlines")}


def render_html(scan: Scan) -> str:
    """The page for ``scan``; what does not fit into it is counted and said on it."""
    found = column_lookup.lookup(scan)
    listing = found.listed(MAX_DOCUMENTS)
    places = {doc: place for place, doc in enumerate(listing.ids)}
    overview = data.overview(scan)
    lists = _lists(scan, found, listing, places)
    texts = _texts(scan, listing, places, found, lists)
    lists["texts"] = [place for place, _ in texts]
    template = page_template()
    addresses = _addresses(lists["documents"]["ids"])
    return template.render(
        overview=overview,
        headline=_headline(overview),
        parts=[_part(overview, name) for name in PAINTS],
        paints=PAINTS,
        patterns=Markup(charts.patterns()),
        originality=Markup(charts.originality_chart(overview.bins, alone=False, link=_range)),
        least_original=Markup(_least_original(lists["documents"], listing, addresses)),
        leads=leads(listing, lists),
        facts=_facts(overview),
        tabs=_tabs(lists),
        skipped=data.skipped(scan),
        settings={name: _plain(value) for name, value in scan.summary.get("settings", {}).items()},
        version=shown(str(scan.summary.get("version", ""))),
        left_out=_left_out(lists, found.n_missing()),
        lists=_json(lists),
        texts=texts,
        asset=lambda name: _asset(template.environment, name),
        scripts=SCRIPTS,
        address=addresses,
        name=lambda line: line.name if line.place < 0 else lists["documents"]["ids"][line.place],
        quote=lambda text: quote(text, safe=""),
        shown=shown,
        problem_words=problem_words,
        percent=percent,
        counted=counted,
        noun=_noun,
    )


@cache
def page_template() -> Template:
    """What the page is drawn from."""
    loader, kept = PackageLoader("detector.report", "templates"), KeptTemplates()
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, bytecode_cache=kept).get_template(
        "report.html"
    )


class KeptTemplates(BytecodeCache):
    """Templates as Python's code where compiled kernels are kept: to make that of the page takes ten times as long as
    to read it."""

    def load_bytecode(self, bucket: Bucket) -> None:
        if (code := read_kept(_kept_name(bucket))) is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        keep(_kept_name(bucket), bucket.bytecode_to_string())


def _kept_name(bucket: Bucket) -> str:
    """The file of a template's code, by what it depends on: the template, how it is compiled, what compiles it."""
    digest = hashlib.sha256(bucket.checksum.encode() + bc_magic)
    for path in (__file__, *(module.__file__ for module in (compiler, lexer, nodes, optimizer, parser, runtime))):
        digest.update(Path(str(path)).read_bytes())
    return f"{Path(__file__).stem}-{digest.hexdigest()[:32]}.template"


def _lists(scan: Scan, found: Lookup, listing: Listing, places: Mapping[str, int]) -> dict[str, Any]:
    """Everything that the script draws, but for the texts."""
    levels = {"block", "passage", *data.overview(scan).n_clusters} - {"document"}
    return {
        "documents": page_documents.table(listing, found, places, len(scan.documents)),
        "clusters": {level: page_clusters.shared(level, found, places, MAX_CLUSTERS) for level in sorted(levels)},
        "titles": LEVEL_TITLES,
        "families": page_clusters.families(found, places, MAX_FAMILIES),
        "phrases": page_clusters.phrases(found, places, MAX_PHRASES, len(scan.phrases)),
        "rules": page_clusters.rules(scan, places, N_EXAMPLES),
        "map": page_clusters.who_shares(found, scan, places, MAX_MAP),
        "paints": [[paint.letter, name, paint.says] for name, paint in PAINTS.items()],
    }


def _asset(environment: Environment, name: str) -> Markup:
    """A file of our own that goes into the page as it is."""
    assert environment.loader is not None
    return Markup(environment.loader.get_source(environment, name)[0])


def _json(value: Any) -> Markup:
    """JSON that can stand inside a script element: no ``</script>``, no ``<!--``, whatever the strings hold."""
    text = _encoded(value)
    for character, escaped in ESCAPED.items():
        text = text.replace(character, escaped)
    return Markup(text)


def _encoded(value: Any) -> str:
    """A value as JSON; arrays of whole numbers (int64) may stand in an object."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{_ENCODE(key)}:{_encoded(item)}" for key, item in value.items()) + "}"
    if isinstance(value, np.ndarray):
        written = np.empty(MOST_NUMBER * len(value), np.uint8)
        return f"[{written[: render_integers(written, value)].tobytes().decode()}]"
    return _ENCODE(value)


def _plain(value: Any) -> str:
    """A setting as text."""
    return "none" if value is None else shown(json.dumps(value, ensure_ascii=False, default=str))


def _addresses(ids: Sequence[str]) -> Callable[[int], str]:
    """Where a document of the page is: by its id, or by its place where two are drawn alike."""
    same = {name for name, number in Counter(ids).items() if number > 1}
    return lambda place: f"#row/{place}" if ids[place] in same else f"#document/{quote(ids[place], safe='')}"


def _range(low: int, high: int) -> str:
    """The list of the documents of one column of the distribution."""
    return f"#documents?from={low}&to={high}"


def _least_original(documents: Mapping[str, Any], listing: Listing, address: Callable[[int], str]) -> str:
    """The parts of the first documents of the list."""
    rows = [Parts(*counts) for counts in listing.parts[:CHARTED].tolist()]
    links = [address(place) for place in range(len(rows))]
    named = list(zip(documents["ids"][:CHARTED], rows, strict=True))
    return charts.parts_chart(named, "Parts of the least original documents", alone=False, links=links)


def _headline(overview: data.Overview) -> tuple[str, str]:
    """The figure in large letters, and what it is a share of."""
    here = f"not seen elsewhere in these {counted(overview.n_documents, 'document')}"
    n_chars = f"{overview.parts.total:,} characters"
    if overview.originality is None:
        return "\N{EN DASH}", "no text to measure"
    if overview.underestimated:
        return percent(overview.originality), f"of {n_chars} {here}"
    sample = "expected not to be seen elsewhere in a sample of 1,000 families"
    return percent(overview.originality_1k), f"of {n_chars} {sample}; {percent(overview.originality)} {here}"


def _part(overview: data.Overview, name: str) -> dict[str, Any]:
    """One segment of the large bar and its line in the legend."""
    share = overview.parts.share(name)
    return {"name": name, "letter": PAINTS[name].letter, "says": PAINTS[name].says, "share": share}


def _facts(overview: data.Overview) -> list[tuple[str, list[tuple[str, str]]]]:
    """Figures of the overview, in groups: what is counted, and how much of it there is."""
    corpus = [("documents", overview.n_documents), ("families", overview.n_families)]
    corpus += [("series", overview.n_series)] if overview.n_series else []
    corpus += [("passages", overview.n_passages), ("of them matched", overview.n_passages_matched)]
    corpus += [("matched outside any cluster", overview.n_matched_alone)] if overview.n_matched_alone else []
    corpus += [("not compared with all", overview.n_passages_crowded)] if overview.n_passages_crowded else []
    corpus += [(f"{level} clusters", number) for level, number in sorted(overview.n_clusters.items())]
    corpus += [("phrases", overview.n_phrases)]
    groups = {"Corpus": corpus, "Findings": _largest(overview.n_findings), "Flags": _largest(overview.n_flags)}
    return [
        (title, [(shown(name).replace("_", " "), f"{number:,}") for name, number in rows])
        for title, rows in groups.items()
        if rows
    ]


def _largest(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Names and numbers above zero, the largest first."""
    return sorted((item for item in counts.items() if item[1]), key=lambda item: (-item[1], item[0]))


def _tabs(lists: Mapping[str, Any]) -> list[tuple[str, str, str | None]]:
    """The views: address, title, number of rows."""
    tabs: list[tuple[str, str, str | None]] = [("documents", "Documents", _short(lists["documents"]["n_all"]))]
    for level in sorted(lists["clusters"], key=lambda level: (level not in LEVEL_TITLES, level)):
        title = LEVEL_TITLES.get(level, shown(level).capitalize())
        tabs.append((f"clusters/{quote(level, safe='')}", title, _short(lists["clusters"][level]["n_all"])))
    tabs.append(("phrases", "Phrases", _short(lists["phrases"]["n_all"])))
    tabs += [("map", "Map", None), ("rules", "Rules", _short(len(lists["rules"])))]
    return [*tabs, ("families", "Families", _short(lists["families"]["n_all"])), ("input", "Input", None)]


def _short(number: int) -> str:
    """A number for a narrow place: thousands from 10,000 on."""
    return f"{number:,}" if number < 10_000 else f"{number // 1000:,}k"


def _noun(level: str, number: int) -> str:
    """What a reader calls clusters of a level."""
    one, many = NOUNS.get(level, (f"cluster of level {shown(level)}", f"clusters of level {shown(level)}"))
    return one if number == 1 else many


def _left_out(lists: Mapping[str, Any], n_missing: int) -> list[str]:
    """What the page does not hold, one sentence each."""
    lines, documents = [], lists["documents"]
    n_listed, n_all = len(documents["ids"]), documents["n_all"]
    if n_listed < n_all:
        lines.append(
            f"The list has {n_listed:,} of {n_all:,} documents; the others, more original than these, are in the table "
            "of documents."
        )
    if n_missing:
        lines.append(f"The texts of {counted(n_missing, 'document')} were not at hand when this page was made.")
    n_without = n_all - len(lists["texts"]) - n_missing
    if n_without:
        lines.append(
            f"The texts of {counted(n_without, 'document')} are left out: the page holds those of "
            f"{len(lists['texts']):,}, the least original, those with most blanks and those of the largest clusters. "
            "detector explain DIR --doc ID shows any document."
        )
    held = [("families", lists["families"], "clusters"), ("phrases", lists["phrases"], "phrases")]
    held += [(f"{level} clusters", found, "clusters") for level, found in lists["clusters"].items()]
    for name, found, where in held:
        n_more = found["n_all"] - len(found["rows"])
        if n_more:
            lines.append(f"{n_more:,} more {shown(name)} are in the table of {where}.")
    n_more = lists["map"]["n_all"] - len(lists["map"]["families"])
    if n_more:
        lines.append(f"The map has the {len(lists['map']['families'])} families that share most; {n_more:,} others do.")
    return lines


def _texts(
    scan: Scan, listing: Listing, places: Mapping[str, int], found: Lookup, lists: Mapping[str, Any]
) -> list[tuple[int, Markup]]:
    """Texts with their findings as JSON, as many as fit, in the order of the list."""
    texts: list[tuple[int, Markup]] = []
    size = n_refused = 0
    members = [[listing.ids[row[0]] for row in rows["rows"][:4] if row[0] >= 0] for rows in _largest_clusters(lists)]
    phrases = frozenset(row[0] for row in lists["phrases"]["rows"])
    for doc in page_documents.worth_reading(listing, members):
        if len(texts) == MAX_TEXTS or n_refused == MAX_REFUSED:
            break
        if size + int(found.lengths([doc])[0]) > MAX_TEXT_BYTES or doc not in scan.texts:
            continue
        drawn = _json(page_documents.text_row(scan, doc, places, found, phrases))
        n_bytes = len(drawn.encode("utf-8", "replace"))
        if size + n_bytes <= MAX_TEXT_BYTES:
            size += n_bytes
            texts.append((places[doc], drawn))
        else:
            n_refused += 1
    return sorted(texts)


def _largest_clusters(lists: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The first clusters of every level, in turn."""
    ranked = [found["rows"][:MAX_TEXTS] for found in lists["clusters"].values()]
    return [row for rows in zip_longest(*ranked) for row in rows if row is not None]

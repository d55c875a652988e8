"""The report as one page that opens from disk: figures and lists as data in it, drawn by its own script.

The page loads nothing (its content security policy forbids it) and its bytes depend on the scan alone, never on the
run. Texts reach the page only as escaped JSON and the script writes them only as text nodes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from detector.kernels.reporting import paint_stripes
from detector.model import PART_NAMES, DocumentScore
from detector.report import column_lookup, data, lookup
from detector.report.explain import elsewhere, pieces, says
from detector.report.lookup import Lookup, SlotTexts
from detector.report.palette import PAINTS, percent
from detector.report.shown import shown
from detector.report.terminal import KIND_TITLES, counted

if TYPE_CHECKING:
    from detector.index import Scan

MAX_TEXT_BYTES = 1_000_000
"""Bytes of texts with their findings that a page holds; with the lists it stays near 3 MB, which opens at once."""
MAX_TEXTS, MAX_REFUSED = 50, 5
"""Texts that a page holds, and texts that turn out too long before no more are tried."""
MAX_DOCUMENTS = 2_000
MAX_CLUSTERS = 100
MAX_PHRASES = 200
MAX_FAMILIES = 100
MAX_MEMBERS = 20
MAX_FILLS = 6
N_STRIPES = 200
"""Stripes of a document's barcode; it shows where in the document the parts stand."""
STRIPE_SHARE = 0.25
"""The least part of a stripe that has to be claimed for it to be drawn as claimed: a lone mark is no stripe."""
ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029", "\x7f": "\\u007f"}
)


def render_html(scan: Scan) -> str:
    """The page for ``scan``; what does not fit into it is counted and said on it."""
    found = column_lookup.lookup(scan)
    documents = data.top_documents(scan, MAX_DOCUMENTS)
    places = {score.id: place for place, score in enumerate(documents.rows)}
    texts = _texts(scan, documents.rows, places, found)
    n_missing = found.n_missing()
    overview = data.overview(scan)
    lists = {
        "documents": [
            _document(score, barcode)
            for score, barcode in zip(documents.rows, _stripes(list(places), found), strict=True)
        ],
        "passages": _shared(scan, "passage", places, found),
        "blocks": _shared(scan, "block", places, found),
        "phrases": _phrases(scan),
        "rules": [_rule(row, places) for row in data.rule_rows(scan, 5)],
        "families": _families(scan, places, found),
        "texts": [place for place, _ in texts],
    }
    environment = Environment(
        loader=PackageLoader("detector.report", "templates"), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("report.html").render(
        overview=overview,
        headline=_headline(overview),
        parts=[_part(overview, name) for name in PAINTS],
        paints=PAINTS,
        bins=_bins(overview.bins),
        facts=_facts(overview),
        counts=_counts(lists, documents.n_all),
        skipped=data.skipped(scan),
        settings={name: _plain(value) for name, value in scan.summary.get("settings", {}).items()},
        version=shown(str(scan.summary.get("version", ""))),
        left_out=_left_out(documents, lists, n_missing),
        lists=_json(lists),
        texts=texts,
        style=_asset(environment, "report.css"),
        script=_asset(environment, "report.js"),
        shown=shown,
        percent=percent,
    )


def _asset(environment: Environment, name: str) -> Markup:
    """A file of our own that goes into the page as it is."""
    assert environment.loader is not None
    return Markup(environment.loader.get_source(environment, name)[0])


def _json(value: Any) -> Markup:
    """JSON that can stand inside a script element: no ``</script>``, no ``<!--``, whatever the strings hold."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.translate(ESCAPES))


def _plain(value: Any) -> str:
    """A setting as text."""
    return shown(json.dumps(value, ensure_ascii=False, default=str))


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


def _bins(bins: Sequence[int]) -> list[dict[str, Any]]:
    """Columns of the distribution: height relative to the tallest, range in percent, number of documents."""
    step, tallest = 100 // len(bins), max(bins) or 1
    return [
        {"low": step * place, "high": step * (place + 1), "n": number, "height": 100 * number / tallest}
        for place, number in enumerate(bins)
    ]


def _facts(overview: data.Overview) -> list[tuple[str, list[tuple[str, str]]]]:
    """Figures below the bar, in groups: what is counted, and how much of it there is."""
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


def _counts(lists: Mapping[str, Any], n_documents: int) -> dict[str, int]:
    """Rows of every list of the page, for its tabs."""
    counts = {name: value["n_all"] for name, value in lists.items() if isinstance(value, dict)}
    return counts | {"documents": n_documents, "rules": len(lists["rules"])}


def _left_out(documents: data.Top[DocumentScore], lists: Mapping[str, Any], n_missing: int) -> list[str]:
    """What the page does not hold, one sentence each."""
    lines = []
    if documents.n_more:
        lines.append(
            f"The list has {len(documents.rows):,} of {documents.n_all:,} documents; the others, more original than "
            "these, are in documents.jsonl."
        )
    if n_missing:
        lines.append(f"The texts of {counted(n_missing, 'document')} were not at hand when this page was made.")
    n_without = documents.n_all - len(lists["texts"]) - n_missing
    if n_without:
        lines.append(
            f"The texts of {counted(n_without, 'document')} are left out: the page holds those of "
            f"{len(lists['texts']):,}, the least original first. detector explain DIR --doc ID shows any document."
        )
    if any(row["places"] > lookup.MAX_FILLS for name in ("passages", "blocks") for row in lists[name]["rows"]):
        lines.append(f"What stands in a slot is counted in the first {lookup.MAX_FILLS} places of a template.")
    for name, where in (
        ("passages", "clusters"),
        ("blocks", "clusters"),
        ("phrases", "phrases"),
        ("families", "clusters"),
    ):
        n_more = lists[name]["n_all"] - len(lists[name]["rows"])
        if n_more:
            lines.append(f"{n_more:,} more {name} are in {where}.jsonl.")
    return lines


def _document(score: DocumentScore, barcode: str) -> dict[str, Any]:
    """One row of the list of documents."""
    return {
        "id": shown(score.id),
        "source": shown(score.source),
        "row": score.row,
        "chars": score.n_chars,
        "originality": score.originality,
        "sample": score.originality_1k,
        "parts": [getattr(score.parts, name) for name in PAINTS],
        "copy": None if score.duplicate_of is None else shown(score.duplicate_of),
        "flags": [shown(flag) for flag in score.flags],
        "findings": sum(score.n_findings.values()),
        "stripes": barcode,
    }


def _stripes(docs: Sequence[str], found: Lookup) -> list[str]:
    """The barcodes: for every stripe the letter of the part that claims most of it, own text where little is."""
    claims, lengths = found.claims(docs), found.lengths(docs)
    drawn = np.full((len(docs), N_STRIPES), PART_NAMES.index("own"), dtype=np.uint8)
    letters = np.array([ord(PAINTS[name].letter) for name in PART_NAMES], dtype=np.uint8)
    paint_stripes(drawn, lengths, *claims, letters.astype(np.int64), STRIPE_SHARE)
    return [row[:size].tobytes().decode() for row, size in zip(letters[drawn], lengths.tolist(), strict=True)]


def _texts(
    scan: Scan, documents: Sequence[DocumentScore], places: Mapping[str, int], found: Lookup
) -> list[tuple[int, Markup]]:
    """Texts with their findings as JSON, as many as fit, in the order of the list."""
    texts: list[tuple[int, Markup]] = []
    size = n_refused = 0
    lengths = found.lengths([score.id for score in documents]).tolist()
    for place, (score, length) in enumerate(zip(documents, lengths, strict=True)):
        if len(texts) == MAX_TEXTS or n_refused == MAX_REFUSED:
            break
        if size + length > MAX_TEXT_BYTES or score.id not in scan.texts:
            continue
        drawn = _json(_text(scan.texts[score.id], score.id, places, found))
        n_bytes = len(drawn.encode())
        if size + n_bytes <= MAX_TEXT_BYTES:
            size += n_bytes
            texts.append((place, drawn))
        else:
            n_refused += 1
    return texts


def _text(text: str, doc_id: str, places: Mapping[str, int], found: Lookup) -> dict[str, Any]:
    """One document's text, its pieces by part and mark, and its findings with what they say."""
    findings = list(found.findings(doc_id))
    rows = []
    for finding in findings:
        place = elsewhere(finding, found)
        link = [places.get(place.doc, -1), place.start] if place is not None else [-1, 0]
        letter = PAINTS[finding.part].letter if finding.part else ""
        rows.append([finding.start, finding.end, shown(finding.kind), letter, says(finding, found), *link])
    cut = [[piece.start, piece.end, PAINTS[piece.part].letter, piece.mark] for piece in pieces(len(text), findings)]
    lines = text.replace("\r\n", " \n").replace("\r", "\n")
    return {"text": shown(lines, lines=True), "pieces": cut, "findings": rows}


def _shared(scan: Scan, level: str, places: Mapping[str, int], found: Lookup) -> dict[str, Any]:
    """Clusters of one level: how much they share, their template, and where their members stand."""
    top = data.shared_texts(scan, level, MAX_CLUSTERS, rows=found)
    rows = []
    for item in top.rows:
        members = found.members[item.id]
        rows.append(
            {
                "id": shown(item.id),
                "chars": item.n_chars,
                "families": item.n_families,
                "documents": item.n_documents,
                "places": item.n_members,
                "template": _template(found.template(item.id, data.MAX_SAMPLE)),
                "samples": [_sample(sample, places) for sample in (item.example, item.other) if sample is not None],
                "members": [[places.get(m.doc, -1), shown(m.doc), m.start, m.ratio] for m in members[:MAX_MEMBERS]],
                "more": max(0, len(members) - MAX_MEMBERS),
            }
        )
    return {"rows": rows, "n_all": top.n_all}


def _template(parts: Sequence[str | SlotTexts]) -> list[Any]:
    """Literals as strings, slots as their type, the commonest fills with their numbers, and the number of others.

    A template longer than a sample has no parts here: its members are shown instead.
    """
    drawn: list[Any] = []
    for part in parts:
        if isinstance(part, str):
            drawn.append(shown(part))
            continue
        fills: dict[str, int] = {}
        for text in part.fills:
            fills[text] = fills.get(text, 0) + 1
        common = sorted(fills.items(), key=lambda pair: (-pair[1], pair[0]))
        drawn.append(
            [shown(part.type), [[shown(text), n] for text, n in common[:MAX_FILLS]], max(0, len(fills) - MAX_FILLS)]
        )
    return drawn


def _sample(sample: data.Sample, places: Mapping[str, int]) -> dict[str, Any]:
    """One member's text with the places where it differs."""
    return {
        "doc": places.get(sample.doc, -1),
        "id": shown(sample.doc),
        "start": sample.start,
        "ratio": sample.ratio,
        "text": shown(sample.text),
        "more": sample.n_more,
        "changed": [list(span) for span in sample.changed],
    }


def _phrases(scan: Scan) -> dict[str, Any]:
    """The phrase book."""
    top = data.top_phrases(scan, MAX_PHRASES)
    rows = [[phrase.n_families, phrase.n_occurrences, phrase.n_tokens, shown(phrase.text)] for phrase in top.rows]
    return {"rows": rows, "n_all": top.n_all}


def _rule(row: data.RuleRow, places: Mapping[str, int]) -> dict[str, Any]:
    """One rule with its examples in context."""
    return {
        "kind": row.kind,
        "title": KIND_TITLES[row.kind][0],
        "says": KIND_TITLES[row.kind][1],
        "rule": shown(row.rule),
        "findings": row.n_findings,
        "documents": row.n_documents,
        "examples": [
            [places.get(e.doc, -1), e.start, shown(e.before), shown(e.text), shown(e.after)] for e in row.examples
        ],
    }


def _families(scan: Scan, places: Mapping[str, int], found: Lookup) -> dict[str, Any]:
    """Families with their copies, each copy with its Jaccard."""
    top = data.families(scan, MAX_FAMILIES, rows=found)
    rows = [
        {
            "head": [places.get(row.head, -1), shown(row.head)],
            "copies": [[places.get(doc, -1), shown(doc), ratio] for doc, ratio in row.copies[:MAX_MEMBERS]],
            "n": row.n_copies,
        }
        for row in top.rows
    ]
    return {"rows": rows, "n_all": top.n_all}

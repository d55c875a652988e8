"""The figures of real text that a change must not lose, as a plain table.

Run ``python benchmarks/figures.py ../shared``: the folder of real text that lies beside the checkout, with ``seeds/``,
``gold/`` and ``corpora/``. ``tests/test_real_text.py`` holds the same functions to what they must show.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from detector.evaluation.measures import GoldDocument, load_gold
from detector.model import Finding, Parts
from detector.pipeline import scan
from detector.results.index import Scan
from detector.text.folding import fold

GUIDING_THOUGHT = "习近平新时代中国特色社会主义思想为指导"
LEADERSHIP = "镇党委的正确领导下"
MIN_PAIR = 0.01
"""Pairs of documents that share less are not listed."""


class Placeholders(NamedTuple):
    """Labelled placeholders, those found with just their span, and findings that no label has."""

    n_labelled: int
    n_found: int
    n_wrong: int


class Cut(NamedTuple):
    """A phrase as it is written first, and the documents in which its words stand."""

    text: str
    key: str
    n_families: int
    documents: tuple[str, ...]


class Pair(NamedTuple):
    """Two documents, the smaller first, and the share of the smaller one's characters that it has from the other."""

    smaller: str
    larger: str
    share: float


def placeholders(result: Scan, gold: Sequence[GoldDocument]) -> Placeholders:
    """Findings of the kind ``placeholder`` against the labels, span by span."""
    labelled = {
        (document.id, span.start, span.end)
        for document in gold
        for span in document.spans
        if span.kind == "placeholder"
    }
    found = [(item.doc, item.start, item.end) for item in result.findings if item.kind == "placeholder"]
    return Placeholders(len(labelled), len(labelled & set(found)), len(found) - len(labelled & set(found)))


def matches_elsewhere(result: Scan) -> list[Finding]:
    """Passages that match one of another document."""
    return [finding for finding in result.findings if finding.kind == "passage"]


def repeats(result: Scan) -> dict[str, int]:
    """In-document repeats by document."""
    return dict(sorted(Counter(finding.doc for finding in result.findings if finding.kind == "repeat").items()))


def phrases_with(result: Scan, words: str) -> list[Cut]:
    """Phrases that contain some words, the longest first, with the documents whose text has them."""
    texts = {name: _without_separators(fold(text)) for name, text in result.texts.items()}
    cuts = [
        Cut(
            phrase.text,
            phrase.key,
            phrase.n_families,
            tuple(name for name, text in texts.items() if phrase.key in text),
        )
        for phrase in result.phrases
        if words in phrase.key
    ]
    return sorted(cuts, key=lambda cut: (-len(cut.key), cut.key))


def _without_separators(folded: str) -> str:
    return "".join(char for char in folded if char.isalnum())


def originality(result: Scan) -> float | None:
    """The originality of a corpus: the characters of all its documents added."""
    return sum((document.parts for document in result.documents), Parts()).originality


def pairs(result: Scan) -> list[Pair]:
    """Pairs of documents that share at least 1 % of the smaller one, the most first.

    A passage is shared with the document that its evidence names and with all that have a member in its cluster; what
    it claims for the part ``shared`` counts.
    """
    where: dict[str, set[str]] = defaultdict(set)
    for member in result.members:
        where[member.cluster].add(member.doc)
    size = {document.id: document.n_chars for document in result.documents}
    shared: Counter[tuple[str, str]] = Counter()
    for finding in result.findings:
        if finding.kind == "passage" and finding.part == "shared":
            others = {str(finding.evidence["doc"]), *where.get(finding.cluster or "", ())} - {finding.doc}
            n_chars = sum(
                not char.isspace() for span in finding.claims for char in result.texts[finding.doc][slice(*span)]
            )
            for other in others:
                shared[finding.doc, other] += n_chars
    found = []
    for one, other in combinations(sorted(size), 2):
        smaller, larger = sorted((one, other), key=lambda name: (size[name], name))
        share = shared[smaller, larger] / max(size[smaller], 1)
        if share >= MIN_PAIR:
            found.append(Pair(smaller, larger, share))
    return sorted(found, key=lambda pair: (-pair.share, pair))


def table(folder: Path) -> Iterator[tuple[str, str]]:
    """All figures, a name and a value each."""
    seeds = scan(folder / "seeds")
    found = placeholders(seeds, load_gold(folder / "gold" / "seeds.jsonl"))
    yield "seeds: placeholders found of those labelled", f"{found.n_found} of {found.n_labelled}"
    yield "seeds: placeholders that no label has", str(found.n_wrong)
    yield "seeds: passages that match another document", str(len(matches_elsewhere(seeds)))
    for name, n in repeats(seeds).items():
        yield f"seeds: repeats inside {name}", str(n)
    for words in (GUIDING_THOUGHT, LEADERSHIP):
        for cut in phrases_with(seeds, words):
            names = ", ".join(name.split("_")[0] for name in cut.documents)
            yield f"seeds: {cut.text}", f"{cut.n_families} families ({names})"
    for document in seeds.documents:
        yield f"seeds: originality of {document.id}", f"{document.originality:.4f} of {document.n_chars:,}"
    guides = scan(folder / "corpora" / "zh_gongwen_templates" / "docs.jsonl")
    yield "zh_gongwen_templates: originality of the whole", f"{originality(guides):.4f}"
    reuse = scan(folder / "corpora" / "en_textreuse" / "docs.jsonl")
    for pair in pairs(reuse):
        yield f"en_textreuse: {pair.smaller} in {pair.larger}", f"{pair.share:.3f}"
    yield "en_textreuse: originality of the whole", f"{originality(reuse):.4f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="the folder of real text, with seeds/, gold/ and corpora/")
    folder = parser.parse_args().folder
    if not (folder / "gold" / "seeds.jsonl").is_file():
        sys.exit(f"{folder}: holds no gold/seeds.jsonl; name the folder of real text")
    for name, value in table(folder):
        print(f"{value:>28}  {name}")


if __name__ == "__main__":
    main()

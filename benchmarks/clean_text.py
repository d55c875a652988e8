"""What the rules find in text that has nothing to find: placeholders in a million characters, junk, wrong characters.

Run ``python benchmarks/clean_text.py FILE ...`` on inputs that `detector scan` reads. Junk is counted in characters
that are not blank, rule by rule: what is junk by right (links to the source, the debris of a scanned book) can be told
by its rule. ``tests/test_clean_text.py`` holds real corpora to ceilings with it.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

import detector
from detector.machine.workspace import Workspace
from detector.model import FINDING_KINDS
from detector.rules.hits import find_hits, site_and_own
from detector.rules.rule_tables import load_rules
from detector.settings import Settings
from detector.text.texts import Texts


class CleanText(NamedTuple):
    """``n_chars`` (not blank) of ``n_documents``; findings of each kind, and characters of junk by rule."""

    n_documents: int
    n_chars: int
    found: Counter[str]
    junk: Counter[str]

    def per_million(self, kind: str) -> float:
        """Findings of a kind in a million characters."""
        return self.found[kind] * 1e6 / max(self.n_chars, 1)

    def junk_share(self, but_for: Iterable[str] = ()) -> float:
        """The share of characters that are junk by other rules than the named ones."""
        return sum(n for rule, n in self.junk.items() if rule not in set(but_for)) / max(self.n_chars, 1)


def clean_text(documents: Sequence[str]) -> CleanText:
    """What the rules find in some documents of no series."""
    texts = Texts.of(documents)
    with Workspace() as work:
        hits = find_hits(texts, load_rules(Settings()), work)
    nobody = np.full(len(texts), -1, dtype=np.int64)
    all_hits = site_and_own(hits, texts, np.arange(len(texts)), nobody)
    found, junk = Counter[str](), Counter[str]()
    for document, text in enumerate(documents):
        for row in range(int(all_hits.indptr[document]), int(all_hits.indptr[document + 1])):
            kind = FINDING_KINDS[all_hits.kind[row]]
            found[kind] += 1
            if kind == "junk":
                span = text[int(all_hits.start[row]) : int(all_hits.end[row])]
                junk[all_hits.rule_names[all_hits.rule[row]]] += _n_visible(span)
    return CleanText(len(texts), sum(map(_n_visible, documents)), found, junk)


def _n_visible(text: str) -> int:
    return sum(map(len, text.split()))


def main() -> None:
    """Print a table of each input."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("inputs", nargs="+", metavar="FILE")
    for name in parser.parse_args().inputs:
        result = clean_text([document.text for document in detector.read(name)])
        print(f"{name}: {result.n_documents:,} documents, {result.n_chars:,} characters")
        print(f"  placeholders in a million characters: {result.per_million('placeholder'):.2f}")
        print(f"  script errors: {result.found['script_error']}, year swaps: {result.found['year_swap']}")
        print(f"  junk: {result.junk_share():.5%} of characters")
        for rule, n in result.junk.most_common():
            print(f"    {rule}: {n:,} ({n / max(result.n_chars, 1):.5%})")


if __name__ == "__main__":
    main()

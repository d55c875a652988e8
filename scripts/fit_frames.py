"""Fit the model of lines that sites leave at the ends of documents and write it to ``detector/data/frames.tsv``.

    python scripts/fit_frames.py AUTHOR.jsonl[,AUTHOR.jsonl ...] ... --lines LINES.jsonl ... --plain DOCS.jsonl ...

Each argument is one author's documents, ``text`` with the spans that are ``junk``; those of all authors but one teach
when the one is scored. ``--lines`` are single lines, labelled junk or content; they and the examples of the rules teach
words only. ``--plain`` are files or folders of documents without junk. Rules know the documents that they were written
for, so that the model would learn to leave all to them: every document teaches in copies from which rules are dropped
at random, and is scored so. What words say of lines comes from a fit without their document. The table holds single
words and numbers, no text, and the same documents give the same table; ``--check`` writes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
from boosted_trees import Shape, Trees, grow, into_bins
from line_words import LineWords, fit_words, number_words

from detector.records.reading import Reader
from detector.rules.frames import (
    COLUMNS,
    SITE_FRAME,
    EdgeLines,
    Model,
    describe_shapes,
    look_at,
    model_of,
    over_limits,
    place_lines,
    weigh_lines,
)
from detector.rules.junk import find_junk
from detector.rules.junk_places import PLACED
from detector.rules.lines import Lines, rules_by_line, split_lines
from detector.rules.places import Block, make_triggers, read_block
from detector.rules.rule_tables import load_rules, matches_line
from detector.settings import Settings
from detector.text.folding import SINGLE, character_table, code_points, plain

TARGET = Path(__file__).parents[1] / "detector" / "data" / "frames.tsv"
SHAPE = Shape(300, 0.07, 0.2, 0.5)

DROPPED = (0.5, 1.0, 0.3, 0.7)
"""The share of rules that each copy of a document is without: of those that were written for others' documents, rules
find about half of the junk."""

N_FOLDS = 4
"""Folds of documents, by which the words of a document are weighed by a fit without it."""

LIMITS = {"words": 0.5, "odds": 1.0, "alone": 1.5}
"""What the words of a line must exceed for its text to be looked at, the log odds of a line for being junk, and by how
much more where no rule matches a line of its text (`detector.rules.frames.over_limits`)."""

MIN_HAN, MIN_WORDS = 2, 3
"""Documents or lines that must have a single character or pair, and a word."""

PLAIN_DOCUMENTS, PLAIN_CHARACTERS = 80, 20_000
PLAIN_WEIGHT, JUNK_SHARE = 0.5, 0.5
"""What a document without junk weighs, and what all junk lines weigh beside all others where words are fitted."""

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Document(NamedTuple):
    """A document and what rules say of it: ``label`` (bool, by line), ``wanted`` and ``visible`` (bool, by character).

    ``matched`` are the names of the rules that match each line wherever it stands, ``hits`` what the scan finds without
    the model: start, end and rule. ``own`` (bool, by line) are lines that a guard calls the document's own.
    """

    author: str
    points: NDArray[np.uint32]
    block: Block
    lines: list[str]
    label: Flags
    wanted: Flags
    visible: Flags
    matched: dict[int, list[str]]
    hits: list[tuple[int, int, str]]
    own: Flags


class Copy(NamedTuple):
    """A document without some rules: the lines that are looked at, whether each of all is ``known`` (bool)."""

    document: int
    dropped: frozenset[str]
    known: Flags
    lines: EdgeLines
    features: Floats


class Fit(NamedTuple):
    """The parts of the table."""

    words: list[tuple[str, float]]
    characters: list[tuple[str, float]]
    bases: tuple[float, float]
    trees: Trees


TABLE = load_rules(Settings(disable_rules=(SITE_FRAME,)))
_ANYWHERE = [rule for rule in TABLE.select(("junk",), "line") if rule.place in PLACED]


def read_document(text: str, junk: Sequence[Sequence[int]], author: str) -> Document:
    """A document with its labels: a line is junk if half of it is."""
    points, start = code_points(text), np.zeros(1, dtype=np.int64)
    block = read_block(points, start, start + len(points), make_triggers((), {}, ()))
    visible = np.array([not character.isspace() for character in text], dtype=np.bool_)
    wanted = np.zeros(len(text), dtype=np.bool_)
    for begin, end in junk:
        wanted[begin:end] = True
    wanted &= visible
    bounds = list(zip(block.line_start.tolist(), block.line_end.tolist(), strict=True))
    label = np.array([2 * wanted[low:high].sum() >= visible[low:high].sum() for low, high in bounds], dtype=np.bool_)
    folded = plain(text)
    matched = rules_by_line(split_lines(folded), _ANYWHERE)
    names = {at: [rule.name for rule in rules if rule.place == "any"] for at, rules in matched.items()}
    hits = [(hit.start, hit.end, hit.rule) for hit in find_junk(text, folded, TABLE)]
    lines = [text[low:high] for low, high in bounds]
    own = np.array(_own_lines(split_lines(folded)), dtype=np.bool_)
    return Document(author, points, block, lines, label, wanted, visible, names, hits, own)


def _own_lines(lines: Lines) -> list[bool]:
    """Whether a guard calls each line the document's own."""
    n_head = lines.sentences[0] if lines.sentences else len(lines)
    guards = TABLE.line_guards(SITE_FRAME)
    of_any = [guard for guard in guards if guard.place != "head"]
    return [
        any(matches_line(guard, lines.text(at)) for guard in (guards if at < n_head else of_any))
        for at in range(len(lines))
    ]


def copies(number: int, document: Document, shares: Sequence[float]) -> Iterator[Copy]:
    """A document without some rules, once for each share."""
    draw = np.random.default_rng(number)
    names = {name for names in document.matched.values() for name in names} | {name for *_, name in document.hits}
    for share in shares:
        dropped = frozenset(name for name in sorted(names) if draw.random() < share)
        known = np.zeros(len(document.label), dtype=np.bool_)
        for at, matching in document.matched.items():
            known[at] = any(name not in dropped for name in matching)
        lines = look_at(document.block, np.zeros(1, dtype=np.int64), known)
        shapes = describe_shapes(document.block, document.points, np.zeros(1, dtype=np.int64), lines)
        yield Copy(number, dropped, known, lines, shapes)


def example_lines() -> Iterator[tuple[str, bool]]:
    """The lines of the examples of rules on lines: those that are marked as a whole, and those that are not."""
    for rule in TABLE.select(("junk",), "line"):
        for line in (line for example in rule.hits for line in example.split("\n")):
            if line.startswith("⟦") and line.endswith("⟧"):
                yield line.strip("⟦⟧"), True
        for line in (line for example in rule.misses for line in example.split("\n") if line.strip()):
            yield line, False


class Teachers:
    """Documents, their copies, and the lines whose words teach."""

    def __init__(self, documents: Sequence[Document], lines: Sequence[tuple[str, bool]]) -> None:
        self.documents = documents
        self.is_plain = np.array([not document.author for document in documents])
        self.copies = [
            copy
            for number, document in enumerate(documents)
            for copy in copies(number, document, DROPPED if document.author else (0.0,))
        ]
        looked_at = [
            (document.lines[row], bool(document.label[row]), number)
            for number, document in enumerate(documents)
            for row in look_at(document.block, np.zeros(1, np.int64), np.zeros(len(document.label), np.bool_)).row
        ]
        texts = [line for line, *_ in looked_at] + [line for line, _ in lines]
        self.label = np.array([label for _, label, _ in looked_at] + [label for _, label in lines])
        self.owner = np.array([number for *_, number in looked_at] + [len(documents) + at for at in range(len(lines))])
        self.fold = np.random.default_rng(0).integers(N_FOLDS, size=len(documents) + len(lines))
        counted = number_words(texts)
        singles = [character_table().classes[ord(name[0])] == SINGLE for name in counted.names]
        self.words = counted._replace(sites=np.where(singles, MIN_HAN, np.minimum(counted.sites, MIN_WORDS)))
        alone = np.array([len(name) == 1 for name in counted.names]) & singles
        self.characters = counted._replace(sites=np.where(alone, MIN_HAN, len(texts) + 1))

    def say(self, words: LineWords, teaching: Flags) -> tuple[list[tuple[str, float]], float]:
        """What words say of lines by those of some documents and lines (bool, by owner), and the base."""
        rows = teaching[self.owner]
        weight = np.ones(len(self.owner))
        own = self.owner < len(self.documents)
        weight[own] = np.where(self.is_plain[self.owner[own]], PLAIN_WEIGHT, 1.0)
        weight[self.label] *= JUNK_SHARE * weight[rows & ~self.label].sum() / (rows & self.label).sum()
        fitted = fit_words(words, self.owner, [(self.label, weight)], rows)
        said = [(words.names[at], float(fitted.weights[at, 0])) for at in np.flatnonzero(fitted.weights[:, 0])]
        return said, float(fitted.base[0])

    def described(self, copy: Copy, model: Model) -> Floats:
        """The features of a copy's lines, by what a model's words say."""
        block = self.documents[copy.document].block
        place_lines(copy.features, block, copy.lines, copy.known, weigh_lines(block, copy.lines.row, model))
        return copy.features

    def fit(self, teaching: Flags) -> Fit:
        """The model by some documents (bool) and all lines."""
        everything = np.concatenate((teaching, np.ones(len(self.fold) - len(teaching), dtype=np.bool_)))
        chosen = [copy for copy in self.copies if teaching[copy.document]]
        features: list[Floats] = [np.zeros((0, len(COLUMNS)))] * len(chosen)
        for number in range(N_FOLDS):
            model = as_model(*self.say(self.words, everything & (self.fold != number)))
            for at, copy in enumerate(chosen):
                if self.fold[copy.document] == number:
                    features[at] = self.described(copy, model)[~copy.known[copy.lines.row]].copy()
        label, weight = zip(*(self._taught(copy) for copy in chosen), strict=True)
        table = into_bins(np.concatenate(features))
        rows = np.arange(len(table.bins[0]))
        trees = grow(table, rows, np.concatenate(label), np.concatenate(weight), SHAPE)
        words, base = self.say(self.words, everything)
        characters, character_base = self.say(self.characters, everything)
        return Fit(words, characters, (base, character_base), trees)

    def _taught(self, copy: Copy) -> tuple[Floats, Floats]:
        """Labels and weights of the lines of a copy that no rule knows: long lines weigh more."""
        document = self.documents[copy.document]
        row = copy.lines.row[~copy.known[copy.lines.row]]
        size = np.array([len(document.lines[at].replace(" ", "")) for at in row.tolist()], dtype=np.float64)
        share = 1 / len(DROPPED) if document.author else PLAIN_WEIGHT
        return document.label[row] * 1.0, np.sqrt(size + 1) / 4 * share

    def scored(self, fit: Fit, chosen: Sequence[Copy], limit: float) -> tuple[float, float, float]:
        """Precision and recall over characters, and the mean over copies of the content that is lost."""
        model = as_model(fit.words, fit.bases[0])
        n_right = n_found = n_wanted = 0
        lost = []
        for copy in chosen:
            document = self.documents[copy.document]
            odds = fit.trees.odds(self.described(copy, model))
            is_known = copy.known[copy.lines.row]
            row = copy.lines.row[over_limits(odds - limit, is_known, copy.lines.indptr, LIMITS["alone"])]
            row = row[~document.own[row]]
            found = np.zeros(len(document.visible), dtype=np.bool_)
            for low, high in zip(document.block.line_start[row], document.block.line_end[row], strict=True):
                found[low:high] = True
            for start, end, name in document.hits:
                found[start:end] |= name not in copy.dropped
            found &= document.visible
            n_right += int((found & document.wanted).sum())
            n_found, n_wanted = n_found + int(found.sum()), n_wanted + int(document.wanted.sum())
            content = int((document.visible & ~document.wanted).sum())
            lost.append(float((found & ~document.wanted).sum() / max(content, 1)))
        return n_right / max(n_found, 1), n_right / max(n_wanted, 1), float(np.mean(lost))

    def cross_validated(self, authors: Collection[str]) -> Iterator[str]:
        """For each author what a fit without the author's documents finds, beside what rules find."""
        plain_at = np.flatnonzero(self.is_plain)
        for number, author in enumerate(authors):
            own = np.array([document.author == author for document in self.documents])
            held = np.zeros_like(own)
            held[plain_at[number :: len(authors)]] = True
            fit = self.fit(~own & ~held)
            of_author = [copy for copy in self.copies if own[copy.document]]
            whole = [next(copies(at, self.documents[at], (0.0,))) for at in np.flatnonzero(own).tolist()]
            for said, chosen in (("all rules", whole), ("rules dropped", of_author)):
                for name, limit in (("rules alone", np.inf), ("with lines", LIMITS["odds"])):
                    figures = zip(("precision", "recall", "lost"), self.scored(fit, chosen, limit), strict=True)
                    yield f"{author}, {said}, {name}: " + " ".join(f"{key} {value:.4f}" for key, value in figures)
            of_plain = [copy for copy in self.copies if held[copy.document]]
            taken = self.scored(fit, of_plain, LIMITS["odds"])[2] - self.scored(fit, of_plain, np.inf)[2]
            yield f"{len(of_plain)} documents without junk: lost {taken:.5f}"


def as_model(words: Sequence[tuple[str, float]], base: float) -> Model:
    """A model of words only."""
    limits = [["limit", name, "0"] for name in ("character_base", *LIMITS)]
    rows = [["word", name, str(weight)] for name, weight in words]
    tree = ["tree", *[item for name in COLUMNS[:3] for item in (name, "0")], *["0"] * 8]
    return model_of([*rows, *limits, ["limit", "base", str(base)], tree])


def table(fit: Fit, told: Sequence[str]) -> str:
    """The text of the table."""
    bases = zip(("base", "character_base"), fit.bases, strict=True)
    lines = [
        "# Made by scripts/fit_frames.py. The log odds that a line is junk: the sum of the trees, less the limit odds.",
        "# word: what it says of its line, character: the same where only single characters are known; base: of none.",
        "# tree: three times a feature and what it must be over, the eight leaves (no no no, no no yes ...).",
        *(f"# {line}" for line in told),
        *(f"limit\t{name}\t{value:.4g}" for name, value in (*LIMITS.items(), *bases)),
        *(f"word\t{name}\t{value:.4g}" for name, value in sorted(fit.words)),
        *(f"character\t{name}\t{value:.4g}" for name, value in sorted(fit.characters)),
    ]
    for features, cuts, leaves in zip(*fit.trees, strict=True):
        asked = [item for at, cut in zip(features, cuts, strict=True) for item in (COLUMNS[at], f"{cut:.6g}")]
        lines.append("\t".join(("tree", *asked, *(f"{value:.4g}" for value in leaves))))
    return "\n".join((*lines, ""))


def read_teachers(authors: Sequence[str], lines: Sequence[Path], plain_files: Sequence[Path]) -> Teachers:
    """Everything that teaches."""
    documents = [
        read_document(row["text"], row["junk"], author)
        for author in authors
        for path in author.split(",")
        for row in _rows(Path(path))
    ]
    for path in plain_files:
        texts = [document.text[:PLAIN_CHARACTERS] for document in Reader(path)]
        drawn = np.random.default_rng(0).permutation(len(texts))[:PLAIN_DOCUMENTS]
        documents += [read_document(texts[at], (), "") for at in sorted(drawn.tolist())]
    labelled = [(row["text"], row["label"] == "junk") for path in lines for row in _rows(path)]
    return Teachers([document for document in documents if len(document.label)], [*example_lines(), *labelled])


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def main() -> None:
    """Print what cross-validation finds, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("authors", nargs="+", metavar="AUTHOR.jsonl[,...]")
    parser.add_argument("--lines", nargs="*", type=Path, default=[])
    parser.add_argument("--plain", nargs="*", type=Path, default=[])
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args()
    teachers = read_teachers(options.authors, options.lines, options.plain)
    told = [f"{teachers.is_plain.sum()} documents without junk, {(~teachers.is_plain).sum()} of {len(options.authors)}"
            f" authors, {(teachers.owner >= len(teachers.documents)).sum()} lines"]  # fmt: skip
    for line in teachers.cross_validated(options.authors):
        print(line, flush=True)
        told.append(line)
    if not options.check:
        everything = np.ones(len(teachers.documents), dtype=np.bool_)
        TARGET.write_text(table(teachers.fit(everything), told), "utf-8")


if __name__ == "__main__":
    main()

"""Clusters, members and phrases as the rows of their files, with ids, counts and templates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Indel

from detector.alignment import Run, TokenRange, align_passages, align_tokens
from detector.clusters import Group, n_different
from detector.evidence import Analysis, skeleton_text
from detector.folding import DIGIT, LETTER, fold
from detector.model import Cluster, Member, Phrase
from detector.score import ratio
from detector.templates import MemberText, build_template


def cluster_rows(
    analysis: Analysis, levels: Sequence[Sequence[Group]], keys: NDArray[np.uint64], series: NDArray[np.int64]
) -> tuple[list[Cluster], list[Member]]:
    """The rows of all clusters and of their members, level by level; ``series`` is a number per document or -1.

    Ids are the level and the cluster's place in the order of the representatives: ``passage-1``.
    """
    clusters: list[Cluster] = []
    members: list[Member] = []
    for groups in levels:
        for number, group in enumerate(groups, start=1):
            name = f"{group.level}-{number}"
            texts = [_member(analysis, group, row) for row in range(len(group.document))]
            template = build_template(analysis.tokens, texts, _Aligner(analysis, group, keys))
            clusters.append(
                Cluster(
                    id=name,
                    level=group.level,
                    n_families=n_different(analysis.family[group.document]),
                    n_series=n_different(series[group.document]),
                    n_members=len(group.document),
                    template=template,
                )
            )
            members.extend(_members(analysis, group, name, texts))
    return clusters, members


def _members(analysis: Analysis, group: Group, name: str, texts: Sequence[MemberText]) -> list[Member]:
    """The members of a cluster in document order; the first is the representative."""
    ratios = group.ratio.tolist() if group.ratio is not None else _block_ratios(analysis, group)
    return [
        Member(name, text.doc, text.start, text.end, 1.0 if row == 0 else ratio(ratios[row], 1.0))
        for row, text in enumerate(texts)
    ]


def _block_ratios(analysis: Analysis, group: Group) -> list[float]:
    """The normalised Indel similarity of each block's skeleton with the first."""
    tokens, bounds = analysis.tokens, analysis.passages.tokens
    skeletons = [
        skeleton_text(tokens, int(bounds[first]), int(bounds[last]))
        for first, last in zip(group.first.tolist(), group.last.tolist(), strict=True)
    ]
    return [
        1.0 if other == skeletons[0] else float(Indel.normalized_similarity(skeletons[0], other)) for other in skeletons
    ]


def _member(analysis: Analysis, group: Group, row: int) -> MemberText:
    """A member with its text; a document is all of its text, anything else its passages."""
    document = analysis.documents[int(group.document[row])]
    first, last = int(group.first[row]), int(group.last[row])
    passages = analysis.passages
    rows = TokenRange(int(passages.tokens[first]), int(passages.tokens[last]))
    if group.level == "document":
        return MemberText(document.id, document.text, 0, len(document.text), rows)
    return MemberText(document.id, document.text, int(passages.start[first]), int(passages.end[last - 1]), rows)


class _Aligner:
    """Aligns the representative of a group with each of its members."""

    def __init__(self, analysis: Analysis, group: Group, keys: NDArray[np.uint64]) -> None:
        self._analysis, self._group, self._keys = analysis, group, keys

    def __call__(self, row: int) -> list[Run]:
        group, tokens, passages = self._group, self._analysis.tokens, self._analysis.passages
        head = TokenRange(int(group.first[0]), int(group.last[0]))
        other = TokenRange(int(group.first[row]), int(group.last[row]))
        if group.level == "passage":
            bounds = passages.tokens
            return align_tokens(
                tokens,
                TokenRange(int(bounds[head.start]), int(bounds[head.stop])),
                TokenRange(int(bounds[other.start]), int(bounds[other.stop])),
            )
        return align_passages(tokens, passages, self._keys, head, other)


def phrase_rows(analysis: Analysis, series: NDArray[np.int64]) -> list[Phrase]:
    """The rows of the phrases, in the order of their first occurrence."""
    phrases, tokens = analysis.phrases, analysis.tokens
    document = np.searchsorted(tokens.indptr, phrases.token, side="right") - 1
    bounds = np.searchsorted(phrases.phrase, np.arange(len(phrases.first) + 1)).tolist()
    rows = []
    for number, first in enumerate(phrases.first.tolist()):
        last = first + int(phrases.n_all[number])
        text = analysis.documents[int(document[bounds[number]])].text
        here = document[bounds[number] : bounds[number + 1]]
        rows.append(
            Phrase(
                id=f"phrase-{number + 1}",
                text=text[int(tokens.start[first]) : int(tokens.end[last - 1])],
                key=_key(analysis, text, first, last),
                n_tokens=int(phrases.n_tokens[number]),
                n_families=int(phrases.n_families[number]),
                n_series=n_different(series[here]),
                n_occurrences=len(here),
            )
        )
    return rows


def _key(analysis: Analysis, text: str, first: int, last: int) -> str:
    """The folded tokens: words apart, other tokens together, ``#`` (which no folded token holds) for a slot."""
    tokens = analysis.tokens
    begin = int(tokens.start[first])
    folded = fold(text[begin : int(tokens.end[last - 1])])
    columns = (tokens.kind[first:last], tokens.start[first:last] - begin, tokens.end[first:last] - begin)
    key, after_word = "", False
    for kind, start, end in zip(*(column.tolist() for column in columns), strict=True):
        token = "#" if kind >= DIGIT else folded[start:end]
        key += f" {token}" if after_word and kind == LETTER else token
        after_word = kind == LETTER
    return key

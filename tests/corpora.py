"""Made corpora, the columns of texts, and a slow replay of a scan from its findings alone."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from hypothesis import settings

from detector.model import PART_NAMES, Cluster, Document, Finding, Literal, Member, Parts
from detector.results.index import Scan
from detector.rules.marks import find_marks
from detector.rules.rule_tables import load_rules
from detector.settings import Settings
from detector.text.folding import plain
from detector.text.passages import Passages, split_passages
from detector.text.tokens import Tokens, join_block, tokenise

timeless = settings(deadline=None)
"""For tests under Hypothesis: the first example may load or compile kernels, and machines are busy."""

SLOGAN = "我们要坚持以群众满意为标准扎实推进各项民生工程落地见效"
NOTICE = "全年完成固定资产投资{}亿元，比上年增长{}%，新建农村公路{}公里。"
ENGLISH = "The borough council met {} times during {} and approved {} requests for repair of roads."
LINES = (
    "全镇上下要切实把思想和行动统一到上级的决策部署上来。",
    "各村各单位务必在月底前完成全部隐患点的排查登记工作。",
    "对工作不力造成不良影响的将按照有关规定严肃追究责任。",
)


class Columns(NamedTuple):
    """The tokens and passages of some texts."""

    tokens: Tokens
    passages: Passages


def columns(*texts: str) -> Columns:
    """Tokens and passages with the marks of the built-in rules, as the pipeline makes them."""
    table = load_rules(Settings())
    block = join_block(texts)
    spans = [
        (hit.start + start, hit.end + start)
        for text, start in zip(texts, block.starts.tolist(), strict=True)
        for hit in find_marks(plain(text), table)
    ]
    tokens = tokenise(block, spans)
    return Columns(tokens, split_passages(block, tokens, spans))


def gibberish(seed: int, n_sentences: int = 3, length: int = 17) -> str:
    """Sentences of Han characters drawn at random: no two of them match, share a phrase or hold a mark."""
    draw = random.Random(seed)
    return "".join(
        "".join(chr(draw.randrange(0x4E8C, 0x9F00)) for _ in range(length)) + "。" for _ in range(n_sentences)
    )


def documents(texts: Sequence[str], series: str | None = None) -> list[Document]:
    """Documents with ids in the order of their texts."""
    return [Document(f"d{row:05d}", text, series=series) for row, text in enumerate(texts)]


def painted(text: str, findings: Sequence[Finding]) -> list[tuple[str, int]]:
    """The part of every character, and the families that have it by the findings of that part: no arrays, no order."""
    by: list[dict[str, int]] = [{} for _ in text]
    for finding in findings:
        for start, end in finding.claims:
            for place in range(start, end):
                part = str(finding.part)
                by[place][part] = max(by[place].get(part, 1), finding.n_families or 1)
    return [next(((name, claims[name]) for name in PART_NAMES if name in claims), ("own", 1)) for claims in by]


def replayed(text: str, findings: Sequence[Finding]) -> Parts:
    """The parts of a text counted from its findings."""
    counts = dict.fromkeys(PART_NAMES, 0)
    for char, (name, _) in zip(text, painted(text, findings), strict=True):
        counts[name] += not char.isspace()
    return Parts(**counts)


def check_scan(scan: Scan) -> None:
    """What holds of every scan: offsets, parts, members, templates, counts and order."""
    findings: dict[str, list[Finding]] = {document.id: [] for document in scan.documents}
    for finding in scan.findings:
        findings[finding.doc].append(finding)
        assert scan.texts[finding.doc][finding.start : finding.end] == finding.text != ""
        assert all(0 <= start < end <= len(scan.texts[finding.doc]) for start, end in finding.claims)
    ids = [document.id for document in scan.documents]
    assert ids == sorted(set(ids))
    for document in scan.documents:
        text, mine = scan.texts[document.id], findings[document.id]
        assert document.parts == replayed(text, mine), document.id
        assert document.n_chars == document.parts.total == sum(not char.isspace() for char in text)
        assert document.duplicate_of != document.id
        assert sum(document.n_findings.values()) == len(mine)
        assert [finding.start for finding in mine] == sorted(finding.start for finding in mine)
    assert [finding.doc for finding in scan.findings] == sorted(finding.doc for finding in scan.findings)
    _check_clusters(scan)
    _check_phrases(scan)


def _check_clusters(scan: Scan) -> None:
    members: dict[str, list[Member]] = {cluster.id: [] for cluster in scan.clusters}
    for member in scan.members:
        members[member.cluster].append(member)
    for cluster in scan.clusters:
        mine = members[cluster.id]
        assert len(mine) == cluster.n_members >= 2
        assert mine[0].ratio == 1.0
        places = [(member.doc, member.start) for member in mine]
        assert places == sorted(set(places)), "members are in document order, each once"
        assert cluster.n_families == len({family(scan, member.doc) for member in mine})
        check_template(scan, cluster, mine)


def check_template(scan: Scan, cluster: Cluster, members: Sequence[Member], most: int = 4000) -> None:
    """The representative is its literals and first fills; every fill is its document's text, inside its member."""
    head = members[0]
    said = "".join(part.text if isinstance(part, Literal) else part.fills[0].text for part in cluster.template)
    assert said == scan.texts[head.doc][head.start : head.end]
    at = [member.start for member in members]
    for part in cluster.template:
        if isinstance(part, Literal):
            continue
        listed = iter(enumerate(members))
        for fill in part.fills:
            row, member = next(each for each in listed if each[1].doc == fill.doc and each[1].end >= fill.end)
            assert scan.texts[fill.doc][fill.start : fill.end] == fill.text
            assert at[row] <= fill.start <= fill.end <= member.end
            at[row] = fill.end
        more = [fill.more for fill in part.fills if fill.more]
        assert len(part.fills) + sum(more) == len(members)
        if more:
            assert len(more) == 1
            assert len(members) * len(cluster.slots) > most
            assert 2 * (1 + more[0]) > len(members)
        assert any(fill.text for fill in part.fills)
    assert not any(isinstance(one, Literal) and isinstance(other, Literal) for one, other in pairwise(cluster.template))


def _check_phrases(scan: Scan) -> None:
    occurrences: dict[str, list[Finding]] = {phrase.id: [] for phrase in scan.phrases}
    for finding in scan.findings:
        if finding.kind == "phrase":
            occurrences[str(finding.cluster)].append(finding)
    for phrase in scan.phrases:
        found = occurrences[phrase.id]
        assert phrase.n_tokens >= 8
        assert len(found) <= phrase.n_occurrences
        assert phrase.n_families >= len({family(scan, finding.doc) for finding in found})
        assert {finding.n_families for finding in found} <= {phrase.n_families}


def family(scan: Scan, doc: str) -> str:
    """The head of a document's family."""
    row = next(document for document in scan.documents if document.id == doc)
    return row.duplicate_of or row.id

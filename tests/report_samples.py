"""Scans made by hand for the tests of the reports, the main one from ``data/report/scan.json``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from detector.model import Cluster, DocumentScore, Fill, Finding, Literal, Member, Parts, Phrase, Slot, Span
from detector.report.spans import differences, painted

CASES = Path(__file__).parent / "data" / "report"
PART_OF = {"junk": "junk", "placeholder": "unfilled", "passage": "shared", "phrase": "phrase"}
PART_OF |= {"repeat": "repeated", "spun_repeat": "repeated"}


@dataclass(frozen=True)
class HandMade:
    """The fields of a `Scan` that reports read."""

    documents: tuple[DocumentScore, ...] = ()
    findings: tuple[Finding, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    members: tuple[Member, ...] = ()
    phrases: tuple[Phrase, ...] = ()
    summary: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


def find(text: str, part: str, occurrence: int = 0) -> Span:
    """The place of a part of a text, which has to be there."""
    start = -1
    for _ in range(occurrence + 1):
        start = text.index(part, start + 1)
    return Span(start, start + len(part))


def finding(doc: str, span: Span, kind: str, text: str, **values: Any) -> Finding:
    """A finding with what a test does not name filled in."""
    defaults: dict[str, Any] = {
        "rule": None,
        "cluster": None,
        "n_families": None,
        "score": 1.0,
        "part": PART_OF.get(kind),
        "evidence": {},
    }
    return Finding(doc=doc, start=span.start, end=span.end, kind=kind, text=text, **(defaults | values))


def score(doc: str, text: str, findings: Iterable[Finding], **values: Any) -> DocumentScore:
    """A document's row with the parts that its findings claim."""
    own = list(findings)
    counts: Counter[str] = Counter()
    for start, end, part in painted(len(text), own):
        counts[part] += len("".join(text[start:end].split()))
    parts = Parts(**counts)
    defaults: dict[str, Any] = {
        "source": "sample.jsonl",
        "row": 1,
        "originality_1k": None,
        "n_families": 6,
        "duplicate_of": None,
        "flags": (),
    }
    return DocumentScore(
        id=doc,
        n_chars=parts.total,
        originality=parts.originality,
        parts=parts,
        n_findings=dict(sorted(Counter(item.kind for item in own).items())),
        score_version=1,
        **(defaults | values),
    )


def build(documents: Iterable[DocumentScore], findings: Iterable[Finding], **values: Any) -> HandMade:
    """A scan with its rows in order and the summary that they add up to."""
    scores = tuple(sorted(documents, key=lambda item: item.id))
    found = tuple(sorted(findings, key=lambda item: (item.doc, item.start)))
    scan = HandMade(documents=scores, findings=found, **values)
    parts = sum((item.parts for item in scores), Parts())
    n_heads = sum(1 for item in scores if item.duplicate_of is None)
    totals = {
        "parts": {name: getattr(parts, name) for name in parts.__slots__},
        "originality": parts.originality,
        "originality_1k": parts.originality if n_heads >= 1000 else None,
        "n_findings": dict(Counter(item.kind for item in found)),
        "n_rules": dict(Counter(item.rule for item in found if item.rule)),
        "n_clusters": dict(Counter(item.level for item in scan.clusters)),
        "n_phrases": len(scan.phrases),
        "flags": dict(Counter(flag for item in scores for flag in item.flags)),
        "n_passages": 62,
        "n_passages_matched": 6,
        "n_matched_alone": 1,
        "n_documents_without_tokens": sum(1 for item in scores if not item.n_chars),
    }
    corpus = {"digest": "0" * 16, "n_documents": len(scores), "n_families": n_heads, "n_series": 5}
    corpus |= {"n_chars": parts.total, "n_bytes": 9000}
    summary = {"format_version": 1, "score_version": 1, "version": "0.1.0", "settings": {"match_ratio": 0.8}}
    summary |= {"corpus": corpus, "totals": totals, "files": [], "problems": {"n": {}, "examples": []}}
    summary["run"] = {"inputs": ["seeds"], "seconds": {"read": 0.1}, "workers": 1, "peak_memory": 1}
    return replace(scan, summary=summary | dict(scan.summary))


def sample() -> HandMade:
    """Seven documents with every phenomenon of the reports."""
    case = json.loads((CASES / "scan.json").read_text("utf-8"))
    texts = {row["id"]: row["text"] for row in case["documents"]}
    duplicates = case["duplicates"]
    findings, clusters, members, phrases = [], [], [], []
    for doc, kind, rule, text, occurrence, *claim in case["findings"]:
        evidence = {"claims": [list(find(texts[doc], claim[0]))]} if claim else {"pattern": "as spelled"}
        if kind == "repeat":
            evidence |= dict(zip(("start", "end"), find(texts[doc], "会议指出，要提高政治站位"), strict=True))
        findings.append(finding(doc, find(texts[doc], text, occurrence), kind, text, rule=rule, evidence=evidence))
    for level, rows in (("passage", case["passages"]), ("block", case["blocks"])):
        for name, places in rows.items():
            here = [Member(name, doc, *find(texts[doc], text), ratio) for doc, text, ratio in places]
            members += here
            clusters.append(cluster(name, level, here, texts, duplicates))
            if level == "passage":
                findings += [passage(item, here[0] if item is not here[0] else here[-1], texts) for item in here]
    for name, (text, docs, n_families) in case["phrases"].items():
        found = [finding(doc, find(texts[doc], text), "phrase", text, cluster=name, n_families=3) for doc in docs]
        findings += found
        phrases.append(Phrase(name, text, text, len(text), n_families, n_families, len(docs)))
    for copy, (head, ratio) in duplicates.items():
        pair = [Member("d0001", doc, 0, len(texts[doc]), value) for doc, value in ((head, 1.0), (copy, ratio))]
        members += pair
        clusters.append(Cluster("d0001", "document", 1, 1, 2, ()))
    flags = {"洪山鄉-規劃": ("machine_converted",)}
    scores = [
        score(
            row["id"],
            row["text"],
            [item for item in findings if item.doc == row["id"]],
            source=row["source"],
            row=row["row"],
            duplicate_of=duplicates.get(row["id"], [None])[0],
            flags=flags.get(row["id"], ("spun", "year_swapped") if "41周年" in row["text"] else ()),
        )
        for row in case["documents"]
    ]
    return build(
        scores,
        findings,
        clusters=tuple(clusters),
        members=tuple(members),
        phrases=tuple(phrases),
        summary={"files": case["files"], "problems": case["problems"]},
        texts=texts,
    )


def cluster(
    name: str, level: str, members: list[Member], texts: Mapping[str, str], duplicates: Mapping[str, Any]
) -> Cluster:
    """A cluster whose template is the first member with its figures as slots."""
    head, last = members[0], members[-1]
    one, two = texts[head.doc][head.start : head.end], texts[last.doc][last.start : last.end]
    template: list[Literal | Slot] = []
    at = 0
    for number, (here, there) in enumerate(zip(*differences(one, two), strict=False)):
        template.append(Literal(one[at : here.start]))
        places = ((head, here, one), (last, there, two))
        fills = tuple(
            Fill(item.doc, item.start + span.start, item.start + span.end, text[span.start : span.end])
            for item, span, text in places
        )
        template.append(Slot(f"s{number}", "number", fills))
        at = here.end
    template.append(Literal(one[at:]))
    n_families = len({duplicates.get(item.doc, [item.doc])[0] for item in members})
    return Cluster(name, level, n_families, n_families, len(members), tuple(template) if level == "passage" else ())


def passage(member: Member, head: Member, texts: Mapping[str, str]) -> Finding:
    """The finding of one member: the claims are what it has in common with ``head``, which its evidence names."""
    text = texts[member.doc][member.start : member.end]
    at, claims = member.start, []
    _, changed = differences(texts[head.doc][head.start : head.end], text)
    for span in changed:
        claims.append([at, member.start + span.start])
        at = member.start + span.end
    claims = [claim for claim in [*claims, [at, member.end]] if claim[0] < claim[1]]
    return finding(
        member.doc,
        Span(member.start, member.end),
        "passage",
        text,
        cluster=member.cluster,
        n_families=2,
        score=member.ratio,
        evidence={"doc": head.doc, "start": head.start, "end": head.end, "ratio": member.ratio, "claims": claims},
    )


NASTY = (
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J [bold red]markup[/] [/] [link=x]y[/link] "
    "</script><script>document.title='broken'</script><!-- <img src=x onerror=\"document.title='broken'\"> "
    "\" onmouseover=\"document.title='broken'\" ' {{ 7*7 }} {% raw %} &amp; "
    "\u202eltr\u2066 \u200b\u200d\ufeff \x00 \ud83d \udc00 "
    "\u2028\u2029\x85\x0b\x0c\r\u0301\u0301\ufe0f 漢字😀👩‍👩‍👧"
)
"""What a terminal, rich, a browser or a template engine might obey, half surrogates included."""


def hostile() -> HandMade:
    """`NASTY` in every place that can hold text: bodies, ids, rules, sources, flags, names of clusters, messages."""
    one, two = "a" + NASTY, "b" + NASTY
    texts = {one: f"{NASTY}\n{NASTY}\r\n2020年", two: NASTY * 2}
    found = [finding(doc, Span(0, 9), "passage", NASTY, cluster=NASTY, n_families=2) for doc in texts]
    found += [
        finding(one, Span(9, 60), kind, NASTY, rule=NASTY) for kind in ("placeholder", "junk", "masked", "repeat")
    ]
    found += [
        finding(two, Span(9, 60), "phrase", NASTY, cluster="p" + NASTY, evidence={NASTY: NASTY, "claims": [[9, 60]]})
    ]
    template = (Literal(NASTY), Slot("s0", NASTY, (Fill(one, 0, 3, NASTY), Fill(two, 0, 4, NASTY + "1"))))
    members = tuple(Member(name, doc, 0, 80, 1.0) for name in (NASTY, "d" + NASTY, "b" + NASTY) for doc in texts)
    clusters = tuple(
        Cluster(name, level, 2, 1, 2, template)
        for name, level in ((NASTY, "passage"), ("d" + NASTY, "document"), ("b" + NASTY, "block"))
    )
    scores = [
        score(doc, text, [f for f in found if f.doc == doc], source=NASTY, flags=(NASTY,), duplicate_of=one)
        for doc, text in texts.items()
    ]
    files = [{"source": NASTY, "format": NASTY, "encoding": NASTY, "compression": NASTY}]
    return build(
        scores,
        found,
        clusters=clusters,
        members=members,
        phrases=(Phrase("p" + NASTY, NASTY, NASTY, 9, 2, 1, 2),),
        summary={
            "files": files,
            "problems": {"n": {NASTY: 3}, "examples": [NASTY]},
            "settings": {NASTY: NASTY},
            "version": NASTY,
        },
        texts=texts,
    )


def empty() -> HandMade:
    """A scan of no documents."""
    return build([], [])


def single() -> HandMade:
    """A scan of one document in which nothing was found."""
    text = "老渡口拆了，换成一座能过卡车的桥。"
    return build([score("one", text, [])], [], texts={"one": text})


def large(n_documents: int) -> HandMade:
    """Documents of a few hundred characters that share a passage, each with its own figure."""
    lines = [
        f"第{number}号村全年完成固定资产投资{number}万元，新建公路{number % 90}公里。" for number in range(n_documents)
    ]
    texts = {f"site/{number:05}": f"{line}\n" + "河边的柳树又绿了。" * 30 for number, line in enumerate(lines)}
    members = tuple(Member("p1", doc, 0, len(line), 0.9) for doc, line in zip(texts, lines, strict=True))
    found = [
        finding(member.doc, Span(0, member.end), "passage", line, cluster="p1", n_families=n_documents)
        for member, line in zip(members, lines, strict=True)
    ]
    scores = [score(item.doc, texts[item.doc], [item], originality_1k=0.5) for item in found]
    return build(
        scores,
        found,
        clusters=(Cluster("p1", "passage", n_documents, 1, n_documents, ()),),
        members=members,
        texts=texts,
    )

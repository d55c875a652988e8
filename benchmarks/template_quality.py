"""How well templates are found: on families made of known templates and fills, on licences, and on drafting guides.

    python benchmarks/template_quality.py --seed 7
    python benchmarks/template_quality.py --licences DOCS.jsonl --guides DOCS.jsonl

Families are Chinese and English documents with text of their own around the filled template; words are inserted and
left out, sentences are left out and change places. What is measured is what a scan with default settings finds.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from detector import scan
from detector.model import Slot
from detector.results.index import Scan


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ZH = _words(
    """
    推进 建设 农业 工业 项目 服务 管理 改革 创新 发展 保障 民生 教育 医疗 文化 旅游 交通 水利
    环境 生态 治理 安全 生产 监督 检查 落实 责任 制度 机制 体系 平台 企业 市场 投资 消费 就业
    收入 增收 脱贫 乡村 振兴 产业 园区 招商 引资 财政 税收 金融 信贷 土地 规划 住房 供水 供电
    道路 桥梁 绿化 保洁 垃圾 污水 宣传 培训 学习 党建 组织 干部 群众 信访 调解 普法 征兵 统计
    档案 会议 文件 公开 审批 窗口 网格 巡查 防汛 抗旱 森林 消防
    """
)
EN = _words(
    """
    council report budget school health road water energy market trade labour housing police court forest harbour
    airport museum library garden bridge railway village district meeting committee board member officer service
    project programme funding grant review audit policy measure plan target progress result season harvest
    industry factory workshop training teacher student nurse hospital clinic visitor tourist artist farmer owner
    tenant
    """
)
SURNAMES, GIVEN = "王李张刘陈杨黄赵吴周", "伟芳娜敏静强磊军洋勇艳杰涛明超霞平刚桂英"
FIRST = _words("Ann Bob Carl Dora Emil Fay Gus Hana Ivan Jane Karl Lena Max Nora Otto")
LAST = _words("Adler Brook Cole Drake Evans Frost Gray Hardy Irwin Jones Kent Lowe Marsh Noble Owen")
PLACES = _words("青川 白鹿 石桥 云溪 双河 龙潭 柳林 金山 清泉 高坪 永安 长乐")
TOWNS = _words("Ashford Belmont Crawley Dover Elgin Frome Grantham Harlow Ilford Jarrow")


class Fill(NamedTuple):
    """A slot of a sentence of a family in one document: the code points that it takes."""

    slot: int
    start: int
    end: int


class Sentence(NamedTuple):
    """A sentence of a family as one document has it."""

    family: int
    number: int
    document: str
    start: int
    end: int
    fills: tuple[Fill, ...]


Value = Callable[[random.Random], str]

VALUES: dict[str, dict[str, tuple[str, Value, str]]] = {
    "zh": {
        "number": ("建成", lambda draw: str(draw.randint(2, 9999)), "处"),
        "percent": ("同比增长", lambda draw: f"{draw.uniform(1, 99):.1f}", "%"),
        "money": ("完成投资", lambda draw: f"{draw.uniform(1, 900):.{draw.randint(0, 2)}f}", "亿元"),
        "date": ("于", lambda draw: f"{draw.randint(1, 12)}月{draw.randint(1, 28)}日", "前"),
        "name": (
            "由",
            lambda draw: draw.choice(SURNAMES) + "".join(draw.sample(GIVEN, draw.randint(1, 2))),
            "同志负责",
        ),
        "place": (
            "在",
            lambda draw: draw.choice(PLACES) + draw.choice(["县", "镇", "乡人民政府", "街道"]),
            "召开现场会",
        ),
    },
    "en": {
        "number": ("with", lambda draw: str(draw.randint(2, 9999)), "places"),
        "percent": ("which rose by", lambda draw: f"{draw.uniform(1, 99):.1f}", "percent"),
        "money": ("costing", lambda draw: f"{draw.randint(1, 900)},{draw.randint(100, 999)}", "dollars"),
        "year": ("since", lambda draw: str(draw.randint(1950, 2029)), "at least"),
        "name": ("led by", lambda draw: f"{draw.choice(FIRST)} {draw.choice(LAST)}", "as chair"),
        "place": ("held in", lambda draw: draw.choice(TOWNS) + draw.choice(["", " East", " upon Tees"]), "this time"),
    },
}


class Family:
    """A template of some sentences, each with one to three slots between its words."""

    def __init__(self, number: int, draw: random.Random) -> None:
        self.number, self.language = number, "zh" if number % 2 == 0 else "en"
        values = VALUES[self.language]
        self.sentences = []
        for _ in range(draw.randint(3, 6)):
            kinds = draw.sample(sorted(values), draw.randint(1, 3))
            size = 6 if self.language == "zh" else 7
            self.sentences.append(([self._words(draw, size) for _ in range(len(kinds) + 1)], kinds))

    def _words(self, draw: random.Random, n: int) -> list[str]:
        return draw.sample(ZH if self.language == "zh" else EN, n)

    def own_text(self, draw: random.Random) -> str:
        """Text of a document's own."""
        joint = "" if self.language == "zh" else " "
        sentences = [joint.join(self._words(draw, 12)) for _ in range(draw.randint(2, 4))]
        return self._ended(sentences)

    def _ended(self, sentences: Sequence[str]) -> str:
        return (
            "".join(f"{one}。" for one in sentences)
            if self.language == "zh"
            else "".join(f"{one[:1].upper()}{one[1:]}. " for one in sentences)
        )

    def filled(self, number: int, draw: random.Random, noise: float) -> tuple[str, list[tuple[int, int, int]]]:
        """A sentence with its slots filled, and the slots (their number, start, end) in it."""
        words, kinds = self.sentences[number]
        joint = "" if self.language == "zh" else " "
        text, slots = "", []
        for place, run in enumerate(words):
            run = list(run)
            if draw.random() < noise:
                at = draw.randint(1, len(run) - 1)
                if draw.random() < 0.5:
                    run.insert(at, *self._words(draw, 1))
                else:
                    del run[at]
            text += joint.join(run)
            if place < len(kinds):
                before, value, after = VALUES[self.language][kinds[place]]
                text += joint + before + joint
                said = value(draw)
                slots.append((place, len(text), len(text) + len(said)))
                text += said + joint + after + ("，" if self.language == "zh" else ", ")
        return text, slots


def families(seed: int, n: int) -> tuple[dict[str, str], list[Sentence]]:
    """Documents by id, made of ``n`` families of 6 to 12 documents each, and where their sentences stand in them."""
    draw = random.Random(seed)
    texts: dict[str, str] = {}
    sentences: list[Sentence] = []
    for number in range(n):
        family = Family(number, draw)
        for member in range(draw.randint(6, 12)):
            name = f"f{number:02d}-{member:02d}"
            order = list(range(len(family.sentences)))
            if draw.random() < 0.3:
                one, other = draw.sample(order, 2)
                order[one], order[other] = order[other], order[one]
            if draw.random() < 0.15:
                order.pop(draw.randrange(len(order)))
            text = family.own_text(draw) + "\n"
            for chosen in order:
                said, slots = family.filled(chosen, draw, 0.06)
                start = len(text)
                text += family._ended([said])
                fills = tuple(Fill(slot, start + low, start + high) for slot, low, high in slots)
                sentences.append(Sentence(number, chosen, name, start, start + len(said), fills))
            texts[name] = text + "\n" + family.own_text(draw)
    return texts, sentences


class Found(NamedTuple):
    """Counts of a measurement, and the ratios that follow from them."""

    boundary_f1: float
    fill_f1: float
    n_merged: int
    n_split: int
    n_fills: int


def measure(seed: int, n: int) -> Found:
    """Scan families made with a seed, and compare the slots with those that they were made with."""
    texts, sentences = families(seed, n)
    result = scan(texts)
    members: dict[str, list[tuple[int, str, int]]] = defaultdict(list)
    clusters = [cluster for cluster in result.clusters if cluster.level == "passage"]
    place = {cluster.id: at for at, cluster in enumerate(clusters)}
    order: dict[str, int] = defaultdict(int)
    for member in result.members:
        if member.cluster in place:
            members[member.doc].append((member.start, member.cluster, order[member.cluster]))
            order[member.cluster] += 1
    in_family: dict[str, set[int]] = defaultdict(set)
    clusters_of: dict[tuple[int, int], set[str | None]] = defaultdict(set)
    true_bounds = found_bounds = same_bounds = true_fills = found_fills = same_fills = 0
    values = [[slot for slot in cluster.slots if is_value(slot)] for cluster in clusters]
    affixes = common_affixes(texts, sentences)
    for sentence in sentences:
        here = [
            (name, row) for start, name, row in members[sentence.document] if sentence.start - 3 <= start < sentence.end
        ]
        clusters_of[sentence.family, sentence.number].add(here[0][0] if here else None)
        truth = set()
        for fill in sentence.fills:
            before, after = affixes[sentence.family, sentence.number, fill.slot]
            truth.add((fill.start + before, fill.end - after))
        said = set()
        if here:
            in_family[here[0][0]].add(sentence.family)
            fills = [slot.fills[here[0][1]] for slot in values[place[here[0][0]]]]
            said = {(fill.start, fill.end) for fill in fills if fill.text}
        one, other = (
            {("start", low) for low, _ in spans} | {("end", high) for _, high in spans} for spans in (truth, said)
        )
        true_bounds, found_bounds, same_bounds = (
            true_bounds + len(one),
            found_bounds + len(other),
            same_bounds + len(one & other),
        )
        true_fills, found_fills, same_fills = (
            true_fills + len(truth),
            found_fills + len(said),
            same_fills + len(truth & said),
        )
    return Found(
        boundary_f1=2 * same_bounds / (true_bounds + found_bounds),
        fill_f1=2 * same_fills / (true_fills + found_fills),
        n_merged=sum(len(owners) > 1 for owners in in_family.values()),
        n_split=len({family for (family, _), names in clusters_of.items() if len(names) > 1}),
        n_fills=true_fills,
    )


def is_value(slot: Slot) -> bool:
    """Whether a slot holds values: more than a word that some members put in or left out."""
    n_said = sum(bool(fill.text) for fill in slot.fills)
    return 2 * n_said > len(slot.fills) and len({fill.text for fill in slot.fills} - {""}) > 1


def common_affixes(texts: dict[str, str], sentences: Sequence[Sentence]) -> dict[tuple[int, int, int], tuple[int, int]]:
    """Code points that all fills of a slot begin and end with: no alignment can tell them from the literals."""
    fills: dict[tuple[int, int, int], list[str]] = defaultdict(list)
    for sentence in sentences:
        for fill in sentence.fills:
            fills[sentence.family, sentence.number, fill.slot].append(texts[sentence.document][fill.start : fill.end])
    found = {}
    for key, said in fills.items():
        is_date = all(re.fullmatch("[0-9]+月[0-9]+日", one) for one in said)  # the unit belongs to the date
        found[key] = (0, 0) if is_date else (_common(said), _common([one[::-1] for one in said]))
    return found


def _common(said: Sequence[str]) -> int:
    """Han characters, or words with the blank after them, that all begin with."""
    pieces = [re.findall(r"[\d.,]+|[A-Za-z]+ ?| ?[A-Za-z]+|.", one) for one in said]
    n = 0
    while all(len(one) > n + 1 for one in pieces) and len({one[n] for one in pieces}) == 1:
        n += 1
    return sum(len(piece) for piece in pieces[0][:n])


COPYRIGHT = re.compile(
    r"(?i)copyright\s*(?:\(c\)|©)?\s*(?P<year>\d{4}(?:-(?:\d{4}|present))?),?\s+(?:by )?(?P<holder>[^\n\r]+)"
)
LICENCES = {
    "MIT": "permission is hereby granted, free of charge",
    "BSD": "redistribution and use in source and binary forms",
    "ISC": "permission to use, copy, modify, and",
}


def licences(path: Path) -> tuple[int, int, list[str]]:
    """Filled instances of MIT, BSD and ISC licences whose year and holder are fills of slots; how many there are."""
    rows = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]
    result = scan(path)
    fills = slot_fills(result)
    n, missed = 0, []
    for row in rows:
        text = row["text"]
        said = " ".join(text.lower().split())
        found = list(COPYRIGHT.finditer(text))
        if row["kind"] != "filled_instance" or not found or not any(words in said for words in LICENCES.values()):
            continue
        n += 1
        spans = fills[row["id"]]
        if not any(
            found_in(text, spans, one.span("year")) and found_in(text, spans, one.span("holder")) for one in found
        ):
            missed.append(row["id"])
    return n - len(missed), n, missed


def guides(path: Path) -> tuple[int, int]:
    """Slots in brackets, as [主送单位], that stand in a cluster and are a fill there; how many such there are."""
    rows = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]
    result = scan(path)
    fills = slot_fills(result)
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for member in result.members:
        spans[member.doc].append((member.start, member.end))
    n_found = n = 0
    for row in rows:
        for one in re.finditer(r"\[[\u4e00-\u9fff/]{2,12}\](?!\()", row["text"]):
            if any(start <= one.start() and one.end() <= end for start, end in spans[row["id"]]):
                n += 1
                n_found += found_in(row["text"], fills[row["id"]], one.span())
    return n_found, n


def slot_fills(result: Scan) -> dict[str, set[tuple[int, int]]]:
    """The spans of all fills by document."""
    fills: dict[str, set[tuple[int, int]]] = defaultdict(set)
    for cluster in result.clusters:
        for slot in cluster.slots:
            for fill in slot.fills:
                if fill.text:
                    fills[fill.doc].add((fill.start, fill.end))
    return fills


def found_in(text: str, spans: set[tuple[int, int]], span: tuple[int, int]) -> bool:
    """Whether a span is a fill, but for punctuation at its ends."""

    def bare(low: int, high: int) -> str:
        return text[low:high].strip(" \t\r\n.,;<>[]()")

    return any(
        abs(low - span[0]) <= 2 and abs(high - span[1]) <= 24 and bare(low, high) == bare(*span) for low, high in spans
    )


def lines(options: argparse.Namespace) -> Iterator[str]:
    """What was measured."""
    for seed in options.seed:
        found = measure(seed, options.families)
        yield (
            f"seed {seed}: {options.families} families, {found.n_fills} fills: boundaries F1 {found.boundary_f1:.4f}, "
            f"fills F1 {found.fill_f1:.4f}, merged {found.n_merged}, split {found.n_split}"
        )
    if options.licences:
        n_found, n, missed = licences(options.licences)
        yield f"licences: year and holder in {n_found} of {n} filled instances; not in {', '.join(missed) or 'none'}"
    if options.guides:
        n_found, n = guides(options.guides)
        yield f"guides: {n_found} of {n} slots in brackets"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, action="append", default=[], help="of the families; may be repeated")
    parser.add_argument("--families", type=int, default=40)
    parser.add_argument("--licences", type=Path)
    parser.add_argument("--guides", type=Path)
    for line in lines(parser.parse_args()):
        print(line)


if __name__ == "__main__":
    main()

"""Rules over a corpus find what the definitions for one text find, and their kernels what plain loops do."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.machine.workspace import Workspace
from detector.model import FINDING_KINDS, Hit
from detector.rules import artefacts, hits
from detector.rules.artefacts import (
    FLAG_NAMES,
    YEAR_REACH,
    artefact_table,
    document_flags,
    find_script_errors,
    find_year_swaps,
    is_traditional,
    year_swaps_at,
)
from detector.rules.block_hits import BlockHits
from detector.rules.hits import RuleHits, find_hits, flags, hit_columns, junk_passages, junk_tokens, site_and_own
from detector.rules.junk import find_junk, frequent_lines
from detector.rules.lines import split_lines
from detector.rules.marks import find_marks
from detector.rules.places import AFTER_BLANK, SENTENCE, Places, make_triggers, read_block
from detector.rules.rule_plan import make_plan, rule_names
from detector.rules.rule_tables import load_rules, marked_spans
from detector.rules.stand_ins import FOLLOWERS
from detector.settings import Settings
from detector.tables.columns import HitColumns
from detector.text.folding import plain
from detector.text.texts import Texts
from tests.corpora import columns, timeless

TABLE = load_rules(Settings())
SEEDS = sorted((Path(__file__).parents[1] / "seeds").glob("*.txt"))
EXAMPLES = [marked_spans(example)[0] for rule in TABLE for example in (*rule.hits, *rule.misses)]
SWAPS = [marked_spans(example)[0] for row in artefact_table().comparisons for example in (*row.hits, *row.misses)]
PIECES = (
    *EXAMPLES, *SWAPS, "\n", "\n\n", "\r\n", "\u2028", "\x85", " ", "\u3000", "。", ".", "x", "×",
    "某", "(", "[", "【", "】",
    "2021年是改革开放41周年。", "2019年,是五四运动100周年,也是新中国成立69周年。", "从2019年的3%下降到2019年的2%,",
    "词条7要坚持", "词条7必须谨慎。", "相关推荐", "下一篇", "全镇上下要切实把思想统一到上级的决策部署上来。",
    "製度", "機製", "聯係", "臺灣", "ã©", "é", "\N{REPLACEMENT CHARACTER}", "锟斤拷", "鐨勩",
    "烫烫烫", "\x00", "\ud800", "我们", "12345", "一、", "Related Articles",
    "The council met in 2019 and approved the budget.",
)  # fmt: skip
documents = st.lists(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), max_size=6)
series = st.lists(st.sampled_from([None, "a", "b"]), min_size=6, max_size=6)


class Expected(NamedTuple):
    """What the definitions find in one document."""

    marks: list[Hit]
    junk: list[Hit]
    artefacts: list[Hit]


def expected(text: str) -> Expected:
    folded = plain(text)
    swaps = [*find_year_swaps(folded), *find_script_errors(text, folded)]
    return Expected(find_marks(folded, TABLE), find_junk(text, folded, TABLE), swaps)


def rows(found: HitColumns, document: int) -> list[Hit]:
    """The hits of a document."""
    return [
        Hit(
            int(found.start[row]),
            int(found.end[row]),
            FINDING_KINDS[found.kind[row]],
            found.rule_names[found.rule[row]],
            found.extras[found.extra[row]] if found.extra[row] >= 0 else {},
        )
        for row in range(found.indptr[document], found.indptr[document + 1])
    ]


def site_of_one(own: Expected, frequent: Sequence[Hit]) -> list[Hit]:
    """Junk without overlaps, marks outside it, artefacts: one document at a time."""
    junk: list[Hit] = []
    for hit in sorted([*own.junk, *frequent], key=lambda item: (item.start, -item.end, item.rule)):
        free = junk[-1].end if junk else 0
        if hit.end > free:
            junk.append(hit._replace(start=max(hit.start, free)))
    marks = [mark for mark in own.marks if not any(hit.start <= mark.start and mark.end <= hit.end for hit in junk)]
    return [*junk, *marks, *own.artefacts]


def assert_all_equal(documents: Sequence[str], names: Sequence[str | None], *, workers: Sequence[int] = (1,)) -> None:
    """Everything that a corpus is told is what its documents are told one at a time."""
    texts = Texts.of(documents)
    own = [expected(text) for text in documents]
    for number in workers:
        with Workspace(workers=number) as work:
            found = find_hits(texts, TABLE, work)
        assert_found(found, texts, (documents, names), own)


def assert_found(
    found: RuleHits, texts: Texts, of: tuple[Sequence[str], Sequence[str | None]], own: Sequence[Expected]
) -> None:
    """What was found in the documents ``of`` these names is what they were told one at a time, ``own``."""
    documents, names = of
    for row, wanted in enumerate(own):
        got = Expected(rows(found.marks, row), rows(found.junk, row), rows(found.artefacts, row))
        assert got == wanted, repr(documents[row])
    families = [row // 2 for row in range(len(documents))]
    frequent = frequent_lines([plain(text) for text in documents], families=families, series=names)
    numbers = {None: -1, **{name: at for at, name in enumerate(sorted({name for name in names if name}))}}
    site = site_and_own(
        found, texts, np.array(families, dtype=np.int64), np.array([numbers[name] for name in names], dtype=np.int64)
    )
    bits = flags(texts, site)
    for row, text in enumerate(documents):
        wanted_rows = site_of_one(own[row], frequent[row])
        assert rows(site, row) == wanted_rows
        raised = tuple(name for at, name in enumerate(FLAG_NAMES) if bits[row] >> at & 1)
        assert raised == document_flags(text, wanted_rows)


@timeless
@given(documents, series)
def test_corpora_of_pieces(some: list[str], names: list[str | None]) -> None:
    assert_all_equal(some, names[: len(some)])


MARKED = (
    *"x×*a5。、,:“ \n",
    "xx",
    "xxx",
    "××",
    "**",
    "○○",
    "□□",
    "x镇",
    "xx县",
    "x人",
    "xx亿元",
    "xx年",
    "第x章",
    "在xx公司",
    "某某",
    "张某",
    "关键词1",
    "[姓名]",
    "【姓名】",
    "(xx)",
    "《xx》",
    "x的",
    "x=1",
    "find x",
    "原告",
    "被告",
    "本院",
    "妈的",
    "周一",
    "碑文",
    "用xx表示",
    "x轴",
    "x+y",
    "x光",
    "例如",
    "叉号",
    "黑×",
    "惠及//户",
    "新建//公里",
    "投资##亿元",
    "占比##%",
    "到##村",
)
"""Marks that need others, that overlap, and what guards look for."""

SITED = (
    "首页 > 新闻 > 正文", "首页 > 公文", "当前位置:首页", "阅读:12", "来源:网络", "发布时间:2020-01-02 10:00",
    "上一篇:甲", "下一篇:乙", "相关推荐", "分享到:", "打印本页", "第1页", "12", "Copyright 2020", "版权所有", "更多>>",
    "责任编辑:某某", "工作总结", "一、总则", "全镇上下要切实把思想统一到上级的决策部署上来。", "没有", "",
    "上传者:a", "返回首页", "The council met in 2019 and approved the budget.",
    "本文档由用户上传,本站不保证质量和数量令人满意。", "permission is hereby granted", "【打印】 【关闭】",
)  # fmt: skip
"""Lines of sites, of which one draws the other, and content."""


@timeless
@given(st.lists(st.lists(st.sampled_from(MARKED), max_size=25).map("".join), min_size=1, max_size=8))
def test_marks_are_settled_as_they_are_defined(some: list[str]) -> None:
    assert_all_equal(some, [None] * len(some))


@timeless
@given(st.lists(st.lists(st.sampled_from(SITED), max_size=16).map("\n".join), min_size=1, max_size=6))
def test_junk_is_settled_as_it_is_defined(some: list[str]) -> None:
    assert_all_equal(some, [None] * len(some))


def test_what_is_settled_and_what_is_left() -> None:
    some = [
        "投资xx亿元,在xx镇。",
        "首页 > 新闻 > 正文\n" + "报告。\n" * 9,
        "张某某在某某,关键词1好。",
        "相关推荐\n甲\n乙",
        "xx亿元" * 70,
    ]
    found = BlockHits(Texts.of(some), TABLE, make_plan(TABLE), 0, len(some)).find()
    assert set(found.settled_marks.document.tolist()) == {0}
    assert {document for document, _ in found.marks} == {2, 4}
    assert found.settled_junk.document.tolist() == [1]
    assert {document for document, _ in found.junk} == {3}
    assert_all_equal(some, [None] * len(some))


@timeless
@given(st.lists(st.text(max_size=60), max_size=4))
def test_corpora_of_any_characters(some: list[str]) -> None:
    assert_all_equal(some, [None] * len(some))


def test_examples_of_all_rules_in_small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hits, "BLOCK_CHARACTERS", 500)
    joined = ["\n".join(EXAMPLES[at : at + 7]) for at in range(0, len(EXAMPLES), 7)]
    assert_all_equal([*EXAMPLES, *joined, ""], [None] * (len(EXAMPLES) + len(joined) + 1), workers=(1, 2))


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.stem)
def test_seeds(path: Path) -> None:
    text = path.read_text("utf-8", "replace")  # two are in other encodings: broken characters are content here
    assert_all_equal([text, text[: len(text) // 2]], [None, None])


@pytest.mark.parametrize("name", ["zh_gongwen_templates", "zh_webpages_dev", "en_aeb", "en_licence_instances"])
def test_real_corpora(shared: Path, name: str) -> None:
    with (shared / "corpora" / name / "docs.jsonl").open(encoding="utf-8") as file:
        some = [json.loads(line)["text"] for line in file][:60]
    assert_all_equal(some, ["a" if row % 3 else None for row in range(len(some))], workers=(2,))


def test_frequent_lines_of_a_series() -> None:
    """Digits are equal, families are counted, and lines of one key may differ in what keeps them."""
    body = "全镇上下要切实把思想统一到上级的决策部署上来,落实{}项工作任务。"
    some = [
        f"阅读量 {number}\n{body.format(number)}\n网站标语{'2021年3月' if number % 2 else ''}" for number in range(40)
    ]
    assert_all_equal(some, ["a"] * 40)
    texts, families = Texts.of(some), np.arange(40)
    with Workspace() as work:
        found = find_hits(texts, TABLE, work)
    site = site_and_own(found, texts, families, np.zeros(40, dtype=np.int64))
    assert {some[0][hit.start : hit.end] for hit in rows(site, 0)} == {"阅读量 0", "网站标语"}
    assert not len(site_and_own(found, texts, families, np.full(40, -1)).start)


@timeless
@given(st.lists(st.text('ab一。.!"” \n\r\x85\u2028\u3000\t(1)、;…)』', max_size=80), max_size=3))
def test_lines_are_those_of_the_definition(some: list[str]) -> None:
    texts = Texts.of(some)
    block = read_block(texts.points, texts.start, texts.stop, make_triggers((), {}, ()))
    for row, text in enumerate(some):
        lines, base = split_lines(plain(text)), block.bounds[row]
        own = slice(block.line_indptr[row], block.line_indptr[row + 1])
        assert (block.line_start[own] - base).tolist() == lines.starts
        assert (block.line_end[own] - base).tolist() == lines.ends
        assert (block.line_flags[own] & AFTER_BLANK > 0).tolist() == lines.after_blank
        assert np.flatnonzero(block.line_flags[own] & SENTENCE).tolist() == lines.sentences


@timeless
@given(
    st.sets(st.text("ab\x00\ud800一", min_size=1, max_size=4), max_size=6),
    st.lists(st.text("ab\x00\ud800一\n ", max_size=30), max_size=4),
)
def test_triggers_are_found_where_they_stand(names: set[str], some: list[str]) -> None:
    texts = Texts.of(some)
    longest = [3, 8, 40]
    in_line = {name: [row for row in range(3) if (len(name) + row) % 2] for name in sorted(names)}
    triggers = make_triggers(names, in_line, longest)
    block = read_block(texts.points, texts.start, texts.stop, triggers)
    places, pairs = [], []
    n_lines = 0
    for row, text in enumerate(some):
        folded = plain(text)
        places += [(at + block.bounds[row], name) for name in names for at in Places(folded).starts(name)]
        lines = split_lines(folded)
        for at in range(len(lines)):
            rules = {rule for name, rules in in_line.items() if name in lines.text(at) for rule in rules}
            pairs += [(n_lines + at, rule) for rule in sorted(rules) if lines.length(at) <= longest[rule]]
        n_lines += len(lines)
    found = [(at, triggers.names[number]) for at, number in zip(block.place, block.trigger, strict=True)]
    assert sorted(found) == sorted(places)
    assert list(zip(block.line.tolist(), block.rule.tolist(), strict=True)) == pairs


def test_more_places_than_there_was_room_for() -> None:
    texts = Texts.of(["ab" * 40_000])
    triggers = make_triggers(["a", "b", "ab", "ba", "aba", "bab"], {}, ())
    block = read_block(texts.points, texts.start, texts.stop, triggers)
    assert len(block.place) == 6 * 40_000 - 3


YEAR_WORDS = ("是新中国成立69", "由", "的5%提高到", "完成7亿元,比", "增长", ",是五四运动", "100", ",又恰逢")
YEAR_PIECES = ("2019年", "1999年", "12019年", "周年", "3要", "词7必", "。", "x" * 90, *YEAR_WORDS)


@timeless
@given(
    st.lists(
        st.lists(
            st.sampled_from(["2019年", "1999年", "12019年", "周年", "3要", "词7必", "。", "x" * 90, *YEAR_WORDS]),
            max_size=12,
        )
    )
)
def test_years_are_those_that_can_matter(some: list[list[str]]) -> None:
    joined = ["".join(pieces) for pieces in some]
    texts = Texts.of(joined)
    if not joined:
        return
    block = BlockHits(texts, TABLE, make_plan(TABLE), 0, len(joined))
    near, n_stand_ins = block.signs()
    bounds = np.cumsum([0, *map(len, joined)])
    for row, text in enumerate(joined):
        found: list[int] = []
        for match in re.finditer("(?<![0-9])(?:19|20)[0-9]{2}年", text):
            reach = text[match.start() + 1 : match.start() + YEAR_REACH + 1]
            found += [match.start()] if match[0] in reach or "周年" in reach else []
        assert (near[(near >= bounds[row]) & (near < bounds[row + 1])] - bounds[row]).tolist() == found
        tried = block.years_of(row)
        assert year_swaps_at(text, tried) == year_swaps_at(text, found)
        signs = re.findall(f"(?<=[\u3400-\u9fffa-z0-9][0-9])[{FOLLOWERS}]", text)
        assert block.n_stand_ins[row] == n_stand_ins[row] == len(signs)


def test_prefilters_know_their_patterns() -> None:
    """What the kernels look for is what the patterns can begin with, end with or span."""
    patterns = [row.pattern for row in artefact_table().comparisons]
    patterns += [artefacts._anniversary_pattern()]
    assert all(re._parser.parse(one, re.VERBOSE).getwidth()[1] < YEAR_REACH for one in patterns)  # type: ignore[attr-defined]
    sentence = re._parser.parse(artefacts._SENTENCE_OF_YEAR.pattern)  # type: ignore[attr-defined]
    assert sentence.getwidth()[1] < YEAR_REACH


BROKEN = st.sampled_from(
    (
        *"锟斤拷烫屯锛銆鐨勩一\xc2\xc3\x80\xbf\xe2\xe4\xe9\x99\xa6\u0152\u2122\ue000a", "\N{REPLACEMENT CHARACTER}",
        "\N{EURO SIGN}", "锟斤拷", "烫烫烫", "鐨勩", "\xe4\xb8\xad", "\xe6\u2013\u2021", "\xe2\N{EURO SIGN}\u201c",
    )
)  # fmt: skip


@timeless
@given(st.lists(st.lists(BROKEN, max_size=12).map("".join), min_size=1, max_size=3))
def test_broken_text_is_counted_as_the_pattern_finds_it(some: list[str]) -> None:
    texts = Texts.of(some)
    counts = np.empty((len(some), 2), dtype=np.int64)
    hits.count_broken(texts.points, texts.start, texts.stop, artefacts.begins_broken(), counts)
    assert counts[:, 1].tolist() == [len(re.findall(artefacts._MOJIBAKE, text, re.VERBOSE)) for text in some]
    assert counts[:, 0].tolist() == [artefacts._n_han(text) for text in some]


@timeless
@given(st.lists(st.text("a臺灣體製一のカ", max_size=20), min_size=1, max_size=4))
def test_traditional_texts_by_counts(some: list[str]) -> None:
    texts = Texts.of(some)
    block = read_block(texts.points, texts.start, texts.stop, make_triggers((), {}, ()))
    for row, text in enumerate(some):
        assert artefacts.is_traditional_by(*block.counts[row].tolist()) == is_traditional(text, plain(text))


@timeless
@given(st.data())
def test_junk_of_tokens_and_passages(data: st.DataObject) -> None:
    pieces = st.lists(st.sampled_from(["投资x亿元。", "a word,", "一二三四五六七八。", "\n", " ", "2021"]), max_size=8)
    some = data.draw(st.lists(pieces.map("".join), min_size=1, max_size=4))
    found = []
    for row, text in enumerate(some):
        bounds = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=4)))
        pairs = zip(bounds[::2], bounds[1::2], strict=False)
        kinds = ("junk", "masked")
        found += [(row, Hit(start, end, kinds[start % 2], "junk.share")) for start, end in pairs]
    tokens, passages = columns(*some)
    junk = np.full(-(-len(tokens.start) // 8), 255, dtype=np.uint8)
    junk_tokens(tokens, hit_columns(len(some), found, rule_names(TABLE)), junk)
    document = np.repeat(np.arange(len(some)), np.diff(tokens.indptr))
    spans = [(row, hit.start, hit.end) for row, hit in found if hit.kind == "junk"]
    wanted = [
        any(row == own and start < end_ and begin < end for row, begin, end_ in spans)
        for own, start, end in zip(document, tokens.start, tokens.end, strict=True)
    ]
    assert np.unpackbits(junk, count=len(wanted), bitorder="little").tolist() == wanted
    of_passages = [all(wanted[low:high]) for low, high in zip(passages.tokens[:-1], passages.tokens[1:], strict=True)]
    assert junk_passages(passages, junk).tolist() == of_passages


def test_hits_without_documents() -> None:
    assert_all_equal([], [])


ADVERSARIAL = (
    "x", "×x", "**", "__ ", "某", "(", "[", "【", "年_", "1" * 39 + "年", "2019年", "2019年周年", "周年", "\n",
    "\n\r", " ", "a\n", "页\n", "下一篇\n", "相关推荐\n", "相关推荐\n短\n", "首页 > 新闻\n", "词7要",
    "词条7要坚持", "製度", "製",
    "锟斤拷", "ã", "{{", "设x+", "function",
    "上一篇:\n\n全镇上下要切实把思想统一到上级的决策部署上来。\n", "附件下载\n1\n",
)  # fmt: skip


def cost(text: str) -> float:
    """Seconds of this process to find the hits of one document."""
    texts = Texts.of([text])
    start = time.process_time()
    with Workspace() as work:
        flags(texts, site_and_own(find_hits(texts, TABLE, work), texts, np.zeros(1, np.int64), np.zeros(1, np.int64)))
    return time.process_time() - start


@pytest.mark.parametrize("piece", ADVERSARIAL, ids=repr)
def test_cost_grows_linearly(piece: str) -> None:
    """Eight times the text: linear passes take eight times as long, quadratic ones sixty-four times."""
    part, whole = (piece * (size // len(piece)) for size in (20_000, 160_000))
    tries = ((cost(part), cost(whole)) for _ in range(3))  # the machine may have other work
    assert any(long < 20 * short + 0.1 for short, long in tries)

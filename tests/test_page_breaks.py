"""Running heads and bare numbers between the pages of a converted text, and what looks like them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detector.rules.block_hits import BlockHits
from detector.rules.junk import find_junk
from detector.rules.lines import split_lines
from detector.rules.page_breaks import BARE_NUMBER, PAGE_NUMBER, RUNNING_HEAD, mark_running_heads
from detector.rules.rule_plan import make_plan
from detector.rules.rule_tables import load_rules
from detector.settings import Settings
from detector.text.folding import plain
from detector.text.texts import Texts

TABLE = load_rules(Settings())
PLAN = make_plan(TABLE)
BARE = TABLE.named(BARE_NUMBER)
PROSE = "全镇干群同心协力,完成了全年的目标任务。"
HEAD = "云台市数字乡村发展评估报告"


def marked(text: str, known: dict[int, str], *, bare: bool = True) -> dict[int, str]:
    found = dict(known)
    mark_running_heads(split_lines(text), found, BARE if bare else None)
    return found


def test_lines_beside_several_numbers_of_pages_are_heads() -> None:
    text = "\n".join([PROSE, HEAD, "第1页 共3页", PROSE, HEAD, "第2页 共3页", PROSE])
    assert marked(text, {2: PAGE_NUMBER, 5: PAGE_NUMBER}) == {
        1: RUNNING_HEAD, 2: PAGE_NUMBER, 4: RUNNING_HEAD, 5: PAGE_NUMBER,
    }  # fmt: skip
    assert marked(text, {2: PAGE_NUMBER}) == {2: PAGE_NUMBER}, "one number is no evidence"


def test_bare_numbers_that_grow_are_pages_where_a_head_stands_beside_them() -> None:
    text = "\n".join([PROSE, HEAD, "27", PROSE, HEAD, "28", PROSE])
    assert marked(text, {}) == {1: RUNNING_HEAD, 2: BARE_NUMBER, 4: RUNNING_HEAD, 5: BARE_NUMBER}
    assert marked(text, {}, bare=False) == {}, "the rule is switched off"
    assert marked(text.replace("28", "26"), {}) == {}, "they fall"


def test_the_numbers_of_a_table_are_none() -> None:
    cells = "\n".join(["序号", "1", "某某县供水有限公司", "2", "某某县供水有限公司", "3", "某某县供水有限公司", PROSE])
    assert marked(cells, {}) == {}


def test_numbers_in_heads_count_as_equal_and_heads_elsewhere_too() -> None:
    text = "\n".join([PROSE, "第3期 河志通讯", "27", PROSE, "第4期 河志通讯", "28", PROSE, "第4期 河志通讯"])
    assert marked(text, {}).keys() == {1, 2, 4, 5, 7}


LINES = st.sampled_from([PROSE, HEAD, "1", "2", "3", "27", "第1页 共3页", "- 4 -", "首页 > 新闻 > 正文", "打印"])


@given(st.lists(LINES, max_size=14))
def test_a_block_finds_the_same(lines: list[str]) -> None:
    text = "\n".join(lines)
    block = BlockHits(Texts.of([text]), TABLE, PLAN, 0, 1).find()
    names = PLAN.names
    settled = zip(*(getattr(block.settled_junk, name).tolist() for name in ("start", "end", "rule")), strict=True)
    found = {(start, end, names[rule]) for start, end, rule in settled}
    found |= {(hit.start, hit.end, hit.rule) for _, hit in block.junk}
    assert found == {(hit.start, hit.end, hit.rule) for hit in find_junk(text, plain(text), TABLE)}

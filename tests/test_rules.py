"""Rule tables: every row holds its own examples, costs linear time, and a user's table is checked before it is used."""

from __future__ import annotations

import re
import time
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from detector.errors import RuleError
from detector.machine.interpreter import without_collection
from detector.model import FINDING_KINDS, Document
from detector.pipeline import scan
from detector.rules.artefacts import ANNIVERSARY, SCRIPT_ERROR, SPUN_REPEAT, artefact_table
from detector.rules.frames import SITE_FRAME
from detector.rules.junk import FREQUENT
from detector.rules.junk_places import BETWEEN, LIST_ITEM
from detector.rules.pages import PAGE_LINE
from detector.rules.places import Places
from detector.rules.rule_tables import (
    METHOD,
    Rule,
    RuleTable,
    check_rule,
    example_matches,
    find_spans,
    load_rules,
    marked_spans,
    matches_line,
    speaks_for_document,
    trials,
)
from detector.rules.stand_ins import REPEATED_MARK, STAND_IN
from detector.settings import Settings
from detector.text.folding import plain

TABLE = load_rules(Settings())
ROWS = [rule for rule in TABLE.rules if rule.scope != METHOD]
METHODS = [rule for rule in TABLE.rules if rule.scope == METHOD]

ROW = """
[[rule]]
name = "placeholder.ours"
kind = "placeholder"
triggers = ["q"]
pattern = "q{2,8}"
why = "our own blank"
hits = ["in ⟦QQQ⟧ days"]
misses = ["q"]
source = "us"
"""


def user_table(folder: Path, text: str) -> Settings:
    """Settings that read one more table."""
    path = folder / "ours.toml"
    path.write_text(text, "utf-8")
    return Settings(rules=(str(path),))


@pytest.mark.parametrize("rule", ROWS, ids=lambda rule: rule.name)
def test_built_in_rows_hold_their_examples(rule: Rule) -> None:
    check_rule(rule, "built-in")
    assert rule.misses, "a rule without a miss is not tested against its false friends"


@pytest.mark.parametrize("rule", ROWS, ids=lambda rule: rule.name)
def test_examples_mean_the_same_in_the_real_plain_form(rule: Rule) -> None:
    for hit in rule.hits:
        text, wanted = marked_spans(hit)
        found = [(match.start, match.end) for match in example_matches(rule, plain(text))]
        assert found
        if wanted:
            assert found == wanted


def test_no_row_is_possessive_or_atomic() -> None:
    """Python 3.11.2 finds some such patterns where they do not match: an item of 63 characters by ``{2,60}``."""
    from re import _parser  # type: ignore[attr-defined]

    parsed = {rule.name: str(_parser.parse(rule.regex.pattern, rule.regex.flags)) for rule in ROWS}
    assert not [name for name, tree in parsed.items() if "POSSESSIVE_REPEAT" in tree or "ATOMIC_GROUP" in tree]


def test_a_guard_affects_rules_that_exist() -> None:
    for guard in TABLE.select(("content",), "span") + TABLE.select(("content",), "document"):
        for glob in guard.affects:
            assert any(fnmatchcase(rule.name, glob) for rule in TABLE), f"{guard.name}: {glob} names no rule"


def test_user_rows_add_and_replace(tmp_path: Path) -> None:
    assert load_rules(user_table(tmp_path, ROW)).named("placeholder.ours").why == "our own blank"
    other = ROW.replace("placeholder.ours", "placeholder.lorem_ipsum")
    table = load_rules(user_table(tmp_path, other))
    assert table.named("placeholder.lorem_ipsum").why == "our own blank"
    assert len(table) == len(TABLE)


def test_user_rows_may_cite_built_in_words(tmp_path: Path) -> None:
    row = ROW.replace('pattern = "q{2,8}"', "pattern = 'q{2,8}(?=[ ]?(?&unit))'").replace("QQQ⟧ days", "QQQ⟧万元")
    assert "万" in load_rules(user_table(tmp_path, row)).named("placeholder.ours").pattern


def test_rules_can_be_switched_off() -> None:
    table = load_rules(Settings(disable_rules=("placeholder.lorem_ipsum",)))
    assert len(table) == len(TABLE) - 1
    with pytest.raises(RuleError, match=r"no rule is named 'placeholder\.lorem_ipsum'"):
        table.named("placeholder.lorem_ipsum")


METHOD_TEXTS = {
    "junk.related_item": "正文写完了，今年的各项工作都已经完成。\n相关阅读：\n某镇工作总结范文 (2020-12-01)\n",
    "junk.between": "上一篇：某村工作总结\n精彩内容\n下一篇：没有了\n",
    "junk.site_frame": "本文由会员上传分享，下载前请预览\n关于加强灌渠管护的意见\n"
    + "道路修到了村口，水也通了，老人们说这是好事情。\n" * 6
    + "下载本文档",
    "placeholder.stand_in": "五年来，词条7坚持实干。词条7必须努力。词条7深知不易。词条7将继续。",
    "placeholder.repeated_mark": "投资//亿元，新建道路//公里，惠及//户。",
    "year_swap.anniversary": "2021年是改革开放41周年。",
    "year_swap.from_to": "人均收入由2021年的12500元提高到2021年的13800元。",
    "year_swap.beside_itself": "与2022年相比，2022年全镇税收增长12%。",
    "year_swap.than_itself": "2019年全镇完成总产值7.5亿元,比2019年增长5.1%。",
    "script_error.character": "健全學習製度，開展實踐，為黨員幹部講課，堅持問題導向，發揮領導作用。",
    "artefact.spun_repeat": "我们要坚持以人民为中心的发展思想不动摇。我们要坚持以人民为中心的发展理念不动摇。",
    "junk.page_line": (Path(__file__).parent / "data" / "pages" / "pages.txt").read_text("utf-8").split("\n\n")[0],
}
SERIES = [Document(f"{at}", f"欢迎访问文库资料站\n{body}", series="a") for at, body in enumerate("甲乙丙丁戊己庚")]


@pytest.mark.parametrize("rule", METHODS, ids=lambda rule: rule.name)
def test_methods_are_rows_that_can_be_switched_off(rule: Rule) -> None:
    text = METHOD_TEXTS.get(rule.name, "")
    documents = [Document("a", text)] if text else SERIES
    on, off = (
        {finding.rule for finding in scan(documents, Settings(disable_rules=names)).findings}
        for names in ((), (rule.name,))
    )
    assert rule.name in on
    assert rule.name not in off
    assert rule.why and rule.source and rule.hits and rule.kind in FINDING_KINDS
    check_rule(rule, "here")


def test_every_verdict_of_a_rule_is_a_row_of_the_table() -> None:
    names = {rule.name for rule in METHODS}
    assert names == {*METHOD_TEXTS, FREQUENT}
    assert {row.name for row in artefact_table().comparisons} | {ANNIVERSARY, SCRIPT_ERROR, SPUN_REPEAT} <= names
    assert {PAGE_LINE, SITE_FRAME, BETWEEN, LIST_ITEM, FREQUENT, STAND_IN, REPEATED_MARK} <= names


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('scope = "method"', "scope is 'method', which no row of yours can have; choose one of span, line, document"),
        ('kind = "year_swap"', "kind is 'year_swap', which no row of yours can have; choose one of placeholder"),
    ],
)
def test_methods_cannot_be_added(tmp_path: Path, row: str, message: str) -> None:
    key = row.split(" ", maxsplit=1)[0]
    lines = [line for line in ROW.splitlines() if not line.startswith(f"{key} ")]
    with pytest.raises(RuleError, match=re.escape(message)):
        load_rules(user_table(tmp_path, "\n".join((*lines, row, ""))))


def test_switching_off_an_unknown_rule_is_an_error() -> None:
    with pytest.raises(RuleError, match=r"no rule is named 'no\.such'"):
        load_rules(Settings(disable_rules=("no.such",)))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("⟦QQQ⟧", "⟦Q⟧QQ", "rule placeholder.ours fails its own hit"),
        ("⟦QQQ⟧", "no", "rule placeholder.ours fails its own hit"),
        ('misses = ["q"]', 'misses = ["qq"]', "rule placeholder.ours fails its own miss"),
        ("q{2,8}", "q(", "the pattern does not compile"),
        ("q{2,8}", "q{2,8}(?&nothing)", "no list of words is named 'nothing'"),
        ('why = "our own blank"', "", "why is missing"),
        ('kind = "placeholder"', 'kind = "nonsense"', "kind is 'nonsense'"),
        ('triggers = ["q"]', "", "triggers are missing"),
        ('triggers = ["q"]', 'triggers = "q"', "triggers must be a list of strings"),
        ('source = "us"', 'source = "us"\nneeds = true', "needs must be of type int"),
        ('source = "us"', 'source = "us"\nplase = "any"', "unknown key 'plase'"),
        ("[[rule]]", "[rule]", "write \\[\\[rule\\]\\]"),
        ("[[rule]]", "[[rules]]", "unknown key 'rules'"),
        ("[[rule]]", "[[rule]", "not a TOML file"),
    ],
)
def test_bad_tables_are_refused_with_place_and_reason(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in ROW
    with pytest.raises(RuleError, match=message) as error:
        load_rules(user_table(tmp_path, ROW.replace(old, new)))
    assert "ours.toml" in str(error.value)
    assert "\n" not in str(error.value).split(": not a TOML file")[0]


def test_a_name_twice_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"two rules are named placeholder\.ours"):
        load_rules(user_table(tmp_path, ROW + ROW))
    with pytest.raises(RuleError, match="cannot read the rule table"):
        load_rules(Settings(rules=(str(tmp_path / "none.toml"),)))


def test_lists_of_words_may_not_cite_each_other_in_a_circle(tmp_path: Path) -> None:
    circle = "[words]\na = '(?&b)'\nb = '(?&a)'\n" + ROW.replace("q{2,8}", "(?&a)")
    with pytest.raises(RuleError, match="in a circle"):
        load_rules(user_table(tmp_path, circle))


def test_guards_are_chosen_by_what_they_affect_and_by_their_triggers() -> None:
    names = {guard.name for guard in TABLE.guards(Places("拍x光片"), ["placeholder.blank_weak"], "span")}
    assert "content.x_term" in names
    assert not TABLE.guards(Places("拍x光片"), ["placeholder.lorem_ipsum"], "span")
    assert not TABLE.guards(Places("没有"), ["placeholder.blank_weak"], "span")


NEAR_MISSES = ("a", "年", " ", ":")


def adversarial(rule: Rule, size: int) -> list[str]:
    """Texts of a size that hold many places where the pattern starts and fails late."""
    pieces = [*rule.triggers[:3]] or ["0", "a", ">"]
    pieces += [trigger + other for trigger in rule.triggers[:1] for other in NEAR_MISSES]
    pieces += [plain(marked_spans(hit)[0])[:-1] + "\N{CJK UNIFIED IDEOGRAPH-9F98}" for hit in rule.hits[:2]]
    if rule.scope == "line":
        pieces += [(piece * rule.max_chars)[: rule.max_chars - 1] + "\n" for piece in pieces]
    return [(piece * (size // max(1, len(piece)) + 1))[:size] for piece in pieces]


def cost(rule: Rule, text: str) -> float:
    """Seconds of this process to find a rule in a text, without those in which Python looks for cycles, as in a scan:
    it looks at more objects the more there are."""
    with without_collection():
        start = time.process_time()
        if rule.scope == "span":
            find_spans(Places(text), trials((rule,)))
        elif rule.scope == "document":
            speaks_for_document(rule, Places(text))
        else:
            for line in text.split("\n"):
                matches_line(rule, line)
        return time.process_time() - start


@pytest.mark.parametrize("rule", ROWS, ids=lambda rule: rule.name)
def test_cost_grows_linearly(rule: Rule) -> None:
    """Four times the text: linear rules take four times as long, quadratic ones sixteen times."""
    for part, whole in zip(adversarial(rule, 4_000), adversarial(rule, 16_000), strict=True):
        tries = ((cost(rule, part), cost(rule, whole)) for _ in range(3))  # the machine may have other work
        assert any(long < 8 * short + 0.02 for short, long in tries), f"{rule.name} on {whole[:30]!r}..."


def test_the_table_is_a_plain_sequence() -> None:
    assert isinstance(TABLE, RuleTable)
    assert len(TABLE) == len(list(TABLE)) == len({rule.name for rule in TABLE})

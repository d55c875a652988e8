"""Artefacts: swapped years, wrong characters of a conversion, the flags of documents, and the real documents."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.model import Hit
from detector.rules.artefacts import (
    MIN_SCRIPT_ERRORS,
    Comparison,
    WrongCharacter,
    artefact_table,
    document_flags,
    find_script_errors,
    find_year_swaps,
    is_traditional,
)
from detector.rules.rule_tables import marked_spans
from detector.text.folding import plain

TABLE = artefact_table()
TRADITIONAL = "去年春天,這座小城的學校開設了書法課,孩子們學會了寫對聯,還把作品送給鄰居們,大家都覺得很歡喜。"


@pytest.mark.parametrize("row", TABLE.comparisons, ids=lambda row: row.name)
def test_comparisons_hold_their_examples(row: Comparison) -> None:
    for hit in row.hits:
        text, wanted = marked_spans(hit)
        assert [(found.start, found.end) for found in find_year_swaps(plain(text))] == wanted
    for miss in row.misses:
        assert not find_year_swaps(plain(miss)), miss


@pytest.mark.parametrize(
    "text",
    [
        "⟦2021年是改革开放41周年⟧,也是关键一年。",
        "⟦2019年是新中国成立六十周年⟧。",
        "⟦2020年恰逢中国共产党成立100周年⟧",
        "⟦2022年,我们隆重庆祝建党一百周年⟧。",
        "⟦2018年是中国人民解放军建军八十周年⟧",
        "⟦2021年是改革開放41周年⟧",
        "2019年，是五四运动100周年，⟦也是新中国成立69周年⟧。",
        "2018年是开局之年，⟦也是改革开放39周年⟧，任务艰巨。",
        "⟦2021年是建党99周年⟧，也是建军94周年，⟦还是辛亥革命100周年⟧。",
    ],
)
def test_anniversaries_that_do_not_fit(text: str) -> None:
    text, wanted = marked_spans(text)
    hits = find_year_swaps(plain(text))
    assert [(hit.start, hit.end) for hit in hits] == wanted
    assert hits[0].evidence["expected"] == hits[0].evidence["year"] - hits[0].evidence["founded"]


@pytest.mark.parametrize(
    "text",
    [
        "2018年是改革开放40周年。",
        "2019年是新中国成立70周年。",
        "2019年，是五四运动100周年，也是新中国成立70周年。",
        "2018年是开局之年，明年也是新中国成立70周年。",
        "2021年是建党100周年，2022年也是建军95周年。",
        "2019年是新中国成立七十周年。",
        "2021年是中国共产党成立一百周年。",
        "2021年,我们隆重庆祝中国共产党成立100周年。",
        "2022年是中国共产党成立100周年后的第一年。",
        "1949年新中国成立,2020年是决胜之年。",
        "2017年是中国人民解放军建军90周年。",
        "2020年是我校建校41周年。",
        "2020年全镇增长5%,比2019年提高2个百分点。",
        "2020年12月比2020年1月增长5%",
        "由2020年上半年的3%提高到2020年下半年的5%",
    ],
)
def test_years_that_fit(text: str) -> None:
    assert not find_year_swaps(plain(text))


@pytest.mark.parametrize("row", TABLE.characters, ids=lambda row: row.wrong + row.right)
def test_words_hold_their_character(row: WrongCharacter) -> None:
    wrong, words, unless = row.wrong, row.words, row.unless
    assert all(wrong in word for word in words + unless)
    assert len(set(words)) == len(words)
    for word in unless:
        assert not find_script_errors(TRADITIONAL + word, plain(TRADITIONAL + word)), word


@cache
def converters() -> list[Any]:
    """OpenCC's, to simplified and to three regional standards: reading their tables takes a quarter of a second."""
    opencc = pytest.importorskip("opencc", reason="OpenCC is only needed to review the table")
    return [opencc.OpenCC(name) for name in ("t2s", "s2t", "s2tw", "s2hk")]


@pytest.mark.parametrize("row", TABLE.characters, ids=lambda row: row.wrong + row.right)
def test_every_regional_standard_writes_the_words_otherwise(row: WrongCharacter) -> None:
    simplified, *standards = converters()
    for word in row.words:
        at = word.index(row.wrong)
        plain_word = simplified.convert(word.replace(row.wrong, row.right))
        assert all(standard.convert(plain_word)[at] != row.wrong for standard in standards), word


def test_script_errors_carry_their_word() -> None:
    text = TRADITIONAL + "落實責任製度,全麵推進體係建設。"
    hits = find_script_errors(text, plain(text))
    assert [(text[hit.start : hit.end], dict(hit.evidence)) for hit in hits] == [
        ("製", {"word": "製度", "expected": "制度"}),
        ("麵", {"word": "全麵", "expected": "全面"}),
        ("係", {"word": "體係", "expected": "體系"}),
    ]


def test_right_words_are_left_alone() -> None:
    text = (
        TRADITIONAL + "製造業與麵粉廠,關係密切,關係統計,家裏的雜誌與日曆,重複,新征程,分布,盡快,群眾,製作人員,機製冰。"
    )
    assert not find_script_errors(text, plain(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("全村隻有三戶,不隻種茶,也隻吃自己種的米。", ["隻有", "不隻", "隻吃"]),
        ("鬆香和鬆脂都來自鬆林。", ["鬆香", "鬆脂", "鬆林"]),
        ("烘幹機與曬幹的糧食", ["烘幹", "曬幹"]),
        ("推行積分製與清單製,落實因地製宜", ["積分製", "單製", "因地製宜"]),
        ("做錶麵文章", ["錶麵", "錶麵"]),
        ("爲瞭孩子來瞭又走", ["爲瞭", "來瞭"]),
        ("民主製、聯邦製與終身製", ["民主製", "聯邦製", "終身製"]),
        ("主蓆出蓆了會議", ["主蓆", "出蓆"]),
        ("全體衕學意見相衕", ["衕學", "相衕"]),
        ("岳飛就是嶽飛,範仲淹", ["嶽飛", "範仲淹"]),
        ("睏難時的信唸與概唸", ["睏難", "信唸", "概唸"]),
        ("沖突和沖擊", ["沖突", "沖擊"]),
        ("蘿卜、咸菜和茶叶", ["蘿卜", "咸菜", "茶叶"]),
    ],
)
def test_common_words_are_found(text: str, words: list[str]) -> None:
    text = TRADITIONAL + text
    assert [found.evidence["word"] for found in find_script_errors(text, plain(text))] == words


@pytest.mark.parametrize(
    "text",
    [
        "一隻有病的貓,三隻能飛的鳥,5隻有主的狗,每隻要價百元,這隻是我的,兩千隻在山上,豬隻會跑,船隻需要維修",
        "五穀地,稻穀底,山谷物產",
        "先進製程,量身訂製服務,客製服務,自製服裝,編製預算,改製成廠房,重製度假村",
        "看錶演出的時間,金錶面板,電錶格外精密",
        "標籤名稱,抽籤約定,中籤發獎",
        "天后宮,影后背後,王后來了",
        "牽一髮動全身,護髮品,頭髮現在很長,理髮展現風格",
        "這齣戲,一齣場面盛大的戲,每齣版本不同",
        "牛肉麵前站着人,湯麵上有葱,下麵吃,製麵子公司",
        "歷史係指過去,此學係本校所設",
        "公務人員復審,稅捐復查,複變函數,覆議案,反覆,答覆,回復",
        "二里頭,長城里程碑,大海裏,嘴巴裏",
        "一捲膠帶,檯上的燈,閤上書,閤家歡樂,傢俱行,傢具店",
        "一目瞭然,爲瞭解情況,不甚明瞭",
        "病未癒,治癒後,想唸大學,他唸道",
        "盪鞦韆年紀,叮噹時刻,響噹噹的人物,鬍鬚要剪,衚衕居民",
        "白朮與蒼朮,明白術語",
        "憑藉款項,分鐘愛好,十分鐘情況,計劃船隻",
        "新徵程與新征程,分布與分佈,盡快與儘快,周末與週末,占用與佔用,裏面與裡面",
        "先生姜某,干貝,乾掉這杯,乾道年間,準將領",
    ],
)
def test_words_that_meet_are_no_errors(text: str) -> None:
    text = TRADITIONAL + text
    assert [found.evidence["word"] for found in find_script_errors(text, plain(text))] == []


def test_only_traditional_documents_have_script_errors() -> None:
    text = "简体文章里引用了一个词：製度。" * 3 + "全镇各项工作取得新的成绩,群众生活明显改善。"
    assert not is_traditional(text, plain(text))
    assert not find_script_errors(text, plain(text))
    japanese = "会議の書麵を製度として発表することに関する検討を続けています。"
    assert not find_script_errors(japanese, plain(japanese))
    assert not find_script_errors("", "")


def test_a_word_at_the_edge_of_the_text() -> None:
    text = "製" + TRADITIONAL + "製"
    assert not find_script_errors(text, plain(text))


def hit(kind: str, rule: str) -> Hit:
    return Hit(0, 1, kind, rule)


def test_flags_need_enough_evidence() -> None:
    error = hit("script_error", "script_error.character")
    assert document_flags(TRADITIONAL, [error] * MIN_SCRIPT_ERRORS) == ("machine_converted",)
    assert document_flags(TRADITIONAL, [error] * (MIN_SCRIPT_ERRORS - 1)) == ()
    assert document_flags(TRADITIONAL * 200, [error] * MIN_SCRIPT_ERRORS) == ()
    token, repeat = hit("placeholder", "placeholder.keyword_token"), hit("spun_repeat", "spun_repeat")
    assert document_flags("", [token, repeat]) == ("spun",)
    assert document_flags("", [token]) == ()
    anniversary = hit("year_swap", "year_swap.anniversary")
    assert document_flags("", [anniversary]) == ()
    assert document_flags("", [anniversary, anniversary]) == ("year_swapped",)
    assert document_flags("", [hit("year_swap", "year_swap.from_to")]) == ("year_swapped",)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "gbk"])
def test_mojibake_is_flagged(encoding: str) -> None:
    text = "全镇干群同心协力，克难前行。café, naïve — “quoted”。" * 5
    broken = text.encode("utf-8").decode(encoding, "replace")
    assert document_flags(broken, []) == ("mojibake",)
    assert document_flags(text, []) == ()


def test_languages_with_many_accents_are_no_mojibake() -> None:
    text = "« Était-ce là le café ? », dit-il. São João não é à toa. Đã có rồi, phải không? Ärger über Öl. " * 5
    assert document_flags(text, []) == ()


@given(st.text(alphabet="20年由从比到提高增长是改革开放周年4百十,。万元1-\n\ud800\x00", max_size=60))
def test_year_swaps_are_sorted_separate_and_inside_the_text(text: str) -> None:
    end = 0
    for found in find_year_swaps(plain(text)):
        assert end <= found.start < found.end <= len(text)
        end = found.end


def test_cost_grows_linearly_on_years() -> None:
    for piece in ("2020年", "由2020年", "2020年是改革开放", "由2020年的" + "一" * 39 + "提高", "2020年增长,比"):
        assert find_year_swaps(piece * (200_000 // len(piece))) is not None


def test_real_documents(shared: Path) -> None:
    for line in (shared / "gold" / "seeds.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        text = (shared / row["file"]).read_bytes().decode("utf-8")
        wanted = [(span["start"], span["end"]) for span in row["spans"] if span["kind"] == "year_swap"]
        swaps = find_year_swaps(plain(text))
        assert [(found.start, found.end) for found in swaps] == wanted, row["id"]
        errors = find_script_errors(text, plain(text))
        if row["id"].startswith("001"):
            assert len(errors) >= 50
            assert "machine_converted" in document_flags(text, errors)
            assert not {text[found.start] for found in errors} & set("為爲群羣眾衆采採布佈占佔閑閒煙菸盡征")
        else:
            assert not errors


def test_none_invented_in_government_reports(shared: Path) -> None:
    corpus = shared / "corpora" / "zh_gov_national_2024_2026" / "docs.jsonl"
    if not corpus.is_file():
        pytest.skip(f"not here: {corpus}")
    for line in corpus.read_text("utf-8").splitlines():
        text = json.loads(line)["text"]
        found = [*find_script_errors(text, plain(text)), *find_year_swaps(plain(text))]
        assert document_flags(text, found) == ()
        assert not found

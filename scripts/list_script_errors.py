"""Adds to the [[script]] rows of detector/data/artefacts.toml the common words that hold their character.

Run by hand: ``pip install -e .[tables] && python scripts/list_script_errors.py``. It keeps the words of the table,
and a second run changes nothing. With ``--correct FILE...`` (plain text, simplified) it converts the files correctly
instead, and prints what the table finds there: what is not an error of the conversion is a crossing of two words or a
matter of taste, and belongs in `DROPPED` or in a row's ``unless``, which is edited in the table.

A word of jieba's lexicon (2 to 4 characters, with frequencies) is converted by OpenCC to three regional standards.
Where all of them write ``right`` at a place, the word with ``wrong`` there is an error; where all of them write
``wrong``, the word shows that it is right (``unless``: 製作 in 法製作出). A word that holds a shorter one is left out.
"""

from __future__ import annotations

import argparse
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import jieba
import opencc

from detector.rules.artefacts import script_errors_of

TABLE = Path(__file__).parents[1] / "detector" / "data" / "artefacts.toml"

MIN_FREQUENCY = 60
"""Of a word in jieba's lexicon, of 60 million: a rarer one is not expected in a million characters."""

MIN_RIGHT_FREQUENCY = 20
"""Of a word that shows a character to be right: one too many only hides an error."""

MOST_WORDS = 90
"""Words that a row may have, the most frequent first; what the table had is kept beyond them."""

MOST_RIGHT = 60
"""Words that a row's ``unless`` grows to, the most frequent first."""

VARIANTS = ("臺台", "裏裡", "爲為", "羣群", "衆眾", "着著", "説說", "衞衛", "匯滙", "閒閑", "佔占", "週周", "佈布")
"""Characters that regional standards take for one another: never one for the other an error."""

PAIRS = """
隻只 只隻 製制 麵面 面麵 係系 係繫 系係 系繫 繫系 繫係 裏里 裡里 里裏 幹干 幹乾 乾幹 乾干 干幹 干乾 複復 復複 複覆
復覆 覆復 曆歷 歷曆 誌志 志誌 後后 后後 髮發 發髮 鬆松 松鬆 余餘 餘余 穀谷 谷穀 鬥斗 斗鬥 准準 準准 鍾鐘 鐘鍾 範范
范範 徵征 征徵 彙匯 匯彙 彆別 傢家 緻致 致緻 遊游 錶表 表錶 衝沖 沖衝 鼕冬 于於 韆千 捲卷 颱臺 檯臺 嚮向 迴回 糰團
麴曲 閤合 噹當 鬚須 須鬚 噁惡 註注 鞦秋 齣出 闆板 纔才 制製 罈壇 穫獲 獲穫 剋克 髒臟 臟髒 划劃 劃划 纍累 舍捨 捨舍
矇蒙 濛蒙 吁籲 籲吁 闢辟 辟闢 御禦 禦御 癥症 郁鬱 鬱郁 摺折 淀澱 澱淀 籤簽 鬍胡 衚胡 嚐嘗 採采 嶽岳 瀋沈 崑昆 癒愈
倖幸 唸念 鹹咸 咸鹹 夸誇 瀰彌 云雲 雲云 丑醜 醜丑 蔔卜 卜蔔 幾几 几幾 睏困 輓挽 縴纖 仆僕 僕仆 蓆席 涂塗 薑姜 姜薑
葉叶 叶葉 併並 託托 儘盡 術朮 朮術 瞭了 藉借 樸朴 侷局 衕同
"""
"""Wrong and right; those of the table come first and in its order. What is left out is a matter of taste: 託/托, 采/採,
盡/儘, 欲/慾, 杰/傑, 跡/蹟, 讚/贊, 嘆/歎, 夥/伙 and the like."""

SETTLED = """
致緻 獲穫 表錶 志誌 須鬚 裏里 裡里 里裏 征徵 發髮 舍捨 御禦 采採 游遊 系係 覆復 復覆 注註 幾几 姜薑
樸朴 只隻 係繫 系繫 嚐嘗 繫係 後后 薑姜
"""
"""Rows that are the table's alone: most words of the lexicon cross with others there or are a matter of taste."""

DROPPED = {
    "夸誇": "夸耀 夸大 自夸 浮夸",
    "隻只": "數千隻",
    "製制": "轉製 新製 編製 製訂 改製 形製 創製 政製 自製 舊製 炒製 官製 兵製 禮製 製錢 進製",
    "麵面": "人麵 麵料 一麵 下麵 上麵 麵上 麵板",
    "係系": "晶係 支係 歷史係 物理係 學係 參考係 法律係 經濟係",
    "複復": "複變 而複 複位",
    "復複": "復線 復查 復試 復方 復用 復議 復姓 復檢 復覈 復核 復審",
    "曆歷": "曆年 曆數",
    "歷曆": "萬歷 夏歷 歷書 慶歷",
    "誌志": "程誌 誌軍 誌在 有誌 三國誌 遺誌 情誌 通誌",
    "幹干": "幹係 幹將 天幹",
    "幹乾": "幹重 包幹",
    "乾幹": "乾嗎 才乾 精乾 乾步廊 乾掉 單乾 羅乾 乾起 大乾 高乾 公乾 肯乾 苦乾 乾完 乾道",
    "后後": "后秦 后晉 后趙 后宮 后主 后唐 后湖 后河 后山 后周 后魏",
    "髮發": (
        "髮黃 收髮 齊髮 配髮 髮到 髮癢 多髮 扣髮 後髮 髮紅 髮黑 髮白 髮毛 髮散 單髮 連髮 髮帖 打髮 髮信 進髮 髮給 "
        "增髮 下髮 首髮 髮自 髮難 髮光 大髮 髮審委 髮來 髮落 髮麻 分髮 告髮"
    ),
    "松鬆": "松開 松手 松動",
    "鬆松": "鬆滋 鬆山 鬆下",
    "余餘": "有余 余年 余米 余部 余實 余魚 余姚 余滄海 余者 月余 余架 余首 課余",
    "穀谷": "穀主 穀口",
    "谷穀": "谷城",
    "斗鬥": "斗智 惡斗 斗牛 好斗",
    "鬥斗": "一鬥 五鬥",
    "准準": "不准 沒准 准頭 顧准 認准",
    "準准": "覈準 準將",
    "鍾鐘": "鍾鼓",
    "鐘鍾": "中華和鐘 甬鐘",
    "范範": "范幫主 老范",
    "彙匯": "文彙 彙聚 彙成 彙文 彙市 彙演 購彙 雙彙 彙流 融彙",
    "匯彙": "匯集 匯編 匯總",
    "傢家": "餘傢 江傢岔 秦傢洲 陳傢鋪",
    "緻致": "風緻 情緻",
    "遊游": "遊牧 陸遊 遊離 遊擊 迴遊 浮遊 洄遊",
    "錶表": "華錶 儀錶 錶皮 上錶 錶裏 錶裡 錶字 製錶",
    "衝沖": "衝虛 衝天 令狐衝笑 令狐衝心 衝掉 衝走 衝壓 對衝",
    "鼕冬": "鼕春",
    "于於": (
        "甘于 同于 疏于 慣于 勤于 溢于言表 毀于一旦 礙于 生于 出于 過于 見于 置于 建于 多于 鑑于 少于 溶于 利于 "
        "歸于 居于 優于 忠于 難于 長于 精于 免于 先于 立于 定于 藉助于 近于 次于 宜于 聞名于世 強于 死于非命 重于 "
        "耿耿于懷 負于 安于 受制于 緣于 不絕于耳"
    ),
    "捲卷": "一捲 第二捲 上捲 捲子 三捲 下捲 第九捲 第五捲 兩捲 經捲 捲軸 四捲 十捲 第八捲",
    "颱臺": "萬颱 墩颱 後颱 颱後 颱前",
    "檯臺": (
        "檯上 檯下 上檯 一檯 金檯 琴檯 煙檯 檯地 站檯 檯基 後檯 檯前 竈檯 灶檯 萬檯 檯站 墩檯 高檯 陽檯 檯大 前檯 "
        "戲檯 講檯 看檯 下檯 垮檯 兩檯 升降檯 地檯 展檯 跳檯 靈檯 樓檯 窗檯 檯式 天檯 檯山 倒檯 檯子 領獎檯 五檯 "
        "檯後 敵檯 三檯 多檯 井檯 檯長 月檯 燭檯"
    ),
    "嚮向": "嚮斜 所嚮",
    "迴回": (
        "一迴 來迴 往迴 迴過 迴身 迴合 迴鶻 迴首 迴聲 折迴 重迴 迴心轉意 轉迴 迴味 迴紇 迴見 迴調 遷迴 下迴 迴手 "
        "迴眸 迴落 迴覆"
    ),
    "糰團": "一糰 成糰 基糰 分糰 糰裏 糰裡 糰風縣",
    "麴曲": "一麴 麴子 麴面 麴牌 詞麴 小麴 散麴 捲麴 舟麴 麴率 是非麴直",
    "繫系": "山繫 座標繫 父繫 母繫 晶繫 支繫 歷史繫 世繫 物理繫 院繫 學繫 參考繫 法律繫 經濟繫",
    "閤合": "閤議 開閤 摺閤 六閤 閉閤 閤攏 閤興 閤營 閤子 閤約 閤十 閤掌",
    "噹當": "噹頭 家噹 只噹",
    "噁惡": "好噁 噁氣",
    "註注": "投註 賭註 校註 下註 水經註",
    "干幹": "干步廊 大干 公干 肯干 羅干 單干 干起 高干 干完 干不了",
    "纔才": "纔能 適纔 育纔 奇纔 張佑纔 鴻纔 將纔 纔識 文纔 纔學 三纔",
    "制製": "制作 調制 制備 精制 定制 制取 特制 試制 御制 攝制 制法 制圖 制出 制表 制成 配制 縫制",
    "罈壇": "地罈 羽罈 畫罈",
    "沖衝": "沖出 沖着 沖著 沖開 沖散 沖殺 要沖 沖入 沖向 猛沖 沖口而出 沖程",
    "剋克": "歐陽剋 力剋 剋敵制勝 剋己復禮 微剋 鄭剋 洛剋",
    "划劃": "划一 划出 比划 划入 划破 划過 划轉 筆划 划撥",
    "矇蒙": "矇哥 矇面",
    "濛蒙": "濛哥 濛面 濛受 濛語",
    "禦御": "禦道",
    "捨舍": "捨下",
    "癥症": "血癥 病癥 對癥 癥候",
    "乾干": "乾支 乾將 天乾 乾係",
    "干乾": "干重 干貝 干熱 包干 干麪 干麵",
    "辟闢": "開天辟地",
    "郁鬱": "沉郁 郁積 郁結",
    "摺折": "摺回 打摺 一摺",
    "採采": "文採",
    "癒愈": "傷癒 未癒 癒益",
    "嶽岳": "嶽家",
    "倖幸": "不倖 倖好 倖而 慶倖 倖得 所倖 寵倖 倖喜 天倖 倖甚",
    "唸念": "轉唸 心唸 想唸 唸道 唸珠 唸佛 唸及 留唸 顧唸 意唸 感唸",
    "瀰彌": "瀰散",
    "云雲": "云盤 湘云 云頭 云中 云板 密云 云山 云遊 煙云 流云 云嶺",
    "雲云": "詩雲",
    "丑醜": "出丑",
    "醜丑": "文醜",
    "睏困": "圍睏 特睏 解睏 脫睏 脱睏 睏頓",
    "縴纖": "縴毛",
    "蓆席": "一蓆 蓆子 蓆面 蓆地而坐 蓆間 筵蓆",
    "涂塗": "灘涂",
    "叶葉": "中叶 一叶 小叶 複叶 九叶 半叶 初叶 叶縣 草叶 叶家 叶腋 千叶 嫩叶",
    "併並": "併行 併列 併用 併存 併稱 併舉 併排 相提併論 併重 併進 併作 併聯 併肩",
    "託托": "託盤 襯託 託起",
    "儘盡": "不儘 儘力 儘數 儘頭 自儘 儘情 殆儘 儘心 耗儘 儘忠 受儘 想儘 儘職 儘興",
    "朮術": "武朮 朮後 儒朮",
    "瞭了": "不瞭 未瞭 瞭得 瞭事 不得瞭 瞭不得",
    "藉借": "藉鑑 藉用 假藉 藉力 藉來 藉勢 藉入",
    "劃划": "劃算 劃着 劃著 劃水",
    "複覆": "反複 答複 回複 批複 複命",
}
"""Words of the lexicon that were looked at and left out: right somewhere, a matter of taste, or crossing too many."""

NOT_RIGHT = "大曆"
"""Rare words that hide more errors than they prevent."""


class Word(NamedTuple):
    """A simplified word, its forms in the three standards, and how frequent it is."""

    plain: str
    forms: tuple[str, ...]
    frequency: int


def converters() -> list[opencc.OpenCC]:
    """To the traditional characters of OpenCC, of Taiwan and of Hong Kong."""
    return [opencc.OpenCC(name) for name in ("s2t", "s2tw", "s2hk")]


def lexicon() -> Iterator[Word]:
    """The words of jieba's lexicon that keep their length in all standards."""
    standards = converters()
    for line in (Path(jieba.__file__).parent / "dict.txt").read_text("utf-8").splitlines():
        plain, frequency, part = line.split(" ")
        if not part.startswith("nr") and 2 <= len(plain) <= 4 and int(frequency) >= MIN_RIGHT_FREQUENCY:
            forms = tuple(standard.convert(plain) for standard in standards)
            if all(len(form) == len(plain) for form in forms):
                yield Word(plain, forms, int(frequency))


def same(one: str, other: str) -> bool:
    """Whether two characters are one for some standard."""
    return one == other or any(one in group and other in group for group in VARIANTS)


class Row(NamedTuple):
    """A row of the table."""

    wrong: str
    right: str
    words: list[str]
    unless: list[str]


def shortest(words: Iterable[str]) -> list[str]:
    """Those that hold no other, in their order."""
    listed = list(dict.fromkeys(words))
    kept = set(listed)
    return [word for word in listed if not any(part in kept for part in parts(word))]


def parts(word: str) -> Iterator[str]:
    """What a word holds of at least two characters, without itself."""
    for start in range(len(word)):
        for stop in range(start + 2, len(word) + 1):
            if stop - start < len(word):
                yield word[start:stop]


def wrong_words(wrong: str, right: str, words: list[Word]) -> Counter[str]:
    """The words in which ``wrong`` stands for ``right``, by their frequency."""
    found: Counter[str] = Counter()
    for word in words:
        if word.frequency < MIN_FREQUENCY:
            continue
        for at in range(len(word.plain)):
            written = [form[at] for form in word.forms]
            if wrong not in written and all(same(one, right) for one in written) and word.forms[0].count(right) <= 1:
                for form in word.forms:
                    found[form[:at] + wrong + form[at + 1 :]] = word.frequency
    return found


def right_words(wrong: str, words: list[Word]) -> list[str]:
    """The words in which every standard writes ``wrong``."""
    found = {
        form: word.frequency
        for word in words
        if all(wrong in form for form in word.forms)
        for form in word.forms
        if form.count(wrong) == 1
    }
    return sorted(found, key=lambda form: -found[form])


def crosses(guard: str, word: str, wrong: str) -> bool:
    """Whether a word in which a character is right and one in which it is wrong can share it."""
    shift = guard.index(wrong) - word.index(wrong)
    start, stop = max(0, -shift), min(len(word), len(guard) - shift)
    contained = start == 0 and stop == len(word)
    return not contained and guard[start + shift : stop + shift] == word[start:stop]


def extended(row: Row, words: list[Word]) -> Row:
    """A row with its old words first and the new ones by frequency."""
    wrong, right = row.wrong, row.right
    guards = right_words(wrong, words)
    dropped = set(DROPPED.get(wrong + right, "").split())
    counted: Counter[str] = Counter() if wrong + right in SETTLED.split() else wrong_words(wrong, right, words)
    new = [
        word
        for word, _ in counted.most_common()
        if word.count(wrong) == 1
        and not any(word in guard or guard in word for guard in guards)
        and not any(part in dropped for part in (word, *parts(word)))
    ]
    all_words = [*row.words, *(word for word in shortest([*row.words, *new])[:MOST_WORDS] if word not in row.words)]
    useful = [guard for guard in guards if any(crosses(guard, word, wrong) for word in all_words)]
    useful = [guard for guard in useful if guard not in NOT_RIGHT.split()]
    return Row(wrong, right, all_words, shortest([*row.unless, *shortest(useful)[:MOST_RIGHT]]))


def written(rows: Iterable[Row]) -> str:
    """The rows as the table holds them."""
    blocks = []
    for row in rows:
        lines = ["[[script]]", f'wrong = "{row.wrong}"', f'right = "{row.right}"', f'words = "{" ".join(row.words)}"']
        if row.unless:
            lines.append(f'unless = "{" ".join(row.unless)}"')
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def extend_table() -> None:
    """Writes the table's [[script]] rows anew."""
    text = TABLE.read_text("utf-8")
    rows = {
        row["wrong"] + row["right"]: Row(
            row["wrong"], row["right"], row["words"].split(), row.get("unless", "").split()
        )
        for row in tomllib.loads(text)["script"]
    }
    for pair in PAIRS.split():
        rows.setdefault(pair, Row(pair[0], pair[1], [], []))
    words = list(lexicon())
    done = [row for row in (extended(row, words) for row in rows.values()) if row.words]
    TABLE.write_text(text[: text.index("[[script]]")] + written(done), encoding="utf-8")
    print(f"{TABLE}: {sum(len(row.words) for row in done)} words, {sum(len(row.unless) for row in done)} unless")


def print_errors_of_correct(files: Iterable[Path]) -> None:
    """Prints the words that the table finds in correct conversions, how often, and one of their places."""
    counts: Counter[str] = Counter()
    places: dict[str, str] = {}
    for file in files:
        for standard in converters():
            text = standard.convert(file.read_text("utf-8"))
            for hit in script_errors_of(text):
                word = str(hit.evidence["word"])
                counts[word] += 1
                places.setdefault(word, " ".join(text[max(0, hit.start - 8) : hit.end + 8].split()))
    for word, count in counts.most_common():
        print(count, word, places[word], sep="\t")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--correct", nargs="+", type=Path, metavar="FILE")
    correct = parser.parse_args().correct
    if correct:
        print_errors_of_correct(correct)
    else:
        extend_table()


if __name__ == "__main__":
    main()

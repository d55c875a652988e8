"""Writes detector/data/characters.tsv: what each code point folds to and which class of character it is.

Run by hand when Unicode or the conversion tables move:
``pip install -e .[tables] && python scripts/make_characters.py``.
Sources: Python's unicodedata (NFKC, case, categories, names) and OpenCC's character tables (t2s, then tw2s and hk2s for
variants that t2s leaves alone), each taken one character at a time, to a fixed point.
"""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

import opencc

N_CODE_POINTS = 0x110000
TARGET = Path(__file__).parents[1] / "detector" / "data" / "characters.tsv"

SEPARATOR, SINGLE, LETTER, DIGIT, EXTENDER, LINE_BREAK = range(6)

LINE_BREAKS = "\n\r\N{LINE TABULATION}\N{FORM FEED}\N{NEXT LINE}\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}"

UNSPACED_SCRIPTS = (
    "CJK UNIFIED IDEOGRAPH",
    "CJK COMPATIBILITY IDEOGRAPH",
    "CJK RADICAL",
    "KANGXI RADICAL",
    "IDEOGRAPHIC ITERATION MARK",
    "IDEOGRAPHIC NUMBER ZERO",
    "IDEOGRAPHIC CLOSING MARK",
    "HIRAGANA",
    "KATAKANA",
    "HANGUL",
    "BOPOMOFO",
    "THAI",
    "LAO",
    "KHMER",
    "MYANMAR",
    "YI SYLLABLE",
    "VERTICAL IDEOGRAPHIC ITERATION MARK",
)

# Variants that the tables leave as they are, because they also are words of their own or are rare.
OVERRIDES = dict(
    zip(
        "著瞭藉妳祇牠甦隣荳紥囘竝乹勦硏戸衹痺粧",
        "着了借你只它苏邻豆扎回并干剿研户只痹妆",
        strict=True,
    )
)


def one(text: str, otherwise: str) -> str:
    """``text`` if it is a single code point, else ``otherwise``: a table maps one to one."""
    return text if len(text) == 1 else otherwise


def simplified(char: str, converters: list[opencc.OpenCC]) -> str:
    """The first single character that a table makes of ``char``, or ``char`` itself."""
    if char in OVERRIDES:
        return OVERRIDES[char]
    for converter in converters:
        converted = one(converter.convert(char), char)
        if converted != char:
            return converted
    return char


def plain(char: str, converters: list[opencc.OpenCC]) -> str:
    """``char`` in its plainest form that is one code point: compatibility, case, simplified, to a fixed point."""
    if char in LINE_BREAKS:
        return char
    for _ in range(10):
        before = char
        char = one(unicodedata.normalize("NFKC", char), char)
        char = one(char.lower(), char)
        if unicodedata.category(char) == "Nd":
            char = str(unicodedata.digit(char))
        if unicodedata.category(char).startswith("Zs") or char == "\t":
            char = " "
        char = simplified(char, converters)
        if char == before:
            return char
    raise AssertionError(f"no fixed point for U+{ord(char):04X}")


def character_class(char: str) -> int:
    """The class of a character that is already plain."""
    if char in LINE_BREAKS:
        return LINE_BREAK
    category = unicodedata.category(char)
    name = unicodedata.name(char, "")
    if "VARIATION SELECTOR" in name or name == "COMBINING GRAPHEME JOINER":
        return SEPARATOR
    if category[0] == "M":
        return EXTENDER
    if "IDEOGRAPH" in name and category == "No":
        return SINGLE  # ㈠ and ㊀ count items, they are no digits of the number before them
    if category in ("Nd", "No"):
        return DIGIT
    if category[0] == "L" or category == "Nl":
        return SINGLE if name.startswith(UNSPACED_SCRIPTS) else LETTER
    return SEPARATOR


def main() -> None:
    converters = [opencc.OpenCC(name) for name in ("t2s", "tw2s", "hk2s")]
    lines = [
        "# written by scripts/make_characters.py; do not edit",
        f"# unicode {unicodedata.unidata_version}; opencc {opencc.__version__}; python {sys.version_info[0]}",
        "# 'c' first last class (runs that are no separator) | 'p' from to (plain form where it differs)",
    ]
    plains = [
        chr(point) if 0xD800 <= point < 0xE000 else plain(chr(point), converters) for point in range(N_CODE_POINTS)
    ]
    classes = [
        SEPARATOR if 0xD800 <= point < 0xE000 else character_class(plains[point]) for point in range(N_CODE_POINTS)
    ]
    start = 0
    for point in range(1, N_CODE_POINTS + 1):
        if point == N_CODE_POINTS or classes[point] != classes[start]:
            if classes[start] != SEPARATOR:
                lines.append(f"c\t{start:x}\t{point - 1:x}\t{classes[start]}")
            start = point
    lines.extend(f"p\t{point:x}\t{ord(to):x}" for point, to in enumerate(plains) if ord(to) != point)
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{TARGET}: {len(lines) - 3} rows")


if __name__ == "__main__":
    main()

"""What characters tell of the value that they are part of: one table, where lists would be searched for each."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from detector.kernels import filling
from detector.text.folding import N_CODE_POINTS, character_table, is_blank

PLACE_ENDS = "省市县区镇乡村州旗盟社局厅委部院校司行会所站办厂"
PLACE_WORD_ENDS = "道团司心府"
"""What `detector.kernels.filling` has words for."""
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金"
    "韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常"
)
DATE_FIRST, DATE_UNITS, DATE_REST = "0123456789x×*○〇一二三四五六七八九十", "年月./-", "0123456789x×*年月日号./ -"
MORE, TIMES, COUNTRIES = "多余", "万亿千百", "美欧日"
MEASURES = "个人户名位亩吨斤米辆套台座栋株棵头只件次例处册盏"
"""Measure words that no year stands before: not those of 2020级, 2021届, 2019版, 2020项目 or 2021家长会."""

LAST_DIGIT = 1 << 17
"""No digit is beyond this code point, up to Unicode 16; asking for all of them takes ten times as long."""


def _points(text: str) -> NDArray[np.uint32]:
    return np.array([ord(char) for char in text], dtype=np.uint32)


def _first(words: tuple[NDArray[np.uint32], ...]) -> NDArray[np.uint32]:
    return np.array([word[0] for word in words])


_COUNTED = (
    *filling.PERCENT_WORDS, *filling.CURRENCIES, _points(MORE + TIMES + COUNTRIES + MEASURES), np.array([filling.YUAN])
)  # fmt: skip
COUNTING = np.unique(np.concatenate(_COUNTED))
"""Characters, in their plain form and blanks apart, that may say what a number before them counts (uint32)."""

_BITS = (
    (filling.IS_HAN, np.arange(0x4E00, 0xA000, dtype=np.uint32)),
    (filling.PLACE_END, _points(PLACE_ENDS)),
    (filling.PLACE_WORD_END, _points(PLACE_WORD_ENDS)),
    (filling.SURNAME, _points(SURNAMES)),
    (filling.DATE_FIRST, _points(DATE_FIRST)),
    (filling.DATE_UNIT, _points(DATE_UNITS)),
    (filling.DATE_REST, _points(DATE_REST)),
    (filling.PERCENT_FIRST, _first(filling.PERCENT_WORDS)),
    (filling.CURRENCY_FIRST, _first(filling.CURRENCIES)),
    (filling.MORE, _points(MORE)),
    (filling.TIMES, _points(TIMES)),
    (filling.COUNTRY, _points(COUNTRIES)),
    (filling.MEASURE, _points(MEASURES)),
)
"""By bits the plain characters that have them; each once, for they are set all at a time."""


@cache
def fill_classes() -> NDArray[np.uint16]:
    """The bits of `detector.kernels.filling` that the plain form of each character has (uint16, by code point)."""
    of_plain = np.zeros(N_CODE_POINTS, np.uint16)
    of_plain[is_blank()] = filling.IS_BLANK
    digits = np.char.isdigit(np.arange(LAST_DIGIT, dtype=np.uint32).view("U1"))
    of_plain[:LAST_DIGIT][digits] |= np.uint16(filling.IS_DIGIT)
    for bit, points in _BITS:
        of_plain[points] |= np.uint16(bit)
    classes = of_plain[character_table().plain]
    classes.flags.writeable = False
    return classes


@cache
def counting() -> NDArray[np.bool_]:
    """Whether a character in its plain form may say what a number before it counts (bool, indexed by code point)."""
    counts = is_blank().copy()
    counts[COUNTING] = True
    counts.flags.writeable = False
    return counts

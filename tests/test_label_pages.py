"""Labels of saved pages: their lines, the order of the text, what is not scored, and files that are refused."""

from __future__ import annotations

import json
import sys
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import InputError
from detector.evaluation.gold import load_gold

sys.path.append(str(Path(__file__).parents[1] / "scripts"))
import label_pages
from label_pages import label_lines, page_lines

PAGE = """<!doctype html><html><head><title>Rain - The Daily Drop</title><style>p { color: red }</style>
<body><ul><li><a href="/">Home</a><li>Weather<li>Sport</ul><h1>Rain in the north</h1><p>By A. Writer
<p>It rained all night in the north, and the&nbsp;rivers rose.<script>track("It rained")</script></p>
<div>Advertisement</div><h2>Weather</h2><p>“Nobody slept,” said a farmer.<br>Schools stay closed.</p>
<form>Mail <input><button>Subscribe</button><select><option>Daily</select></form><footer>&copy; The Daily Drop
"""
TEXT = [
    "It rained all night in the north, and the rivers rose.",
    "Weather",
    '"Nobody slept", said a farmer. Schools stay closed.',
]
LINES = {
    "Home": "j",
    "Weather": "a",
    "Sport": "j",
    "Rain in the north": "a",
    "By A. Writer": "j",
    "It rained all night in the north, and the rivers rose.": "c",
    "Advertisement": "j",
    "Weather ": "c",
    "“Nobody slept,” said a farmer.": "c",
    "Schools stay closed.": "c",
    "Mail": "j",
    "Subscribe": "j",
    "© The Daily Drop": "j",
}


def test_a_page_is_labelled_line_by_line() -> None:
    """The heading that also stands in the menu is content where its neighbours are, and not scored in the menu."""
    lines = page_lines(PAGE)
    assert lines == [line.strip() for line in LINES]
    page = label_lines(lines, TEXT)
    assert page.labels == "".join(LINES.values())
    assert page.coverage == 1.0


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        ("a<b>b</b>c", ["abc"]),
        ("a<div>b</div>c<hr/>d", ["a", "b", "c", "d"]),
        ("<td>1<td>2", ["1", "2"]),
        ("<svg><svg>x</svg>y</svg>z", ["z"]),
        ("<head><title>t</title><p>no body tag", ["no body tag"]),
        ("<noscript><p>on</noscript>off", ["off"]),
        ("a &amp; b &#x4e2d;&nbsp;\u3000 c", ["a & b 中 c"]),
        ("a<!-- <p>b -->c", ["ac"]),
        ("</p></div>a</script>", ["a"]),
        ("", []),
    ],
)
def test_lines_of_html(html: str, lines: list[str]) -> None:
    """Blocks begin and end lines, closed or not; what no reader sees is left out."""
    assert page_lines(html) == lines


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("The rivers rose over night, and nobody in the valley slept until the morning.", "c"),
        ("The rivers rose over night, and nobody in the valley slept until the mornings (UPI).", "c"),
        ("The rivers rose over night, and nobody in the valley, said a farmer, had seen it coming.", "a"),
        ("Two ministers left the government on Monday after a long night of talks in the capital.", "j"),
        ("一夜大雨，河水上涨，山谷里的人彻夜未眠。", "j"),
    ],
)
def test_half_of_a_line_is_not_scored(line: str, label: str) -> None:
    """A line that says more or less than its place in the text."""
    text = ["It rained.", "The rivers rose over night, and nobody in the valley slept until the morning.", "Then not."]
    page = label_lines(["It rained.", line, "Then not."], text)
    assert page.labels == f"c{label}c"
    assert (page.coverage > 0.9) == (label == "c")


def test_a_repeat_elsewhere_is_not_scored() -> None:
    """A sentence of the text that a box of the page says once more, and a line without letters."""
    lines = ["It rained all night in the north.", "* * *", "The rivers rose.", "It rained all night in the north."]
    assert label_lines(lines, [lines[0], lines[2]]).labels == "caca"


def test_nothing_expected_and_nothing_found() -> None:
    """Without an expected text all is junk and nothing is covered, and the other way round."""
    assert label_lines(["Home", "News"], []) == (("Home", "News"), "jj", 0.0)
    assert label_lines([], ["It rained."]) == ((), "", 0.0)


WORDS = st.lists(st.sampled_from(["rain", "rains", "sun", "snow", "in", "雨", "大雨"]), max_size=6)


@given(WORDS, WORDS)
def test_the_best_chain_holds_most_of_the_text(lines: list[str], blocks: list[str]) -> None:
    """Against all ways to choose lines: no choice in the order of the text holds more of it."""
    text, bounds = "".join(blocks), [0]
    for block in blocks:
        bounds.append(bounds[-1] + len(block))
    chain = label_pages._best_chain(lines, text, bounds)
    assert all(one.line < other.line and one.end <= other.start for one, other in pairwise(chain))
    assert all(text[match.start : match.end] == lines[match.line] for match in chain)
    edges = set(bounds)
    places = [
        [at for at in range(len(text)) if text.startswith(line, at) and {at, at + len(line)} & edges] for line in lines
    ]
    most = 0
    for count in range(1, len(lines) + 1):
        for chosen in combinations(range(len(lines)), count):
            end, size = 0, 0
            for number in chosen:
                at = next((at for at in places[number] if at >= end), None)
                if at is None:
                    break
                end, size = at + len(lines[number]), size + len(lines[number])
            else:
                most = max(most, size)
    assert sum(match.end - match.start for match in chain) == most


@given(st.text(alphabet="<>/ap!-=\"'& \n雨\0\ud800", max_size=60))
def test_any_html_gives_lines(html: str) -> None:
    """No crash, no empty line, no line feed inside a line."""
    lines = page_lines(html)
    assert all(line and line == " ".join(line.split()) for line in lines)
    label_lines(lines, [html])


def write(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), "utf-8")
    return path


def test_files_for_the_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two pages, one with its text as HTML: what is written is what the fit and ``detector evaluate`` read."""
    pairs = write(
        tmp_path / "pairs.jsonl",
        {"id": "drop/1", "url": "https://drop.example/1", "html": PAGE, "expected": "\n".join(TEXT)},
        {"id": "drop/2", "html": PAGE, "expected_html": "<p>Nobody <b>slept</b>, said a farmer.<p>Nobody read this."},
        "",
    )
    assert label_pages.main([str(pairs), str(tmp_path / "out")]) == 0
    docs = [json.loads(line) for line in (tmp_path / "out" / "docs.jsonl").read_text("utf-8").splitlines()]
    gold = load_gold(tmp_path / "out" / "gold_lines.jsonl")
    assert [(row["id"], row.get("url")) for row in docs] == [("drop/1", "https://drop.example/1"), ("drop/2", None)]
    assert [item.id for item in gold] == ["drop/1", "drop/2"]
    assert gold[0].lines == "".join(LINES.values())
    assert gold[1].lines == "jjjjjjjjcjjjj"
    assert gold[0].coverage == 1.0
    assert gold[1].coverage is not None and gold[1].coverage < 0.9
    assert len(docs[0]["text"].split("\n")) == len(gold[0].lines or "")
    assert "drop/1: 13 lines, 4 content, 1.000 of the expected text" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["{"], "pairs.jsonl:1: not JSON"),
        ([[]], 'pairs.jsonl:1: a pair needs "id"'),
        ([{"id": "a", "html": "<p>"}], 'pairs.jsonl:1: a pair needs "id"'),
        ([{"id": "a", "html": "", "expected": ""}] * 2, "pairs.jsonl:2: the id 'a' comes twice"),
    ],
)
def test_rows_that_are_no_pairs(
    rows: list[object], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line, what is wrong, and nothing written."""
    pairs = write(tmp_path / "pairs.jsonl", *rows)
    with pytest.raises(InputError, match=told.partition(":")[0]):
        list(label_pages.read_pairs(pairs))
    assert label_pages.main([str(pairs), str(tmp_path / "out")]) == 1
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

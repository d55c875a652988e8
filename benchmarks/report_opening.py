"""How long report.html of a large corpus takes to open: a made corpus is scanned, its page opened in Chromium.

    python benchmarks/report_opening.py [--documents 50000] [--runs 3] [--most SECONDS] [--keep FOLDER]

Prints the size of the page and, as the median of the runs, when the browser first painted, when the page was ready
(its data read, its script done) and how long its list of documents then took to appear and to be sorted. Exits with 1
where the page took longer than ``--most`` seconds to be ready. The browser is the system's own, driven by Playwright.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

N_WORDS = 5_000
"""Words that documents are drawn of, two characters each: many, so that documents have little in common by chance."""

SHARED = (
    "全年完成固定资产投资{}万元，新建村级公路{}公里，改造危房{}户。",
    "在县委、县政府的坚强领导下，圆满完成了年初确定的各项目标任务。",
    "兑付耕地地力保护补贴{}万元，惠及农户{}户，发放率达到{}%。",
)
"""Passages that documents have in common, each with figures of its own; every twentieth document leaves them blank."""

OPENED = """async () => {
  const marked = (name) => performance.getEntriesByName(name)[0];
  while (!marked("first-contentful-paint") || !marked("report-ready")) {
    if (performance.now() > 60_000) throw new Error("a minute after it was asked for the page is not ready");
    await new Promise((done) => setTimeout(done, 10));
  }
  return ["first-contentful-paint", "report-ready"].map((name) => marked(name).startTime);
}"""

TIMED = """async ([address, button]) => {
  const began = performance.now();
  if (address) location.hash = address;
  else [...document.querySelectorAll("th button")].find((one) => one.textContent === button).click();
  while (!document.querySelector("td.main a")) await new Promise(requestAnimationFrame);
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  return performance.now() - began;
}"""


def made(n_documents: int) -> Iterator[dict[str, Any]]:
    """Short documents of drawn words with shared passages in between; the same number gives the same texts."""
    draw = random.Random(50)
    words = ["".join(map(chr, draw.choices(range(0x4E00, 0x5E00), k=2))) for _ in range(N_WORDS)]
    for number in range(n_documents):
        lines = ["".join(draw.choices(words, k=12)) + "。" for _ in range(5)]
        for line in draw.sample(SHARED, draw.randrange(3)):
            blanks = ("X",) * 3 if number % 20 == 0 else tuple(draw.randrange(10, 9000) for _ in range(3))
            lines.insert(draw.randrange(len(lines)), line.format(*blanks))
        yield {"id": f"county/{number // 500:03}/{number:06}", "text": "\n".join(lines), "series": f"s{number // 500}"}


def write_page(n_documents: int, folder: Path) -> Path:
    """Scan a made corpus and write its results to a folder; the page is among them."""
    from detector import scan

    corpus = folder / "corpus.jsonl"
    with corpus.open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in made(n_documents))
    scan([str(corpus)]).write(folder / "scan")
    return folder / "scan" / "report.html"


def timings(page: Path, runs: int) -> dict[str, float]:
    """The medians of some openings, each in a browser window of its own, in seconds."""
    from playwright.sync_api import sync_playwright

    program = next((path for name in ("chromium", "google-chrome") if (path := shutil.which(name))), None)
    if program is None:
        raise SystemExit("no chromium on this machine: install it (Debian: apt-get install chromium)")
    rows: list[tuple[float, ...]] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for _ in range(runs):
            window = browser.new_page()
            window.goto(page.as_uri(), wait_until="commit")
            paint, ready = window.evaluate(OPENED)
            listed = window.evaluate(TIMED, ["#documents", None])
            rows.append((paint, ready, listed, window.evaluate(TIMED, [None, "Blanks"])))
            window.close()
        browser.close()
    names = ("first paint", "ready", "list of documents", "sorted by blanks")
    return {name: median(column) / 1000 for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--most", type=float, default=3.0, metavar="SECONDS")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write corpus and scan here and leave them")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = options.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        page = write_page(options.documents, folder)
        found = timings(page, options.runs)
        print(f"{options.documents:,} documents, page of {page.stat().st_size / 1e6:.1f} MB")
        for moment, seconds in found.items():
            print(f"{moment:<18}  {seconds:6.2f} s")
    return int(found["ready"] > options.most)


if __name__ == "__main__":
    sys.exit(main())

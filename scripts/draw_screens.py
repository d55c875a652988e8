"""Writes docs/report/*.png: every view of the report of seeds/, and the charts of its scan, as docs show them.

Run it from anywhere, with Playwright and Chromium installed: ``python scripts/draw_screens.py``. The pictures have the
fonts and the browser of the machine that draws them, so no test compares their bytes; ``tests/test_report_docs.py``
holds that each stands on the page that shows them.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from detector.pipeline import scan
from detector.report.charts import charts
from detector.report.html import render_html
from detector.settings import Settings
from detector.tables.rendering import plain_text

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "report"
WIDTH, HEIGHT = 1200, 900


class Screen(NamedTuple):
    """One picture: its name, the address of the view, the colours, its height, and a place to press first."""

    name: str
    address: str
    scheme: str = "light"
    height: int = HEIGHT
    width: int = WIDTH
    press: str | None = None


SCREENS = (
    Screen("overview", "overview", height=1320),
    Screen("documents", "documents", height=760),
    Screen("document", "document/013_bailu-county-report", press=".text [data-finding].shared"),
    Screen("cluster", "cluster/block-2", height=800),
    Screen("paragraphs", "clusters/block", "dark", 860),
    Screen("passages", "clusters/passage?sort=blank", height=700),
    Screen("phrases", "phrase/phrase-3", height=700),
    Screen("map", "map/0-1", height=560),
    Screen("rules", "rules", "dark", 760),
    Screen("families", "families", height=560),
    Screen("family", "family/document-1", "dark", 900),
    Screen("input", "input", height=700),
    Screen("narrow", "document/010_yunxi-town-2021@362", height=760, width=390),
)


def draw(browser: Any, page: Path, screen: Screen) -> None:
    """Open one view and keep its picture."""
    size = {"width": screen.width, "height": screen.height}
    window = browser.new_page(viewport=size, color_scheme=screen.scheme)
    window.goto(f"{page.as_uri()}#{screen.address}")
    if screen.press is not None:
        window.locator(screen.press).first.click()
        window.mouse.move(0, 0)
    window.screenshot(path=str(TARGET / f"{screen.name}.png"), animations="disabled")
    window.close()


def main() -> None:
    from playwright.sync_api import sync_playwright

    program = next((path for name in ("chromium", "google-chrome") if (path := shutil.which(name))), None)
    if program is None:
        sys.exit("no chromium on this machine: install it (Debian: apt-get install chromium)")
    found = scan(ROOT / "seeds", Settings())
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, svg in charts(found).items():
        if name != "parts-by-source":  # every seed is a file of its own
            (TARGET / f"{name}.svg").write_text(svg, "utf-8", newline="\n")
    with TemporaryDirectory() as folder, sync_playwright() as driver:
        page = Path(folder) / "report.html"
        page.write_bytes(plain_text(render_html(found)).encode())
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for screen in SCREENS:
            draw(browser, page, screen)
        browser.close()
    print(f"wrote {TARGET.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

"""The page about the report shows every picture there is, and names every view that there is."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "report.md").read_text("utf-8")


def test_every_screen_is_drawn_and_shown() -> None:
    spec = importlib.util.spec_from_file_location("draw_screens", ROOT / "scripts" / "draw_screens.py")
    assert spec is not None
    assert spec.loader is not None
    drawing = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(drawing)
    names = {f"{screen.name}.png" for screen in drawing.SCREENS} | {"originality.svg", "parts-by-document.svg"}
    shown = re.findall(r"\(report/([^)]+)\)", PAGE)
    assert set(shown) == names == {path.name for path in (ROOT / "docs" / "report").iterdir()}
    for name in names:
        if name.endswith(".png"):
            assert (ROOT / "docs" / "report" / name).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_every_view_of_the_script_has_its_address_on_the_page() -> None:
    routes = (ROOT / "detector" / "report" / "templates" / "routes.js").read_text("utf-8")
    begin = routes.index("const VIEWS")
    views = re.findall(r"^  (\w+): ", routes[begin : routes.index("\n};", begin)], re.MULTILINE)
    assert len(set(views)) >= 10
    for view in {*views, "overview", "input"} - {"row"}:
        assert re.search(rf"`#{view}[`/?]", PAGE), view

"""What MkDocs does beside its extensions: formulas as drawings, names of code as links, pages from the root.

Formulas stand in pages as $`TeX`$, which code hosts draw with a script. Here Matplotlib draws them when the
site is built, as outlines in the colour of the text: a page needs no script and no font for them.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape, unescape
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser
from matplotlib.textpath import TextPath
from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
FROM_THE_ROOT = {
    "CONTRIBUTING.md": "project/contributing.md",
    "CHANGELOG.md": "project/changelog.md",
    "CODE_OF_CONDUCT.md": "project/conduct.md",
    "SECURITY.md": "project/security.md",
}
"""Pages of the site that lie where a code host looks for them."""
SIZE = 100.0
"""Units of a drawing to one em of text."""
DRAWN = FontProperties(math_fontfamily="stix", size=SIZE)
LETTERS = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}
"""What Matplotlib calls the pieces of an outline, and what SVG does."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie at the root."""
    for name, page in FROM_THE_ROOT.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        for other, moved in FROM_THE_ROOT.items():
            text = text.replace(f"]({other})", f"]({Path(moved).name})")
        text = re.sub(r"\]\(docs/([\w/]+\.md)", r"](../\1", text)
        files.append(File.generated(config, page, content=text))
    return files


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Draw the formulas of a page, and link names of documented code to their documentation."""
    html = re.sub(r"\$<code>(.*?)</code>\$", lambda found: drawing(found[1]), html)
    link = r'<autoref optional identifier="\1"><code>\1</code></autoref>'
    return re.sub(r"<code>((?:agents|model)\.[\w.]+)</code>", link, html)


@cache
def drawing(formula: str) -> str:
    """Return a formula, as it stands in the page, as SVG to be put into a line of text."""
    tex = unescape(formula)
    width, height, depth, *_ = MathTextParser("path").parse(f"${tex}$", dpi=72, prop=DRAWN)
    outline = TextPath((0, 0), f"${tex}$", prop=DRAWN)
    pieces = (
        LETTERS[int(code)] + ("" if LETTERS[int(code)] == "Z" else " ".join(f"{at:.0f}" for at in points))
        for points, code in outline.iter_segments(simplify=False, curves=True)
    )
    box = f"0 {depth - height:.0f} {width:.0f} {height:.0f}"
    place = ";".join(
        f"{name}:{units / SIZE:.2f}em"
        for name, units in (("width", width), ("height", height), ("vertical-align", -depth))
    )
    return (
        f'<svg class="formula" role="img" aria-label="{escape(tex)}" viewBox="{box}" style="{place}">'
        f'<path transform="scale(1,-1)" d="{"".join(pieces)}"/></svg>'
    )

"""Parts of pages that are computed: each stands between markers that name it, and is never typed by hand."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def markers(name: str) -> tuple[str, str]:
    """Return what opens and what closes a computed part of that name."""
    return f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"


def part(text: str, name: str) -> str:
    """Return what a page has between the markers of that name."""
    begin, end = markers(name)
    if begin not in text or end not in text.partition(begin)[2]:
        raise SystemExit(f"expected a line '{begin.strip()}' and below it '{end}'")
    return text.partition(begin)[2].partition(end)[0]


def filled(text: str, parts: Mapping[str, str]) -> str:
    """Return a page with its computed parts renewed."""
    for name, content in parts.items():
        begin, end = markers(name)
        text = text.replace(begin + part(text, name) + end, begin + content + end)
    return text


def without_generated(text: str) -> str:
    """Return what people wrote of a page."""
    return re.sub(r"<!-- ([\w-]+):begin -->.*?<!-- \1:end -->", "", text, flags=re.DOTALL)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table in Markdown."""
    lines = [" | ".join(head), "|".join("---" for _ in head)]
    lines += [" | ".join(_cell(value) for value in row) for row in rows]
    return "\n".join(f"| {line} |" if "---" not in line else f"|{line}|" for line in lines) + "\n"


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def renew(pages: Mapping[str, Mapping[str, str]], script: str) -> int:
    """Write computed parts anew, or with `--check` say which pages are stale; return the exit status."""
    stale = []
    for page, parts in pages.items():
        text = (ROOT / page).read_text(encoding="utf-8")
        new = filled(text, parts)
        if new != text:
            stale.append(page)
            if "--check" not in sys.argv:
                (ROOT / page).write_text(new, encoding="utf-8")
    for page in stale if "--check" in sys.argv else ():
        print(f"{page} is stale; run: python scripts/{script}", file=sys.stderr)
    return int(bool(stale) and "--check" in sys.argv)

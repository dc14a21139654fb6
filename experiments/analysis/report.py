"""The report of a study: one HTML file that holds its figures and needs no network."""

from __future__ import annotations

import base64
import html
from pathlib import Path

import pandas as pd

from experiments.analysis.material import Material
from experiments.analysis.saving import Album, Item
from experiments.store_files import put_text
from model.manifest import PURPOSE

REPORT = "report.html"
ROWS_SHOWN = 60
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#222}
h1{font-size:1.6rem;margin-bottom:.2rem}h2{font-size:1.15rem;margin:2.2rem 0 .3rem}
img{max-width:100%;height:auto;border:1px solid #ddd}p{margin:.3rem 0 .8rem}
table{border-collapse:collapse;font-size:12.5px}td,th{padding:.2rem .55rem;border-bottom:1px solid #e4e4e4;
text-align:right;white-space:nowrap}td.t,th.t{text-align:left}.scroll{overflow:auto;max-height:30rem}
.note{color:#555;font-size:13px}nav a{margin-right:1rem}
"""


def write_report(album: Album) -> Path:
    """Write the report into the album's folder."""
    material = album.material
    parts = [_head(material), _facts(material), _contents(album.items)]
    parts += [_section(album.folder, item) for item in album.items]
    parts.append("</body></html>")
    path = album.folder / REPORT
    put_text(path, "\n".join(parts))
    return path


def _head(material: Material) -> str:
    study = material.plan.study
    title = html.escape(f"Study {study.name}")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head><body><h1>{title}</h1><p>{html.escape(study.description)}</p>"
        f'<p class="note"><strong>{html.escape(PURPOSE)}</strong></p>'
    )


def _facts(material: Material) -> str:
    manifest, study = material.store.manifest, material.plan.study
    git = manifest["git"] or {}
    seeds = "common to all points" if study.common_random_numbers else "of each sample's own"
    facts = {
        "base scenario": manifest["scenario"],
        "design": f"{study.design.kind}, {material.plan.samples} samples of {len(study.uncertainties)} "
        f"uncertainties, {len(material.combinations)} combinations of levers",
        "runs": f"{len(material.runs)} succeeded, {len(material.failed)} failed, of {manifest['runs']}; "
        f"{study.replications} replications, seeds {seeds}",
        "intervals": f"{100 * study.analysis.confidence:g}%, over {material.units}",
        "code": f"Gridrush {manifest['versions']['gridrush']}, {manifest['code_version']}"
        + (f", revision {git['revision'][:12]}{'' if git['clean'] else ' with changes'}" if git else ""),
    }
    rows = "".join(
        f'<tr><th class="t">{html.escape(name)}</th><td class="t">{html.escape(str(text))}</td></tr>'
        for name, text in facts.items()
    )
    return f"<table>{rows}</table>{_failures(material)}"


def _failures(material: Material) -> str:
    if material.failed.empty:
        return ""
    counts = material.failed["error"].value_counts().head(5)
    lines = "".join(f"<li>{count} runs: {html.escape(str(error))}</li>" for error, count in counts.items())
    return f"<h2>Runs that failed</h2><p>They are left out of everything below.</p><ul>{lines}</ul>"


def _contents(items: list[Item]) -> str:
    links = "".join(f'<a href="#{item.name}">{html.escape(item.title)}</a>' for item in items)
    return f"<nav>{links}</nav>"


def _section(folder: Path, item: Item) -> str:
    head = f'<h2 id="{item.name}">{html.escape(item.title)}</h2><p>{html.escape(item.words)}</p>'
    if item.table.empty:
        return head
    files = [f"{item.name}.{kind}" for kind in (("png", "pdf", "csv") if item.figure else ("csv",))]
    links = ", ".join(f'<a href="{name}">{name}</a>' for name in files)
    body = image(folder / f"{item.name}.png", item.title) if item.figure else table_html(item.table)
    return f'{head}{body}<p class="note">{links}</p>'


def image(path: Path, title: str) -> str:
    """Return a picture as HTML that holds it."""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f'<img alt="{html.escape(title)}" src="data:image/png;base64,{data}">'


def table_html(table: pd.DataFrame) -> str:
    """Return a table as HTML, numbers to four digits."""
    head = "".join(f"<th{_side(table.loc[:, name])}>{html.escape(str(name))}</th>" for name in table)
    lines = []
    for row in table.head(ROWS_SHOWN).itertuples(index=False):
        cells = zip(table, row, strict=True)
        lines.append("".join(f"<td{_side(table.loc[:, name])}>{_shown(value)}</td>" for name, value in cells))
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    more = len(table) - ROWS_SHOWN
    note = f'<p class="note">{more} more rows in the CSV</p>' if more > 0 else ""
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>{note}'


def _side(column: pd.Series) -> str:
    return "" if pd.api.types.is_numeric_dtype(column) else ' class="t"'


def _shown(value: object) -> str:
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:,.4g}"
    return html.escape(str(value))

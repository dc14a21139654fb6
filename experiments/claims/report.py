"""The report on the claims: HTML and Markdown with figures, and a table for a paper in three formats."""

from __future__ import annotations

import html
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from experiments.analysis.material import Material
from experiments.analysis.report import STYLE, image, table_html
from experiments.analysis.saving import Album
from experiments.claims.batches import RUNS, SPREAD
from experiments.claims.figures import claim_figure, claim_numbers
from experiments.claims.mechanisms import mechanism, scene_of
from experiments.claims.rules import VERDICTS, Test
from experiments.claims.verdicts import Finding
from experiments.claims.words import defence, figure, rule_in_words, shown
from experiments.store_files import put_text, told
from model.manifest import PURPOSE

REPORT, TABLE = "claims", "claims_table"
TITLE = "Claims of the source article, each held to a rule"
MARKS = {"supported": "#0072B2", "contradicted": "#D55E00", "not identified": "#555555"}
SPECIAL = {"&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}"}
ALIGNED = "llp{4.6cm}rrrlll"


class Judged(NamedTuple):
    """A finding, with the sentence about what is behind it."""

    finding: Finding
    behind: str


def write_report(folder: Path, found: list[Finding], materials: Mapping[str, Material]) -> Path:
    """Write report, figures and tables into a folder; what was there of an earlier report is replaced."""
    scene = scene_of(materials[RUNS], materials[SPREAD])
    judged = [Judged(finding, mechanism(finding, scene)) for finding in found]
    aside = folder / ".report"
    with told(folder):
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        try:
            _write(aside, judged, materials)
            for path in sorted(aside.iterdir()):
                path.replace(folder / path.name)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return folder / f"{REPORT}.html"


def paper_table(found: list[Finding]) -> pd.DataFrame:
    """Return a row a test: what was measured, what was asked, and the verdicts."""
    rows = []
    for finding in found:
        for item in finding.tests:
            test, estimate = item.test, item.estimate
            value, low, high = (part * test.scale for part in estimate[:3])
            rows.append(
                {"claim": finding.claim.key, "test": test.name, "statistic": test.statistic}
                | {"estimate": value, "low": low, "high": high, "unit": test.unit, "rule": test.rule}
                | {"draws": estimate.draws, "test_verdict": item.verdict, "verdict": finding.verdict}
                | {"verdict_over_shared_uncertainties": finding.over_spread}
                | {"moved_most_by": ", ".join(item.thirds["parameter"].head(3)) if len(item.thirds) else ""}
            )
    return pd.DataFrame(rows)


def latex(table: pd.DataFrame) -> str:
    """Return the table for a paper as a booktabs tabular."""
    names = ["claim", "verdict", "statistic", "estimate", "low", "high", "unit", "rule", "test_verdict"]
    lines = [rf"\begin{{tabular}}{{{ALIGNED}l}}", r"\toprule"]
    lines += [" & ".join(_escaped(name.replace("_", " ")) for name in names) + r" \\", r"\midrule"]
    lines += [" & ".join(_escaped(_cell(row[name])) for name in names) + r" \\" for row in _rows(table)]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def markdown_table(table: pd.DataFrame) -> str:
    """Return a table in Markdown."""
    lines = [[str(name).replace("_", " ") for name in table], ["---"] * table.shape[1]]
    lines += [[_cell(value).replace("|", "/") for value in row.values()] for row in _rows(table)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _write(folder: Path, judged: list[Judged], materials: Mapping[str, Material]) -> None:
    found = [item.finding for item in judged]
    album = Album(folder, materials[RUNS])
    for finding in found:
        key, claim = finding.claim.key, finding.claim.claim
        words = (
            f"{claim}. Left: draw by draw; middle: estimate against its rule (green); right: what moves it."
        )
        album.figure(
            key, f"{key}. {claim}: {finding.verdict}", words, claim_figure(finding), claim_numbers(finding)
        )
    table = paper_table(found)
    album.table(TABLE, "The claims in numbers", "", table)
    put_text(folder / f"{TABLE}.tex", latex(table))
    put_text(folder / f"{TABLE}.md", markdown_table(_short(table)))
    for finding in found:
        album.table(f"{finding.claim.key}_sensitivity", "What moves it", "", _sensitivity(finding))
    put_text(folder / f"{REPORT}.md", _markdown(judged, table, materials))
    put_text(folder / f"{REPORT}.html", _html(folder, judged, table, materials))
    album.close()


def _short(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns=["test", "draws", "moved_most_by"])


def _sensitivity(finding: Finding) -> pd.DataFrame:
    """Return every parameter's thirds for every test, in the unit of the test."""
    frames = []
    for item in finding.tests:
        frame = item.thirds.copy()
        for end in ("low", "high"):
            for name in (end, f"{end}_from", f"{end}_to"):
                frame[name] = frame[name] * item.test.scale if name in frame else []
        frame["swing"] = frame["swing"] * item.test.scale if "swing" in frame else []
        frame.insert(0, "test", item.test.name)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def _facts(found: list[Finding], materials: Mapping[str, Material]) -> list[str]:
    """Return the paragraphs at the head of the report."""
    runs, spread = materials[RUNS], materials[SPREAD]
    counts = {verdict: sum(item.verdict == verdict for item in found) for verdict in VERDICTS}
    manifest = runs.store.manifest
    return [
        f"Of {len(found)} claims {', '.join(f'{count} are {verdict}' for verdict, count in counts.items())}.",
        f"{rule_in_words()} Statistics, thresholds and words were written down before any of them was "
        "computed (experiments/claims/rules.toml, which also says what was changed since).",
        f"Verdicts rest on {len(runs.runs)} runs of {len(runs.combinations)} arms under common random "
        f"numbers ({len(runs.failed)} failed), and what they depend on is read off {len(spread.runs)} runs "
        f"({len(spread.failed)} failed) of the same arms over {len(spread.plan.uncertain)} shared "
        "uncertainties. Intervals resample whole draws, pairs kept together, and none is corrected for "
        "looking at many. Parameters are ranked by the swing of the deciding statistic between their thirds, "
        f"over the error of the swing; a third holds {spread.plan.samples // 3} draws, so that its "
        "interval is wider and a verdict there easily less sure. What is behind a verdict was looked for "
        "after it and is no part of its rule.",
        f"Gridrush {manifest['versions']['gridrush']}, code {manifest['code_version']}. {PURPOSE}",
    ]


def _sections(judged: Judged) -> list[tuple[str, str]]:
    finding = judged.finding
    return [
        ("Verdict", f"{finding.verdict}. {defence(finding)}"),
        ("What is behind it", judged.behind),
        ("The experiment that could refute it", finding.claim.experiment),
        (
            "Its rule",
            f"{'; '.join(_rule(found.test) for found in finding.tests)}.",
        ),
    ]


def _rule(test: Test) -> str:
    return f"{test.statistic}: {test.rule} ({test.threshold_from})"


def _verdict_table(finding: Finding) -> pd.DataFrame:
    """Return the verdict in the thirds of the leading parameters."""
    table = finding.flips.reindex(columns=["parameter", "below", "low", "above", "high"])
    heads = {"below": "low third: below", "low": "verdict in the low third"}
    return table.rename(columns=heads | {"above": "high third: above", "high": "verdict in the high third"})


def _overview(found: list[Finding]) -> pd.DataFrame:
    """Return a row a claim: the verdict, and the figure that decides it."""
    rows = []
    for finding in found:
        decides = finding.deciding
        rows.append(
            {"": finding.claim.key, "claim": finding.claim.claim, "verdict": finding.verdict}
            | {"estimate that decides": shown(decides.test, decides.estimate)}
            | {"supported if": decides.test.rule, "over shared uncertainties": finding.over_spread}
        )
    return pd.DataFrame(rows)


def _markdown(judged: list[Judged], table: pd.DataFrame, materials: Mapping[str, Material]) -> str:
    found = [item.finding for item in judged]
    parts = [f"# {TITLE}", *_facts(found, materials), markdown_table(_overview(found)).rstrip()]
    for item, finding in zip(judged, found, strict=True):
        key = finding.claim.key
        parts.append(f"## {key}. {finding.claim.claim}")
        parts += [f"**{head}.** {text}" for head, text in _sections(item)]
        parts += [f"![{finding.claim.claim}]({key}.png)"]
        parts += [markdown_table(_verdict_table(finding)).rstrip()] if len(finding.flips) else []
    parts += ["## Table for a paper", markdown_table(_short(table)).rstrip()]
    return "\n\n".join(parts) + "\n"


def _html(folder: Path, judged: list[Judged], table: pd.DataFrame, materials: Mapping[str, Material]) -> str:
    found = [item.finding for item in judged]
    head = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{TITLE}</title>'
    parts = [f"{head}<style>{STYLE}</style></head><body><h1>{TITLE}</h1>"]
    parts += [f"<p>{html.escape(text)}</p>" for text in _facts(found, materials)]
    links = "".join(
        f'<a href="#{item.claim.key}">{item.claim.key}&nbsp;<b style="color:{MARKS[item.verdict]}">'
        f"{item.verdict.replace(' ', '&nbsp;')}</b></a> "
        for item in found
    )
    parts += [f"<nav>{links}</nav>", table_html(_overview(found))]
    for item in judged:
        parts += _html_section(folder, item)
    files = ", ".join(f'<a href="{TABLE}.{kind}">{TABLE}.{kind}</a>' for kind in ("csv", "tex", "md"))
    parts += ["<h2>Table for a paper</h2>", table_html(_short(table)), f'<p class="note">{files}</p>']
    return "\n".join([*parts, "</body></html>"]) + "\n"


def _html_section(folder: Path, judged: Judged) -> list[str]:
    finding = judged.finding
    key = finding.claim.key
    parts = [f'<h2 id="{key}">{key}. {html.escape(finding.claim.claim)}</h2>']
    parts += [
        f"<p><strong>{head}.</strong> {_code(html.escape(text))}</p>" for head, text in _sections(judged)
    ]
    parts.append(image(folder / f"{key}.png", finding.claim.claim))
    if len(finding.flips):
        parts.append(table_html(_verdict_table(finding)))
    files = [f"{key}.png", f"{key}.pdf", f"{key}.csv", f"{key}_sensitivity.csv"]
    links = ", ".join(f'<a href="{name}">{name}</a>' for name in files)
    return [*parts, f'<p class="note">{links}</p>']


def _code(text: str) -> str:
    pieces = text.split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(pieces))


def _rows(table: pd.DataFrame) -> list[dict[str, object]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _cell(value: object) -> str:
    return figure(value) if isinstance(value, float) else str(value)


def _escaped(text: str) -> str:
    return "".join(SPECIAL.get(letter, letter) for letter in text)

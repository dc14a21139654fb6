"""The validation report: one page in HTML and Markdown, figures, and every table as CSV."""

from __future__ import annotations

import base64
import html
import io
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.validation.ablations import OUTCOMES
from experiments.validation.backtests import Backtests, Record
from experiments.validation.checks import MISS, PASS, Check, table
from experiments.validation.drawings import DOTS, figures
from model.manifest import PURPOSE

STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem;color:#111}
table{border-collapse:collapse;font-size:13px;margin:1rem 0}td,th{border:1px solid #ccc;padding:.2rem .5rem;
text-align:left;vertical-align:top}th{background:#f2f2f2}.miss{background:#fbe3d6}img{max-width:100%}"""
HEAD = "<!doctype html><html lang=en><meta charset=utf-8><title>Gridrush: validation</title>"
THOUSAND = 1000.0
TRIFLE = 1e-12
"""Rounding, which is shown as nothing."""
CHECKED = ("check", "value", "interval", "target", "unit", "record", "verdict", "look_at", "cause_or_note")


class Findings(NamedTuple):
    """All that a validation found.

    Attributes:
        about: What was run, in words.
        references: Reference values, recomputed.
        stated: Figures about the record that the specification states, measured in the tables.
        backtests: The record.
        pattern_checks: The pattern table.
        pattern_runs: A row a run.
        ablations: Paired differences by arm and outcome.
        ablation_runs: A row a run.
        time_refinement: Hash by step of time.
        time_checks: Whether finer steps converge.
        sizes: Outcomes by size of the tail.
        half_months: Outcomes of the whole model in months and in half months.
        calibration: Checks of the calibration, if it was run.
    """

    about: str
    references: list[Check]
    stated: list[Check]
    backtests: Backtests
    pattern_checks: list[Check]
    pattern_runs: pd.DataFrame
    ablations: pd.DataFrame
    ablation_runs: pd.DataFrame
    time_refinement: pd.DataFrame
    time_checks: list[Check]
    sizes: pd.DataFrame
    half_months: pd.DataFrame
    calibration: list[Check]

    @property
    def checks(self) -> list[Check]:
        """Every check, in the order of the report."""
        return [
            *self.references,
            *self.stated,
            *self.backtests.checks,
            *self.pattern_checks,
            *self.time_checks,
            *self.calibration,
        ]


class Section(NamedTuple):
    """A heading, a paragraph, tables, and names of figures."""

    title: str
    text: str
    tables: list[pd.DataFrame]
    figures: list[str]


def write_report(found: Findings, folder: Path) -> None:
    """Write the report and all it rests on into a folder."""
    for name, frame in _tables(found).items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    pictures = {}
    for name, figure in figures(found).items():
        pictures[name] = _png(figure)
        (folder / f"{name}.png").write_bytes(pictures[name])
    sections = _sections(found)
    (folder / "report.md").write_text(_markdown(sections), encoding="utf-8")
    (folder / "report.html").write_text(_html(sections, pictures), encoding="utf-8")


def _tables(found: Findings) -> dict[str, pd.DataFrame]:
    paths = pd.concat(found.backtests.paths, names=["window"]).reset_index()
    return {
        "checks": table(found.checks),
        "backtest_paths": paths.astype({"month": str}),
        "rolling_errors": found.backtests.errors,
        "cross_scores": found.backtests.scores.reset_index(),
        "fits": found.backtests.fits.reset_index(),
        "epochs": found.backtests.epochs,
        "machine_prices": found.backtests.prices,
        "pattern_runs": found.pattern_runs,
        "ablations": found.ablations,
        "ablation_runs": found.ablation_runs,
        "time_refinement": found.time_refinement.rename_axis("date").reset_index(),
        "size_refinement": found.sizes,
        "half_months": found.half_months,
    }


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=DOTS, format="png")
    return buffer.getvalue()


def _sections(found: Findings) -> list[Section]:
    return [
        *_misses(found),
        Section(
            "Backtests",
            "World mining and the protocol through the record. `record` is the same measure in the tables.",
            [_shown(found.backtests.checks)],
            ["backtest_free_runs", "backtest_events", "backtest_errors"],
        ),
        Section(
            "Rolling forecasts and transfer",
            "Errors of forecasts from every month of 2020-25 (log rms), then "
            "free-run errors by window fitted on (rows) and scored on (columns), then what was fitted.",
            [
                found.backtests.errors,
                found.backtests.scores.reset_index(),
                found.backtests.fits.reset_index(),
            ],
            [],
        ),
        Section(
            "Patterns",
            "What an ensemble should show. The rule is on the whole interval, not on the mean alone.",
            [_shown(found.pattern_checks)],
            ["patterns"],
        ),
        *_experiments(found),
    ]


def _misses(found: Findings) -> list[Section]:
    """Return the summary and what a reader should see first."""
    checks = found.checks
    missed = [check for check in checks if check.verdict == MISS]
    wrong = [check for check in (*found.references, *found.stated) if check.verdict == MISS]
    passed = sum(check.verdict == PASS for check in checks)
    summary = f"{found.about} {passed} of {len(checks)} checks pass, {len(missed)} miss. {PURPOSE}"
    return [
        Section("Gridrush: validation", summary, [], []),
        Section(
            "Every miss, with its likely cause",
            "A miss is a finding; none is left out. `record` is the same measure in the tables.",
            [_shown(missed)],
            [],
        ),
        Section(
            "Figures of the specification that are wrong",
            "Reference values that the formulas do not give, and figures about the record that the shipped "
            "tables do not give. The value is the right one, the target what was stated.",
            [_shown(wrong)],
            [],
        ),
    ]


def _experiments(found: Findings) -> list[Section]:
    """Return what rests on ensembles, refinement and calibration."""
    return [
        Section(
            "Ablations",
            "Mean, and paired difference from the reference with its 95% interval. Without AI demand nobody "
            "quotes a rent: the one expected stays at the published mean it starts from.",
            [_wide(found.ablations)],
            ["ablations"],
        ),
        Section(
            "Refinement",
            "Shorter steps of time for world mining, and for the whole model half months against months on a "
            "constant price; half and twice as many private firms.",
            [_shown(found.time_checks), _wide(found.sizes)],
            ["refinement"],
        ),
        Section(
            "Calibration",
            "Which behavioural parameters the targets can speak about.",
            [_shown(found.calibration)] if found.calibration else [],
            [],
        ),
        *_figures_stated(found),
    ]


def _figures_stated(found: Findings) -> list[Section]:
    """Return what is stated about the record and about formulas, beside what comes out."""
    return [
        Section(
            "Figures stated about the record",
            "What MODEL 8 says of the record, measured in the shipped tables: epochs, means of 30 days, and "
            "(record) monthly means.",
            [_shown(found.stated)],
            [],
        ),
        Section(
            "Reference values",
            "Recomputed from the formulas the model uses, held to the last digit stated or one in a million.",
            [_shown(found.references, digits=8)],
            [],
        ),
    ]


def _shown(checks: list[Check], digits: int = 4) -> pd.DataFrame:
    rows: Record = table(checks)
    if rows.empty:
        return pd.DataFrame({name.replace("_", " "): [] for name in CHECKED})
    for name in ("interval", "target"):
        ends = zip(rows[f"{name}_low"], rows[f"{name}_high"], strict=True)
        rows[name] = [_range(low, high, digits) for low, high in ends]
    for name in ("value", "record"):
        rows[name] = [_number(value, digits) for value in rows[name]]
    return rows[list(CHECKED)].rename(columns=lambda name: name.replace("_", " "))


def _range(low: float, high: float, digits: int) -> str:
    if np.isnan(low) or np.isnan(high):
        return ""
    if np.isinf(low):
        return f"at most {_number(high, digits)}"
    if np.isinf(high):
        return f"at least {_number(low, digits)}"
    return f"{_number(low, digits)} to {_number(high, digits)}"


def _wide(differences: pd.DataFrame) -> pd.DataFrame:
    """Return arms in rows and outcomes in columns: the mean, and the difference with its interval."""
    rows = []
    for arm in dict.fromkeys(differences["arm"]):
        own = differences.loc[differences["arm"] == arm].set_index("outcome")
        row = {"arm": str(arm)}
        for outcome, label in OUTCOMES.items():
            mean, off, low, high = own.loc[
                outcome, ["mean", "difference", "difference_low", "difference_high"]
            ]
            row[label] = (
                _number(mean)
                if not off
                else f"{_number(mean)} ({_signed(off)}: {_signed(low)} to {_signed(high)})"
            )
        rows.append(row)
    return pd.DataFrame(rows)


def _number(value: object, digits: int = 4) -> str:
    if not isinstance(value, float):
        return str(value)
    if np.isnan(value):
        return ""
    if abs(value) < TRIFLE:
        return "0"
    return f"{value:,.0f}" if abs(value) >= 10.0**digits else f"{value:.{digits}g}"


def _signed(value: float) -> str:
    return f"{value:+,.0f}" if abs(value) >= THOUSAND else f"{value:+.3g}"


def _markdown(sections: list[Section]) -> str:
    lines = []
    for section in sections:
        lines += [f"{'#' if section is sections[0] else '##'} {section.title}", "", section.text, ""]
        for frame in section.tables:
            cells = [
                [_number(cell).replace("|", "/") for cell in row] for row in frame.itertuples(index=False)
            ]
            head = [str(name) for name in frame.columns]
            lines += [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *cells)] + [""]
        lines += [f"![{name.replace('_', ' ')}]({name}.png)\n" for name in section.figures]
    return "\n".join(lines)


def _html(sections: list[Section], pictures: dict[str, bytes]) -> str:
    parts = [f"{HEAD}<style>{STYLE}</style>"]
    for section in sections:
        level = 1 if section is sections[0] else 2
        text = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(section.text))
        parts.append(f"<h{level}>{html.escape(section.title)}</h{level}><p>{text}</p>")
        parts += [_html_table(frame) for frame in section.tables]
        for name in section.figures:
            if name in pictures:
                data = base64.b64encode(pictures[name]).decode()
                parts.append(
                    f'<p><img alt="{name.replace("_", " ")}" src="data:image/png;base64,{data}"></p>'
                )
    return "\n".join(parts) + "\n"


def _html_table(frame: pd.DataFrame) -> str:
    head = "".join(f"<th>{html.escape(str(name))}</th>" for name in frame.columns)
    rows = []
    for row in frame.itertuples(index=False):
        mark = ' class="miss"' if MISS in row else ""
        rows.append(
            f"<tr{mark}>" + "".join(f"<td>{html.escape(_number(cell))}</td>" for cell in row) + "</tr>"
        )
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>"

"""Write the reference pages of the documentation anew: command line, parameters, the month, files, Python."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import file_tables
import pandas as pd
from column_tables import columns
from generated_parts import renew, table
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

import agents.economics
import gridrush
from agents.tables import FIRM, LEASE, site_columns
from experiments.cli import app
from experiments.execution import simulate
from experiments.plans import plan_of
from model.parameter_table import parameter_table
from model.scenario_files import load_scenario
from model.series_columns import SERIES
from model.tick import TICK, Phase

REFERENCE = "docs/reference"
MONTHS = 24
"""Long enough for every kind of event's columns to be there."""
OF_A_MODULE = "    options: { show_root_heading: false, show_root_toc_entry: false }\n"


def commands() -> str:
    """Return every command with its arguments and options."""
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    return "\n".join(
        _command(name, command)
        for name, command in sorted(group.commands.items())
        if isinstance(command, TyperCommand)
    )


def _command(name: str, command: TyperCommand) -> str:
    usage, rows = ["gridrush", name], []
    for given in command.params:
        metavar = (given.metavar or given.name or "").upper()
        text = getattr(given, "help", None) or ""
        default = "" if given.default is None or given.default is False else str(given.default)
        if isinstance(given, TyperOption):
            rows.append(
                (f"`{', '.join(given.opts)}` {'' if given.is_flag else metavar}".strip(), text, default)
            )
        else:
            called = metavar.removeprefix("[").removesuffix("...").rstrip("]")
            many = "..." if given.nargs == -1 else ""
            usage.append(f"{called}{many}" if given.required else f"[{called}{many}]")
            rows.append((f"`{called}`", text, default))
    heading = f"## gridrush {name}\n\n{' '.join((command.help or '').split())}\n\n"
    takes = any(isinstance(given, TyperOption) for given in command.params)
    shown = f"```\n{' '.join([*usage, '[OPTIONS]'] if takes else usage)}\n```\n"
    return (
        heading
        + shown
        + (f"\n{table(('argument or option', 'what it does', 'default'), rows)}" if rows else "")
    )


def parameters() -> str:
    """Return every parameter, a table a group."""
    groups: dict[str, list[tuple[str, ...]]] = {}
    for row in parameter_table():
        default = "none" if row.default is None else str(row.default)
        groups.setdefault(row.name.partition(".")[0], []).append(
            (f"`{row.name}`", default, row.unit, row.bounds, row.meaning, row.source)
        )
    head = ("parameter", "default", "unit", "bounds", "meaning", "source")
    return "\n".join(f"## {group}\n\n{table(head, rows)}" for group, rows in groups.items())


def month() -> str:
    """Return the phases of a month."""
    rows = [
        (phase.number, phase.name, phase.summary, ", ".join(f"`{step.__name__}`" for step in phase.steps))
        for phase in TICK
    ]
    named = table(("phase", "name", "what happens", "functions, in order"), rows)
    return "\n".join([named, *(_phase(phase) for phase in TICK)])


def _phase(phase: Phase) -> str:
    steps = "\n".join(_documented(step.__module__, step.__name__) for step in phase.steps)
    return f"## {phase.number} {phase.name}\n\n{phase.summary}\n\n{steps}"


def files() -> str:
    """Return the columns of every table of a saved run, and of what a study adds."""
    scenario = load_scenario("reference", **{"horizon.months": MONTHS})
    run, told = simulate(scenario, 0, "everything", with_fates=True)
    tables = {
        "firms": ("a month and firm", FIRM),
        "sites": ("a month and site", site_columns(1)),
        "leases": ("a lease", LEASE),
        "events": ("an event", ()),
    }
    text = ["## series.parquet\n\nA row a month, indexed by `month`.\n", _series(run.series)]
    for name, (row, declared) in tables.items():
        text += [f"## {name}.parquet\n\nA row {row}.\n", columns(name, getattr(run, name), declared)]
    text += [f"## manifest.json of a run\n\n{file_tables.manifest(run.manifest)}"]
    return "\n".join([*text, file_tables.study(plan_of("smoke"), **told)])


def _series(frame: pd.DataFrame) -> str:
    known = {column.name: column for column in SERIES}
    rows = [(f"`{name}`", known[name].unit, known[name].doc) for name in frame.columns if name in known]
    bases = "hash, mw (megawatts), ai (AI megawatts) and value (enterprise value)"
    measures = "`hhi_`, `cr1_`, `cr3_`, `cr4_`, `cr8_`, `gini_`, `entropy_`, `numbers_` and `instability_`"
    note = f"\nThe names that begin with {measures} are measures of concentration on four bases: {bases}.\n"
    return table(("column", "unit", "meaning"), rows) + note


def python() -> str:
    """Return the public names, for mkdocstrings to fill in."""
    homes = {name: module for module, names in gridrush._HOMES.items() for name in names}
    first = ("Industry", "Scenario", "load_scenario", "Run", "run", "Strategy", "Blocks")
    rest = sorted((name for name in homes if name not in first), key=lambda name: (homes[name], name))
    return "\n".join(_documented(homes[name], name) for name in (*first, *rest))


def _documented(module: str, name: str) -> str:
    return f"::: {module}.{name}\n"


def formulas() -> str:
    """Return the modules of formulas, for mkdocstrings to fill in."""
    modules = [module.name for module in pkgutil.iter_modules(agents.economics.__path__)]
    modules.remove("checks")
    sections = [(name.capitalize(), f"agents.economics.{name}") for name in modules]
    sections.append(("Rules of choice", "agents.strategies.rules"))
    return "\n".join(f"## {title}\n\n::: {module}\n{OF_A_MODULE}" for title, module in sections)


def pages() -> dict[str, dict[str, str]]:
    """Return the computed part of every reference page."""
    made: Iterable[tuple[str, str]] = (
        ("cli", commands()),
        ("parameters", parameters()),
        ("tick", month()),
        ("files", files()),
        ("api", python()),
        ("formulas", formulas()),
    )
    return {f"{REFERENCE}/{name}.md": {name: f"\n{text}\n"} for name, text in made}


if __name__ == "__main__":
    sys.exit(renew(pages(), "reference_pages.py"))

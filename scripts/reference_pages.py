"""Write the reference pages of the documentation anew: command line, parameters, the month, files, Python."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import file_tables
import pandas as pd
from generated_parts import renew, table
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

import agents.economics
import gridrush
from agents.columns import Column
from agents.tables import FIRM, LEASE, site_columns
from experiments.cli import app
from experiments.execution import simulate
from experiments.plans import plan_of
from model.parameter_table import parameter_table
from model.recorded_tables import ENUMERATIONS
from model.scenario_files import load_scenario
from model.series_columns import SERIES
from model.tick import TICK, Phase

REFERENCE = "docs/reference"
TABLES = ("firms", "sites", "leases", "events")
MONTHS = 24
"""Long enough for every kind of event's columns to be there."""
OF_A_MODULE = "    options: { show_root_heading: false, show_root_toc_entry: false }\n"
MEANINGS = {
    "month": "first day of the month",
    "firm": "name of the firm",
    "site": "name of the site",
    "owner": "firm that owns the site",
    "kind": "listed, private, AI customer or generator; of an event, what happened",
    "listed": "whether its shares trade",
    "strategy": "rule it decides by",
    "mining_mw": "megawatts that mine",
    "idle_mw": "megawatts without a use",
    "building_mw": "megawatts being built for AI",
    "subleased_mw": "megawatts let as powered shell",
    "converted_mw": "megawatts of AI halls and GPU clouds",
    "pipeline_mw": "megawatts not yet energised",
    "secured_mw": "all megawatts, whatever they do",
    "energised_mw": "megawatts that are not pipeline",
    "hash_eh_s": "hash of all machines",
    "running_eh_s": "hash of the machines that ran",
    "exit_reason": "how it ended; empty while it has not",
    "acquired_by": "firm it was merged into",
    "machines": "book value of machines",
    "ev_per_mw": "enterprise value over energised megawatts",
    "ev_per_secured_mw": "enterprise value over all megawatts",
    "ev_per_contracted_mw": "enterprise value over megawatts let or promised",
    "ev_per_eh": "enterprise value over hash",
    "host_site": "site where hosted machines stand",
    "lease": "number of the lease",
    "tenant": "who rents",
    "landlord": "firm that owns the site now",
    "lessor": "firm that signed",
    "region": "grid region",
    "us": "whether it is in the United States",
    "rent_usd_kw_month": "mean rent over the term",
    "ended": "month in which it ended",
    "counterparty": "the other side of it: a tenant, an acquirer, a target",
    "use": "product that was chosen",
    "outcome": "what came of a decision",
    "mw": "gross megawatts",
    "price": "what was paid or bid: a rent, or musd",
    "reserve": "the least the owner would take",
    "value": "what it was worth to who decided, musd or musd/MW",
    "value_mine": "value of mining on",
    "value_shell": "value of letting a powered shell",
    "value_colocation": "value of a colocation hall",
    "value_cloud": "value of a GPU cloud",
    "hurdle": "what a move must be worth beyond mining",
    "probability": "chance with which the choice was made",
    "reason": "in words, where there is more to say",
}
"""What columns mean that recording adds to those declared with the entities."""
UNITS = {"rent_usd_kw_month": "USD/kW-month of IT", "mw": "MW", "hurdle": "musd/MW"} | {
    f"value_{use}": "musd/MW" for use in ("mine", "shell", "colocation", "cloud")
}
ENDINGS = {"_mw": "MW", "_eh_s": "EH/s", "_per_mw": "musd/MW", "_per_eh": "musd/(EH/s)"}


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
    declared = {column.name: column for column in (*FIRM, *site_columns(1), *LEASE)}
    text = ["## series.parquet\n\nA row a month, indexed by `month`.\n", _series(run.series)]
    rows_of = {"firms": "month and firm", "sites": "month and site", "leases": "lease", "events": "event"}
    for name in TABLES:
        text += [
            f"## {name}.parquet\n\nA row a {rows_of[name]}.\n",
            _columns(getattr(run, name), declared),
        ]
    text += [f"## manifest.json of a run\n\n{file_tables.manifest(run.manifest)}"]
    return "\n".join([*text, file_tables.study(plan_of("smoke"), **told)])


def _series(frame: pd.DataFrame) -> str:
    known = {column.name: column for column in SERIES}
    rows = [(f"`{name}`", known[name].unit, known[name].doc) for name in frame.columns if name in known]
    bases = "hash, mw (megawatts), ai (AI megawatts) and value (enterprise value)"
    measures = "`hhi_`, `cr1_`, `cr3_`, `cr4_`, `cr8_`, `gini_`, `entropy_`, `numbers_` and `instability_`"
    note = f"\nThe names that begin with {measures} are measures of concentration on four bases: {bases}.\n"
    return table(("column", "unit", "meaning"), rows) + note


def _columns(frame: pd.DataFrame, declared: dict[str, Column]) -> str:
    rows = []
    for name in frame.columns:
        column = declared.get(name)
        meaning = MEANINGS.get(name) or (column.doc if column else "")
        if not meaning:
            raise SystemExit(f"scripts/reference_pages.py: the column '{name}' has no meaning yet")
        if name in ENUMERATIONS and name != "kind":
            meaning += f" ({', '.join(each.name.lower() for each in ENUMERATIONS[name])})"
        ending = next((unit for end, unit in ENDINGS.items() if name.endswith(end)), "")
        unit = UNITS.get(name) or (column.unit if column else ending)
        rows.append((f"`{name}`", _type(frame[name]), unit, meaning))
    return table(("column", "type", "unit", "meaning"), rows)


def _type(column: pd.Series) -> str:
    if pd.api.types.is_datetime64_any_dtype(column):
        return "date"
    if pd.api.types.is_bool_dtype(column):
        return "true or false"
    if pd.api.types.is_integer_dtype(column):
        return "integer"
    return "number" if pd.api.types.is_float_dtype(column) else "text"


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

"""Write the tables of docs/odd.md anew: schedule, state variables, parameters, observations."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from generated_parts import ROOT, renew, table, without_generated

from agents import tables
from agents.columns import Column
from model.parameter_table import Parameter, parameter_table
from model.series_columns import SERIES
from model.state import State
from model.tick import TICK

PAGE = "docs/odd.md"
ENTITIES = {
    "firms": tables.FIRM,
    "sites": tables.site_columns(1),
    "leases": tables.LEASE,
    "hyperscalers": tables.HYPERSCALER,
    "regions": tables.REGION,
    "requests": tables.REQUEST,
}


def columns(declared: tuple[Column, ...]) -> str:
    """Return the variables of one entity."""
    rows = ((f"`{column.name}`", column.unit, column.doc) for column in declared)
    return table(("variable", "unit", "meaning"), rows)


def schedule() -> str:
    """Return the tick, phase by phase, with the functions that carry it out."""
    rows = []
    for phase in TICK:
        steps = ", ".join(f"`{step.__module__}.{step.__name__}`" for step in phase.steps)
        rows.append((phase.number, phase.name, phase.summary, steps))
    return table(("phase", "name", "what happens", "carried out, in this order, by"), rows)


def globals_of_the_state() -> str:
    """Return what the state holds besides the tables of entities."""
    (declared,) = ast.parse(inspect.getsource(State)).body
    assert isinstance(declared, ast.ClassDef)
    docs: dict[str, str] = {}
    for node, after in zip(declared.body, declared.body[1:], strict=False):
        if isinstance(node, ast.AnnAssign) and isinstance(after, ast.Expr):
            docs[ast.unparse(node.target)] = ast.literal_eval(after.value)
    names = [field.name for field in dataclasses.fields(State) if field.name in docs]
    return table(("variable", "meaning"), ((f"`{name}`", docs[name]) for name in names))


def sections(text: str) -> dict[str, list[str]]:
    """Return the numbers of the sections that name each parameter, in the order of the page."""
    found: dict[str, list[str]] = {}
    number = ""
    for line in without_generated(text).splitlines():
        if heading := re.match(r"#+ (\d+(?:\.\d+)?)", line):
            number = heading[1]
        for name in re.findall(r"`([a-z]+\.[a-z0-9_]+)(?: = [^`]*)?`", line):
            if number and number not in found.setdefault(name, []):
                found[name].append(number)
    return found


def shown(row: Parameter) -> str:
    """Return a default as a scenario file writes it."""
    if row.default is None:
        return "none"
    if isinstance(row.default, bool):
        return str(row.default).lower()
    return f"{row.default:g}" if isinstance(row.default, float) else str(row.default)


def parameters(text: str) -> str:
    """Return every parameter with the sections that say what it does."""
    named = sections(text)
    rows = (
        (f"`{row.name}`", shown(row), row.unit, row.bounds, row.meaning, ", ".join(named.get(row.name, ())))
        for row in parameter_table()
    )
    return table(("parameter", "default", "unit", "bounds", "meaning", "section"), rows)


def observations() -> str:
    """Return the columns of the series."""
    return columns(SERIES)


def parts() -> dict[str, str]:
    """Return all computed parts of the page by name."""
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    entities = {f"entity-{name}": columns(declared) for name, declared in ENTITIES.items()}
    return {
        "schedule": schedule(),
        "state": globals_of_the_state(),
        **entities,
        "parameters": parameters(text),
        "observations": observations(),
    }


if __name__ == "__main__":
    sys.exit(renew({PAGE: parts()}, "odd_tables.py"))

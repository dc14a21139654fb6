"""Lists on the command line: scenarios, parameters, the tick. Tables on a terminal, tabs in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table


def print_scenarios() -> None:
    """Print name and description of every shipped scenario."""
    from model.scenario_files import describe_scenarios

    _print(("scenario", "what it is"), describe_scenarios().items())


def print_parameters(group: str | None) -> None:
    """Print every parameter, or those of one group."""
    from model.parameter_table import parameter_table

    rows = [
        (row.name, _shown(row.default), row.unit, row.bounds, row.meaning, row.source)
        for row in parameter_table(group)
    ]
    _print(("parameter", "default", "unit", "bounds", "meaning", "source"), rows)


def print_tick() -> None:
    """Print number, name and summary of every phase of a month."""
    from model.tick import TICK

    _print(("", "phase", "what happens"), [(str(phase.number), phase.name, phase.summary) for phase in TICK])


def _print(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    if not sys.stdout.isatty():
        for row in (columns, *rows):
            print("\t".join(row))
        return
    table = Table(*columns, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    Console().print(table, markup=False)


def _shown(default: object) -> str:
    if default is None:
        return "none"
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)

"""Values by dotted name, on their way into a scenario, and where each came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from model.errors import Problem
from model.parameter_table import GROUPS, parameters

NONE = "none"
"""What a file or the command line writes for a value that is not there, TOML having no word for it."""

EXTENDS = "extends"
"""Key of a scenario file that names the scenario it builds on."""

DEEPEST_TABLE = 4


@dataclass
class Values:
    """Values by dotted name, and the file each was read from."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)

    def put(self, values: Mapping[str, Any], origin: str = "") -> None:
        """Lay further values over those already there."""
        for key, value in values.items():
            self.values[key] = value
            self.origins[key] = origin

    def located(self, problem: Problem) -> Problem:
        """Return the problem with the file of the first key that has one in front."""
        origin = next((self.origins[key] for key in problem.keys if self.origins.get(key)), "")
        return Problem(problem.keys, f"{origin}: {problem.line}") if origin else problem


def flatten(tree: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Return nested tables as dotted names; a table that is itself a value stays one."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        dotted = f"{prefix}{key}"
        table, _, entry = dotted.rpartition(".")
        if _is_table(table) and dotted not in parameters():
            flat.setdefault(table, {})[entry] = value
        elif isinstance(value, Mapping) and dotted not in parameters() and depth < DEEPEST_TABLE:
            if not value and dotted not in GROUPS:
                flat[dotted] = value
            flat.update(flatten(value, f"{dotted}.", depth + 1))
        else:
            flat[dotted] = value
    return flat


def _is_table(key: str) -> bool:
    return key in parameters() and isinstance(parameters()[key].default, dict)

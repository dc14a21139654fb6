"""A scenario: every number a run depends on, checked before the first month.

`Scenario()` is the reference case; `model.scenario_files` reads others by name or from a file. A scenario
never changes: `with_values` makes another one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from model.errors import Problem, ScenarioError
from model.parameter_table import GROUPS, LABELS, parameters, shown, unknown
from model.parameters.base import Group, param
from model.parameters.bitcoin import Bitcoin, RestOfWorld
from model.parameters.demand import ArtificialIntelligence, Leases
from model.parameters.finance import Finance
from model.parameters.firms import Choice, Consolidation, Horizon, Population
from model.parameters.power import Power
from model.scenario_checks import contradictions
from model.scenario_inputs import check_inputs, fingerprint
from model.scenario_values import EXTENDS, NONE, Values, flatten


class Scenario(Group):
    """Groups of parameters; the defaults are the reference case as of 2025-11."""

    name: str = param("reference", "-", "what the scenario is called", "given by the user")
    description: str = param("as it stood in November 2025", "-", "the same in a line", "given by the user")
    bitcoin: Bitcoin = Bitcoin()
    row: RestOfWorld = RestOfWorld()
    power: Power = Power()
    ai: ArtificialIntelligence = ArtificialIntelligence()
    leases: Leases = Leases()
    finance: Finance = Finance()
    choice: Choice = Choice()
    consolidation: Consolidation = Consolidation()
    population: Population = Population()
    horizon: Horizon = Horizon()

    if not TYPE_CHECKING:  # a checker reads the arguments off the fields above

        def __init__(self, **values: Any) -> None:  # noqa: ANN401
            """Check every value and every combination, and say in one line each what is wrong."""
            try:
                super().__init__(**values)
            except ValidationError as error:
                problems = [_problem(detail["loc"], detail) for detail in error.errors()]
                raise ScenarioError.of(problems) from None
            if problems := contradictions(self):
                raise ScenarioError.of(problems)

    @classmethod
    def of(cls, values: Values) -> Scenario:
        """Return the scenario with these values and defaults elsewhere, or say what is wrong where."""
        tree: dict[str, Any] = {}
        problems = []
        for key, value in values.values.items():
            group, _, field = key.partition(".")
            if key in LABELS:
                tree[key] = value
            elif key in parameters():
                tree.setdefault(group, {})[field] = _plain(key, value)
            else:
                problems.append(_not_a_parameter(key, value))
        try:
            scenario = cls(**tree)
        except ScenarioError as error:
            problems += error.problems
        else:
            if not problems:
                return scenario
        raise ScenarioError.of(map(values.located, problems)) from None

    def __hash__(self) -> int:
        """Hash by content, so that equal scenarios are one key."""
        return hash(json.dumps(self.values(), sort_keys=True))

    def values(self) -> dict[str, Any]:
        """Return every parameter by its dotted name."""
        return flatten(self.model_dump(exclude=set(LABELS)))

    def with_values(self, **dotted: Any) -> Scenario:  # noqa: ANN401
        """Return a new, checked scenario with some values replaced: `with_values(**{"ai.demand_gw": 80})`."""
        values = Values({"name": self.name, "description": self.description, **self.values()})
        values.put(flatten(dotted))
        return Scenario.of(values)

    def parameter_hash(self) -> str:
        """Return the SHA-256 of the resolved parameters; name and description do not count.

        Of a price path or a folder of tables the contents count, and not where they lie.
        """
        values = self.values()
        for key in ("bitcoin.price_path", "population.data_folder"):
            values[key] = values[key] and fingerprint(Path(values[key]))
        text = json.dumps(values, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def differences(self, other: Scenario) -> dict[str, tuple[Any, Any]]:
        """Return the parameters that differ, by dotted name, each with this and the other's value."""
        mine, theirs = self.values(), other.values()
        return {key: (mine[key], theirs[key]) for key in mine if mine[key] != theirs[key]}

    def check_inputs(self) -> None:
        """Check the files the scenario names: the price path and the folder of tables."""
        check_inputs(self)

    def to_toml(self) -> str:
        """Return the fully resolved scenario as the text of a scenario file."""
        lines = [f"{label} = {_toml(getattr(self, label))}" for label in LABELS]
        for group in GROUPS:
            lines += ["", f"[{group}]"]
            for field, value in getattr(self, group).model_dump().items():
                unit = parameters()[f"{group}.{field}"].unit
                lines.append(f"{field} = {_toml(value)}" + (f"  # {unit}" if unit != "-" else ""))
        return "\n".join(lines) + "\n"


def _plain(key: str, value: Any) -> Any:  # noqa: ANN401
    if getattr(value, "shape", None) == ():  # a numpy scalar
        return value.item()
    if isinstance(value, str) and value.lower() == NONE and parameters()[key].optional:
        return None
    return str(value) if isinstance(value, Path) else value


def _not_a_parameter(key: str, value: Any) -> Problem:  # noqa: ANN401
    if key in GROUPS:
        return Problem((key,), f"{key}: expected a table of parameters, got {shown(value)}")
    if key == EXTENDS:
        return Problem((key,), "extends belongs into a scenario file, before the first table")
    return unknown(key, (EXTENDS,))


def _problem(place: tuple[int | str, ...], detail: Mapping[str, Any]) -> Problem:
    key, value = ".".join(map(str, place[:2])), detail["input"]
    if detail["type"] == "extra_forbidden":
        return unknown(key)
    if key in LABELS:
        return Problem((key,), f"{key}: expected text, got {shown(value)}")
    if key in parameters() and len(place) == len(("group", "field")):
        return parameters()[key].complaint(value)
    if key in parameters():
        entry = ".".join(map(str, place))
        return Problem((key,), f"{entry}: expected a share from 0 to 1, got {shown(value)}")
    return _not_a_parameter(key, value)


def _toml(value: Any) -> str:  # noqa: ANN401
    if value is None:
        value = NONE
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(key)} = {_toml(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)

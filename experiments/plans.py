"""A plan: a study held against its base scenario, checked before the first run.

Whatever could fail in every run fails here instead: unknown parameters, ranges beyond their bounds, levers
that contradict the scenario, outcomes of columns or months there are not.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from experiments.outcomes import functions
from experiments.study import Analysis, Outcome, Study, Uncertainty, Value
from experiments.study_files import StudyError, load_study, nearest, to_toml
from model.errors import ScenarioError
from model.parameter_table import parameters, unknown
from model.provenance import code_version
from model.scenario import Scenario
from model.scenario_files import load_scenario, read_values
from model.scenario_inputs import fingerprint, months_of
from model.scenario_values import flatten
from model.series_columns import SERIES

SERIES_NAMES = tuple(column.name for column in SERIES)
BOOKKEEPING = (
    *("run", "point", "sample", "replication", "seed", "key", "status", "error", "traceback", "seconds"),
)
"""Columns every table of runs has, before levers, uncertainties and outcomes."""
BLOCKS = {"morris": "trajectory", "sobol": "block"}
"""Designs whose points hang together, and what such points together are called."""


@dataclass(frozen=True)
class Plan:
    """A checked study, its base scenario, and how many runs they make."""

    study: Study
    scenario: Scenario

    @cached_property
    def combinations(self) -> list[tuple[str, ...]]:
        """Return every combination of lever options, the baseline first."""
        options = [list(lever) for lever in self.study.levers.values()]
        for choices, first in zip(options, self.study.design.baseline, strict=False):
            choices.sort(key=lambda option: option != first)
        return list(itertools.product(*options))

    @property
    def uncertain(self) -> list[str]:
        """Return the names of the uncertain parameters."""
        return list(self.study.uncertainties)

    @property
    def block(self) -> int:
        """Return how many points of the uncertainties hang together, as those of a trajectory do."""
        design, factors = self.study.design, len(self.study.uncertainties)
        if not factors or design.kind not in BLOCKS:
            return 1
        if design.kind == "morris":
            return factors + 1
        return 2 * factors + 2 if design.second_order else factors + 2

    @property
    def samples(self) -> int:
        """Return how many points of the uncertainties there are."""
        design, factors = self.study.design, len(self.study.uncertainties)
        if not factors:
            return 1
        if design.kind in BLOCKS:
            return design.samples * self.block
        if design.kind == "factorial":
            sizes = (len(item.options) or design.levels for item in self.study.uncertainties.values())
            total = 1
            for size in sizes:
                total *= size
            return total
        return design.samples

    @property
    def points(self) -> int:
        """Return how many scenarios there are: samples times combinations of levers."""
        return self.samples * len(self.combinations)

    @property
    def runs(self) -> int:
        """Return how many runs there are."""
        return self.points * self.study.replications

    def seed_of(self, sample: int, replication: int) -> int:
        """Return the seed of a run: common to all points, or the sample's own."""
        if self.study.common_random_numbers:
            return self.study.first_seed + replication
        return self.study.first_seed + sample * self.study.replications + replication

    def scenario_of(self, levers: Mapping[str, str], values: Mapping[str, Value]) -> Scenario:
        """Return the scenario of a point."""
        changes: dict[str, Any] = dict(values)
        for lever, option in levers.items():
            changes |= self.study.levers[lever][option]
        return self.scenario.with_values(**changes) if changes else self.scenario

    @cached_property
    def digest(self) -> str:
        """Return the hash of everything that decides what the study computes, code included."""
        files = [fingerprint(Path(item.rpartition(":")[0])) for item in self.study.strategies]
        text = f"{to_toml(self.essence)}\n{self.scenario.parameter_hash()}\n{code_version()}\n{files}"
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    @property
    def essence(self) -> Study:
        """Return the study without what changes no number: words, and what to analyse."""
        words = {"name": "study", "description": "", "analysis": Analysis()}
        bare = {"label": "", "unit": ""}
        outcomes = {name: item.model_copy(update=bare) for name, item in self.study.outcomes.items()}
        return self.study.model_copy(
            update={"scenario": "", "settings": {}, "strategies": (), "outcomes": outcomes, **words}
        )


def plan_of(name_or_path: str | Path) -> Plan:
    """Return the plan of a shipped study, or of a file."""
    return make_plan(load_study(name_or_path))


def make_plan(study: Study) -> Plan:
    """Hold a study against its base scenario; levers come out as plain values by dotted name.

    No strategy it names is loaded: plans are also read from studies of strangers.
    """
    try:
        scenario = load_scenario(study.scenario, **flatten(study.settings))
        levers = {
            lever: {option: _resolved(values, scenario) for option, values in options.items()}
            for lever, options in study.levers.items()
        }
    except ScenarioError as error:
        raise StudyError(f"study '{study.name}': {error}") from None
    plan = Plan(study.model_copy(update={"levers": levers}), scenario)
    if problems := list(dict.fromkeys(_problems(plan))):
        raise StudyError("\n".join(f"study '{study.name}': {line}" for line in problems))
    return plan


def run_key(scenario: Scenario, seed: int) -> str:
    """Return the key of a run: a hash of scenario, seed and code version."""
    text = f"{scenario.parameter_hash()}\n{seed}\n{code_version()}"
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _resolved(values: Mapping[str, Any], scenario: Scenario) -> dict[str, Any]:
    """Return an option's values; those of a scenario it names are what that scenario file itself sets."""
    values = dict(values)
    layered: dict[str, Any] = {}
    if (name := values.pop("scenario", None)) is not None:
        named = read_values(name).values
        layered = {key: value for key, value in named.items() if key in parameters()}
    layered |= flatten(values)
    changed = scenario.with_values(**layered).values()
    return {key: "none" if changed[key] is None else changed[key] for key in layered}


def _problems(plan: Plan) -> Iterator[str]:
    study = plan.study
    yield from _uncertainty_problems(plan)
    yield from _lever_problems(plan)
    months = months_of(plan.scenario)
    for name, outcome in study.outcomes.items():
        yield from (f"outcomes.{name}: {line}" for line in _outcome_problems(outcome, months))
    for interest in study.analysis.interests:
        if interest.outcome not in study.outcomes:
            advice = nearest(interest.outcome, study.outcomes)
            yield f"analysis.interests: no outcome is called '{interest.outcome}'{advice}"
    for name in study.analysis.series:
        if name not in SERIES_NAMES:
            yield f"analysis.series: no column is called '{name}'{nearest(name, SERIES_NAMES)}"
    yield from _name_problems(study)
    yield from _design_problems(plan)


def _uncertainty_problems(plan: Plan) -> Iterator[str]:
    for key, uncertainty in plan.study.uncertainties.items():
        if key not in parameters():
            yield f"uncertainties: {unknown(key).line}"
            continue
        numeric = parameters()[key].type in ("number", "whole number")
        if not uncertainty.options and not numeric:
            yield f"uncertainties.{key}: takes {parameters()[key].expected}; give options"
            continue
        for value in uncertainty.options or _ends(key, uncertainty):
            try:
                plan.scenario.with_values(**{key: value})
            except ScenarioError as error:
                yield f"uncertainties.{str(error).splitlines()[0]}"


def _ends(key: str, uncertainty: Uncertainty) -> tuple[Value, ...]:
    ends = (uncertainty.low or 0.0, uncertainty.high or 0.0)
    return tuple(round(end) for end in ends) if parameters()[key].type == "whole number" else ends


def _lever_problems(plan: Plan) -> Iterator[str]:
    study = plan.study
    for lever, options in study.levers.items():
        if len(options) < 2:
            yield f"levers.{lever}: expected at least two options"
        touched = {key for values in options.values() for key in values}
        for key in sorted(touched & study.uncertainties.keys()) if not study.options_may_fix else ():
            yield f"levers.{lever}: {key} is an uncertainty too; it cannot be both (see options_may_fix)"
    for lever, first in zip(study.levers, study.design.baseline, strict=False):
        if first not in study.levers[lever]:
            advice = nearest(first, study.levers[lever])
            yield f"design.baseline: lever '{lever}' has no option '{first}'{advice}"
    for combination in plan.combinations[:200]:
        try:
            plan.scenario_of(dict(zip(study.levers, combination, strict=True)), {})
        except ScenarioError as error:
            yield f"levers {', '.join(combination)}: {str(error).splitlines()[0]}"


def _outcome_problems(outcome: Outcome, months: list[str]) -> Iterator[str]:
    if outcome.series is not None and outcome.series not in SERIES_NAMES:
        yield f"no column of the series is called '{outcome.series}'{nearest(outcome.series, SERIES_NAMES)}"
    if outcome.function is not None and outcome.function not in functions():
        advice = nearest(outcome.function, functions())
        yield f"no outcome function is called '{outcome.function}'{advice}"
    for month in (outcome.month, outcome.begin, outcome.end):
        if month is not None and month not in months:
            yield f"{month} is not a month of the run, which goes from {months[0]} to {months[-1]}"


def _name_problems(study: Study) -> Iterator[str]:
    names = [*study.levers, *study.uncertainties, *study.outcomes]
    for name in sorted({name for name in names if names.count(name) > 1} | set(names) & set(BOOKKEEPING)):
        yield f"'{name}' names two columns of the table of runs; call the lever or outcome otherwise"


def _design_problems(plan: Plan) -> Iterator[str]:
    study, kind = plan.study, plan.study.design.kind
    if kind in ("lhs", "sobol", "morris") and not study.uncertainties:
        yield f"design.kind = '{kind}' needs uncertainties"
    if kind in ("sobol", "morris") and len(study.uncertainties) < 2:
        yield f"design.kind = '{kind}' needs at least two uncertainties"
    if kind == "paired" and not study.levers:
        yield "design.kind = 'paired' needs arms or levers"
    if kind == "paired" and not study.common_random_numbers and not study.uncertainties:
        yield "without uncertainties a paired design needs common_random_numbers"
    if len(study.design.baseline) > len(study.levers):
        yield "design.baseline: names more options than there are levers"
    if study.fates is False and any(
        function.needs_fates
        for item in study.outcomes.values()
        if (function := functions().get(item.function or ""))
    ):
        yield "outcome functions that read the fates of firms need fates = true"

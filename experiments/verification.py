"""Whether a saved run is what its manifest says: run again from scenario and seed, and compared."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import networkx as nx

from agents.strategies.base import strategy_names
from experiments.comparison import ACROSS_PLATFORMS, Difference, differences
from model.errors import GridrushError
from model.foreign_files import MANIFEST
from model.industry import Industry
from model.provenance import RESULTS_VERSION, provenance
from model.run import RELATIONS, SCENARIO, TABLES, Run, run_of
from model.scenario import Scenario

MACHINE = ("platform", "processor", "versions", "code_version")
"""What must be the same for numbers to agree to the last bit."""
EXPLAINED = {"code_version": "the code", "platform": "the platform", "processor": "the processor"}


class VerificationError(GridrushError):
    """A run that cannot be run again here."""


class Outcome(NamedTuple):
    """What came of one table or file of a run."""

    name: str
    rows: int | None
    exact: bool
    differences: list[Difference]


class Verification(NamedTuple):
    """What came of a run: of each table and file, and what is other here than where it was made."""

    outcomes: list[Outcome]
    elsewhere: list[str]
    unchecked: list[str]

    @property
    def confirmed(self) -> bool:
        """Whether every table and file is what the run gives."""
        return not any(outcome.differences for outcome in self.outcomes)

    @property
    def exact(self) -> bool:
        """Whether all agree to the last bit."""
        return all(outcome.exact for outcome in self.outcomes)


def verify(folder: Path) -> Verification:
    """Run a saved run again and compare; to the last bit where code, packages and machine are the same.

    Raises:
        GridrushError: If the folder holds no whole run, or it cannot be run again here.
    """
    stored = Run.load(folder)
    scenario = scenario_of(stored, folder)
    elsewhere = other_here(stored.manifest)
    found = again(scenario, stored.manifest)
    tolerance = ACROSS_PLATFORMS if elsewhere else 0.0
    outcomes = [_table(name, stored, found, tolerance) for name in TABLES]
    outcomes += _files(stored, scenario, folder)
    checked = {MANIFEST, RELATIONS, SCENARIO, *(f"{name}.parquet" for name in TABLES)}
    unchecked = sorted(path.name for path in folder.iterdir() if path.name not in checked)
    return Verification(outcomes, elsewhere, unchecked)


def scenario_of(stored: Run, folder: Path) -> Scenario:
    """Return the scenario of a run, if it can be run again here."""
    manifest, place = stored.manifest, folder / MANIFEST
    version = manifest.get("results_version")
    if version != RESULTS_VERSION:
        gridrush = manifest.get("versions", {}).get("gridrush", "unknown")
        advice = f"verify it with the Gridrush that made it ({gridrush})"
        raise VerificationError(
            f"{place}: results version {version}, and this Gridrush gives {RESULTS_VERSION}; {advice}"
        )
    _refuse_unknown_strategies(manifest, place)
    try:
        scenario = stored.scenario
        scenario.check_inputs()
    except GridrushError as error:
        lines = str(error).splitlines()
        raise VerificationError("\n".join(f"{place}: {line}" for line in lines)) from None
    if scenario.parameter_hash() != manifest.get("parameter_hash"):
        what = "parameters, or the tables they name, are not those of the run (parameter_hash differs)"
        raise VerificationError(f"{place}: {what}")
    return scenario


def again(scenario: Scenario, manifest: dict[str, Any]) -> Run:
    """Return the run of a manifest, run now for as many months as it has."""
    months = manifest["months"]
    if months > scenario.horizon.months:
        raise VerificationError(f"{MANIFEST}: {months} months, but the horizon is {scenario.horizon.months}")
    industry = Industry(scenario, rng=manifest["seed"])
    industry.state.recorder.keep = manifest["keep"]
    industry.run_for(months)
    return run_of(industry)


def other_here(manifest: dict[str, Any]) -> list[str]:
    """Return what of code, packages and machine is other here than where the run was made."""
    here = provenance()
    found = []
    for key in MACHINE:
        there = manifest.get(key)
        if there == here[key]:
            continue
        if key != "versions":
            found.append(EXPLAINED[key])
            continue
        made = there if isinstance(there, dict) else {}
        found += [
            f"{name} {version} (made with {made.get(name, 'an unknown version')})"
            for name, version in here[key].items()
            if made.get(name) != version
        ]
    return found


def _refuse_unknown_strategies(manifest: dict[str, Any], place: Path) -> None:
    """Say which strategy is to be named: a run from a stranger never decides what code is loaded."""
    wanted = {
        manifest["parameters"].get("choice.strategy"),
        *(manifest["parameters"].get("choice.mix") or ()),
    }
    for name in sorted(str(name) for name in wanted - {None} - set(strategy_names())):
        file = manifest.get("strategy_file")
        where = f" (the run was made with {file})" if isinstance(file, str) else ""
        advice = "name its file: --strategy PATH.py:NAME"
        raise VerificationError(f"{place}: strategy '{name}' is not known here{where}; {advice}")


def _table(name: str, stored: Run, found: Run, tolerance: float) -> Outcome:
    one, other = getattr(stored, name), getattr(found, name)
    apart = differences(name, one, other)
    return Outcome(name, len(one), not apart, differences(name, one, other, tolerance) if apart else [])


def _files(stored: Run, scenario: Scenario, folder: Path) -> list[Outcome]:
    """Compare the files that repeat what tables and manifest say; no stranger's XML or TOML is parsed."""
    with tempfile.TemporaryDirectory() as aside:
        graph = Path(aside) / RELATIONS
        nx.write_graphml(stored.relations, graph)
        wanted = {RELATIONS: ("its tables give", graph.read_bytes())}
    wanted[SCENARIO] = ("its manifest gives", scenario.to_toml().encode())
    return [_file(folder / name, source, text) for name, (source, text) in wanted.items()]


def _file(path: Path, source: str, wanted: bytes) -> Outcome:
    if not path.is_file():
        found = [Difference(path.name, "", "missing")]
    elif path.stat().st_size != len(wanted) or path.read_bytes() != wanted:
        found = [Difference(path.name, "", f"not what {source}")]
    else:
        found = []
    return Outcome(path.name, None, not found, found)

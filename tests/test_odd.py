"""The ODD page and the code name the same things: parameters, variables, steps of the month, submodels."""

import ast
import importlib
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents import tables
from agents.columns import Column
from agents.strategies import rules
from model.parameter_table import GROUPS, parameters
from model.parameters.bitcoin import Bitcoin
from model.parameters.power import Power
from model.tick import TICK

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "scripts"
PAGE = (ROOT / "docs" / "odd.md").read_text(encoding="utf-8")
WRITTEN = re.sub(r"<!-- ([\w-]+):begin -->.*?<!-- \1:end -->", "", PAGE, flags=re.DOTALL)
"""The page without its generated tables: what a person has to keep up to date."""
SUBMODELS = WRITTEN.partition("\n## 7 Submodels\n")[2].partition("\n## Parameters\n")[0]
QUOTED = set(re.findall(r"`([^`\n]+)`", WRITTEN))
LISTED = set(
    re.findall(r"`([\w.]+)`", "".join(re.findall(r"^Parameters: .*?\n\n", WRITTEN, re.DOTALL | re.MULTILINE)))
)
"""Parameters that stand at the end of the section they belong to."""
PACKAGES = ("agents", "model", "experiments", "viz")
NOT_SUBMODELS = {"checks"}
"""Modules of formulas that describe no part of the world."""


def resolved(name: str) -> Any:
    """Return what a dotted name stands for: a module, or something in one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            found = getattr(found, part)
        return found
    raise AttributeError(name)


def formulas() -> Iterator[str]:
    for path in sorted((ROOT / "agents" / "economics").glob("*.py")):
        if path.stem not in NOT_SUBMODELS:
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    yield f"agents.economics.{path.stem}.{node.name}"


def chapters(text: str) -> list[str]:
    return re.findall(r"^### (7\.\d+ .+)$", text, flags=re.MULTILINE)


def chapter(title: str) -> str:
    return SUBMODELS.partition(f"### {title}\n")[2].partition("\n### ")[0]


def flat(text: str) -> str:
    return " ".join(text.split())


def test_all_seven_elements_and_eleven_concepts_are_there():
    elements = re.findall(r"^## (\d) (.+)$", WRITTEN, flags=re.MULTILINE)
    assert [name for _, name in elements] == [
        "Purpose and patterns",
        "Entities, state variables and scales",
        "Process overview and scheduling",
        "Design concepts",
        "Initialization",
        "Input data",
        "Submodels",
    ]
    concepts = re.findall(r"^### 4\.\d+ (.+)$", WRITTEN, flags=re.MULTILINE)
    assert concepts == [
        "Basic principles",
        "Emergence",
        "Adaptation",
        "Objectives",
        "Learning",
        "Prediction",
        "Sensing",
        "Interaction",
        "Stochasticity",
        "Collectives",
        "Observation",
        "Heterogeneity (+ D)",
    ]


def test_the_tables_are_those_of_the_code():
    done = subprocess.run(
        [sys.executable, SCRIPTS / "odd_tables.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_every_table_of_variables_is_shown():
    declared = [value for value in vars(tables).values() if isinstance(value, tuple) and value]
    declared = [columns for columns in declared if all(isinstance(one, Column) for one in columns)]
    assert len(declared) >= 6
    shown = {
        match[1]: set(re.findall(r"^\| `(\w+)` \|", match[2], flags=re.MULTILINE))
        for match in re.finditer(
            r"<!-- entity-(\w+):begin -->(.*?)<!-- entity-\1:end -->", PAGE, flags=re.DOTALL
        )
    }
    for columns in declared:
        assert any({column.name for column in columns} <= names for names in shown.values())


@pytest.mark.parametrize("name", sorted(parameters()))
def test_a_parameter_belongs_to_a_section(name: str):
    assert name in LISTED


def test_no_parameter_is_named_that_is_gone():
    named = {name for name in QUOTED if name.partition(".")[0] in GROUPS and name.count(".") == 1}
    assert sorted(named - set(parameters())) == []


@pytest.mark.parametrize("phase", TICK, ids=lambda phase: phase.name)
def test_a_step_of_the_month_is_described_as_a_submodel(phase):
    for step in phase.steps:
        assert f"`{step.__module__}.{step.__name__}`" in SUBMODELS


@pytest.mark.parametrize("name", list(formulas()))
def test_a_formula_belongs_to_a_submodel(name: str):
    assert f"`{name}`" in SUBMODELS


def test_names_of_code_are_found_in_the_code():
    dotted = {name for name in QUOTED if re.fullmatch(rf"(?:{'|'.join(PACKAGES)})(?:\.\w+)+", name)}
    assert len(dotted) > 100
    missing = []
    for name in dotted:
        try:
            resolved(name)
        except AttributeError:
            missing.append(name)
    assert sorted(missing) == []


def test_files_named_are_there():
    files = {name for name in QUOTED if re.fullmatch(r"[\w/]+\.(?:py|csv|md)", name)}
    assert files
    found = [name for name in files if (ROOT / name).is_file() or (ROOT / "model/data" / name).is_file()]
    assert sorted(files - set(found)) == []


def test_every_rule_a_miner_can_follow_is_named():
    shipped = {rule.name for rule in vars(rules).values() if _is_rule(rule)}
    assert shipped
    for name in shipped:
        assert f"`{name}`" in SUBMODELS


def _is_rule(thing: object) -> bool:
    return isinstance(thing, type) and bool(getattr(thing, "citation", ""))


def test_every_price_process_and_queue_mode_is_described():
    words = {
        "constant": "constant",
        "path": "a path",
        "gbm": "geometric Brownian motion",
        "regime": "regimes",
        "bootstrap": "bootstrap",
        "jump": "jump",
    }
    processes = Bitcoin.model_fields["price_process"].annotation.__args__
    assert set(words) == set(processes)
    assert not [kind for kind in processes if words[kind] not in flat(chapter("7.1 Bitcoin price"))]
    modes = {
        "batch": "batch studies",
        "fcfs": "first come first served",
        "entry_fee": "entry fee",
        "auction": "auction",
    }
    assert set(modes) == set(Power.model_fields["queue_mode"].annotation.__args__)
    assert not [word for word in modes.values() if word not in flat(chapter("7.9 Connections and queues"))]


@pytest.mark.parametrize("title", chapters(WRITTEN))
def test_a_submodel_names_its_code_and_its_reason(title: str):
    text = chapter(title)
    assert re.search(r"`(?:model|agents)\.[\w.]+`", text)
    if not title.endswith("beside the run"):
        assert "*Why:*" in text
        assert "\nParameters: " in text


def reading_modules() -> dict[str, set[str]]:
    """Return the modules that read each parameter."""
    path = ROOT / "tests" / "model" / "test_parameters_used.py"
    spec = importlib.util.spec_from_file_location("parameters_used", path)
    reader = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reader)
    found: dict[str, set[str]] = {}
    for file in [*(ROOT / "model").glob("*.py"), *(ROOT / "agents").rglob("*.py")]:
        for name in reader.used_in(file.read_text(encoding="utf-8")) & set(parameters()):
            found.setdefault(name, set()).add(".".join(file.relative_to(ROOT).with_suffix("").parts))
    return found


def modules_named(text: str) -> set[str]:
    parts = [name.split(".") for name in re.findall(r"`((?:model|agents)\.[\w.]+)`", text)]
    return {".".join(words[:length]) for words in parts for length in (2, 3)}


def test_a_parameter_is_read_by_code_that_its_section_names_or_on_the_first_day():
    reading, first_day = (
        reading_modules(),
        modules_named(WRITTEN.partition("\n## 5 ")[2].partition("\n## 6 ")[0]),
    )
    astray = []
    for section in re.split(r"\n(?=##+ )", WRITTEN):
        named = modules_named(section) | first_day
        for listed in re.findall(r"^Parameters: (.*?)(?:\n\n|\Z)", section, re.DOTALL | re.MULTILINE):
            names = re.findall(r"`([\w.]+)`", listed)
            astray += [
                (section.splitlines()[0], name) for name in names if not reading.get(name, set()) & named
            ]
    assert astray == []

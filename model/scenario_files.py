"""Scenario files: TOML that holds only what differs from the scenario it extends.

`load_scenario` reads the chain of files, lays them over each other and has the result checked.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from model.errors import ScenarioError, ScenarioFileError
from model.parameter_table import parameters, shown
from model.scenario import Scenario
from model.scenario_inputs import read_text
from model.scenario_values import EXTENDS, NONE, Values, flatten

SHIPPED = Path(__file__).parent / "scenarios"
REFERENCE = "reference"

LONGEST_NAME = 200


def load_scenario(name_or_path: str | Path = "reference", **dotted: Any) -> Scenario:  # noqa: ANN401
    """Return a shipped scenario by name, or one from a TOML file, with some values replaced.

    `load_scenario("reference", **{"ai.demand_gw": 80})`; overrides as text go through `parse_overrides`.
    """
    values = read_values(name_or_path)
    values.put(flatten(dotted))
    scenario = Scenario.of(values)
    scenario.check_inputs()
    return scenario


def describe_scenarios() -> dict[str, str]:
    """Return what each shipped scenario is, in a line."""
    return {name: load_scenario(name).description for name in scenario_names()}


def scenario_names() -> list[str]:
    """Return the names of the shipped scenarios, the reference first."""
    return sorted((path.stem for path in SHIPPED.glob("*.toml")), key=lambda name: (name != REFERENCE, name))


def read_values(name_or_path: str | Path) -> Values:
    """Return what a scenario and those it extends set, the most basic first."""
    path: Path | None = locate(name_or_path, Path())
    layers: list[tuple[Path, dict[str, Any]]] = []
    while path is not None:
        seen = [layer for layer, _ in layers]
        if path.resolve() in [layer.resolve() for layer in seen]:
            raise _circle([*seen, path])
        document = _parse(path)
        layers.append((path, document))
        path = _parent(path, document)
    merged = Values()
    for path, document in reversed(layers):
        merged.put(_layer(path, document), _label(path))
    path, document = layers[0]
    own = {"name": path.stem, "description": f"{document.get(EXTENDS, REFERENCE)} with other values"}
    merged.put({key: value for key, value in own.items() if key not in document}, _label(path))
    return merged


def locate(name_or_path: str | Path, folder: Path) -> Path:
    """Return the file of a shipped scenario or of a path, relative ones from the folder."""
    text = str(name_or_path)
    if not isinstance(name_or_path, str | Path) or not text.strip():
        raise ScenarioFileError(f"expected the name or path of a scenario, got {shown(name_or_path)}")
    shipped = scenario_names()
    if text in shipped:
        return SHIPPED / f"{text}.toml"
    path = Path(text)
    if path.suffix.lower() == ".toml" or len(path.parts) > 1 or (folder / text[:LONGEST_NAME]).exists():
        return _regular(folder / path)
    near = get_close_matches(text.lower(), shipped, 1)
    advice = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(shipped)}"
    raise ScenarioFileError(f"no scenario is called {shown(text)}; {advice} (a file ends in .toml)")


def parse_overrides(texts: Iterable[str]) -> dict[str, Any]:
    """Return `["ai.demand_gw=80"]` as `{"ai.demand_gw": 80}`: values as in TOML, plain words as text."""
    return dict(_parse_override(text) for text in texts)


def _parse_override(text: str) -> tuple[str, Any]:
    key, equals, value = (part.strip() for part in text.partition("="))
    if not (equals and key and value):
        raise ScenarioError(f"cannot set {shown(text)}: expected KEY=VALUE, such as ai.demand_gw=80")
    try:
        parsed = tomllib.loads(f"value = {value}")
    except (ValueError, RecursionError):
        return key, value
    simple = len(parsed) == 1 and isinstance(parsed["value"], bool | int | float | str | list | dict)
    return key, parsed["value"] if simple else value


def _parent(path: Path, document: Mapping[str, Any]) -> Path | None:
    if EXTENDS not in document:
        return None
    parent = document[EXTENDS]
    if not isinstance(parent, str) or not parent.strip():
        what = f"expected the name or path of a scenario, got {shown(parent)}"
        raise ScenarioFileError(f"{_label(path)}: extends: {what}")
    try:
        return locate(parent, path.parent)
    except ScenarioFileError as error:
        raise ScenarioFileError(f"{_label(path)}: extends: {error}") from None


def _layer(path: Path, document: Mapping[str, Any]) -> dict[str, Any]:
    values = flatten({key: value for key, value in document.items() if key != EXTENDS})
    for key, value in values.items():
        known = parameters().get(key)
        if known and known.unit in ("file", "folder") and isinstance(value, str) and value != NONE:
            values[key] = os.path.normpath(path.parent.absolute() / Path(value).expanduser())
    return values


def _regular(path: Path) -> Path:
    try:
        path = path.expanduser()
        if path.is_file():
            return path
        what = "is a folder, not a scenario file" if path.is_dir() else "is not a regular file"
        what = what if path.exists() else _missing(path)
    except (OSError, ValueError, RuntimeError) as error:
        what = f"no path that can be read ({getattr(error, 'strerror', None) or error})"
    raise ScenarioFileError(f"{str(path)[:LONGEST_NAME]}: {what}")


def _missing(path: Path) -> str:
    if path.stem in scenario_names():
        return f"there is no such file; the shipped scenario is called '{path.stem}'"
    near = get_close_matches(path.stem, [other.stem for other in path.parent.glob("*.toml")], 1)
    return "there is no such file" + (f"; did you mean '{path.with_stem(near[0])}'?" if near else "")


def _parse(path: Path) -> dict[str, Any]:
    text = read_text(path)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioFileError(f"{_label(path)}: not valid TOML: {error}") from None
    except (RecursionError, ValueError):
        what = "not a scenario: nested too deeply, or a number with thousands of digits"
        raise ScenarioFileError(f"{_label(path)}: {what}") from None
    if not document:
        raise ScenarioFileError(f"{_label(path)}: empty; expected a line such as extends = 'reference'")
    return document


def _label(path: Path) -> str:
    return f"scenario '{path.stem}'" if path.parent == SHIPPED else str(path)


def _circle(chain: list[Path]) -> ScenarioFileError:
    names = " -> ".join(_label(path) for path in chain)
    return ScenarioFileError(f"extends goes round in a circle: {names}")

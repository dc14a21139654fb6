"""Scenario files: TOML that holds only what differs from the scenario it extends.

Reading yields plain values by dotted name and where each came from; `model.scenario` checks them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from model.errors import Problem, ScenarioError, ScenarioFileError
from model.parameter_table import GROUPS, parameters, shown

SHIPPED = Path(__file__).parent / "scenarios"
REFERENCE = "reference"
EXTENDS = "extends"
NONE = "none"
"""What a file or the command line writes for a value that is not there, TOML having no word for it."""

LARGEST_FILE = 1_000_000
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
    path = folder / Path(text).expanduser()
    if path.suffix.lower() == ".toml" or len(Path(text).parts) > 1 or path.exists():
        return _regular(path)
    near = get_close_matches(text.lower(), shipped, 1)
    advice = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(shipped)}"
    raise ScenarioFileError(f"no scenario is called {shown(text)}; {advice} (a file ends in .toml)")


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
            values[key] = str((path.parent / Path(value).expanduser()).absolute())
    return values


def _regular(path: Path) -> Path:
    try:
        if path.is_file():
            return path
        what = "is a folder, not a scenario file" if path.is_dir() else "is not a regular file"
        if not path.exists():
            what = "there is no such file"
            near = get_close_matches(path.name, [other.name for other in path.parent.glob("*.toml")], 1)
            what += f"; did you mean '{path.with_name(near[0])}'?" if near else ""
    except (OSError, ValueError) as error:
        what = f"not a path that can be read ({getattr(error, 'strerror', None) or error})"
    raise ScenarioFileError(f"{path}: {what}")


def _parse(path: Path) -> dict[str, Any]:
    text = read_text(path)
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise ScenarioFileError(f"{_label(path)}: not a scenario: tables nested too deeply") from None
    except ValueError as error:
        raise ScenarioFileError(f"{_label(path)}: not valid TOML: {error}") from None
    if not document:
        raise ScenarioFileError(f"{_label(path)}: empty; expected a line such as extends = 'reference'")
    return document


def read_text(path: Path) -> str:
    """Return the text of a file the user named."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ScenarioFileError(f"{path}: larger than {LARGEST_FILE // 1_000_000} MB, not a scenario")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ScenarioFileError(f"{path}: not UTF-8 text (byte {error.start} cannot be read)") from None
    except OSError as error:
        raise ScenarioFileError(f"{path}: cannot be read ({error.strerror or error})") from None


def _label(path: Path) -> str:
    return f"scenario '{path.stem}'" if path.parent == SHIPPED else str(path)


def _circle(chain: list[Path]) -> ScenarioFileError:
    names = " -> ".join(_label(path) for path in chain)
    return ScenarioFileError(f"extends goes round in a circle: {names}")

"""Study files: read from TOML or by the name of a shipped study, and written back resolved.

What is wrong is said in one line each, with the key it is about and the nearest right one.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from experiments.study import Analysis, Design, Interest, Outcome, Study, Uncertainty
from model.errors import GridrushError
from model.parameter_table import shown
from model.scenario_inputs import read_text

SHIPPED = Path(__file__).parent / "studies"
ARMS, ARM = "arms", "arm"
SECTIONS: dict[str, type[BaseModel]] = {
    "uncertainties": Uncertainty,
    "outcomes": Outcome,
    "design": Design,
    "analysis": Analysis,
    "interests": Interest,
}
KNOWN = (*(field.alias or name for name, field in Study.model_fields.items()), ARMS)


class StudyError(GridrushError):
    """A study that is misspelt, incomplete or contradicts itself or its scenario."""


def study_names() -> list[str]:
    """Return the names of the shipped studies."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def locate_study(name_or_path: str | Path) -> Path:
    """Return the file of a shipped study or of a path."""
    text = str(name_or_path)
    if text in study_names():
        return SHIPPED / f"{text}.toml"
    path = Path(text)
    if path.is_file():
        return path
    if path.suffix == ".toml" or len(path.parts) > 1:
        what = "is a folder, not a study file" if path.is_dir() else "there is no such file"
        raise StudyError(f"{path}: {what}")
    near = get_close_matches(text, study_names(), 1)
    advice = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(study_names())}"
    raise StudyError(f"no study is called {shown(text)}; {advice} (a file ends in .toml)")


def load_study(name_or_path: str | Path) -> Study:
    """Return a shipped study by name, or one from a TOML file."""
    path = locate_study(name_or_path)
    label = f"study '{path.stem}'" if path.parent == SHIPPED else str(path)
    text = read_text(path)
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise StudyError(f"{label}: not valid TOML: {error}") from None
    document.setdefault("name", path.stem)
    return parse_study(document, label, path.parent)


def parse_study(document: Mapping[str, Any], label: str = "study", folder: Path | None = None) -> Study:
    """Return the study a document describes; relative scenario files are looked for in the folder."""
    tree = dict(document)
    _join_arms(tree, label)
    for section in ("set", "uncertainties"):
        if isinstance(tree.get(section), Mapping):
            tree[section] = dict(_dotted(tree[section]))
    if isinstance(tree.get("scenario"), str) and folder is not None:
        tree["scenario"] = _beside(tree["scenario"], folder)
    if isinstance(tree.get("strategies"), list) and folder is not None:
        tree["strategies"] = [str((folder / str(item)).absolute()) for item in tree["strategies"]]
    try:
        return Study(**tree)
    except ValidationError as error:
        lines = [f"{label}: {_line(detail)}" for detail in error.errors()]
        raise StudyError("\n".join(dict.fromkeys(lines))) from None
    except TypeError:
        raise StudyError(f"{label}: keys must be text") from None


def to_toml(study: Study) -> str:
    """Return the study as the text of a study file; reading it gives the same study."""
    tree = study.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True)
    tree = {"name": study.name, **tree}
    plain = [f"{key} = {_toml(value)}" for key, value in tree.items() if not isinstance(value, dict)]
    tables = []
    for key, value in tree.items():
        if isinstance(value, dict):
            tables += ["", f"[{key}]", *(f"{_key(name)} = {_toml(entry)}" for name, entry in value.items())]
    return "\n".join([*plain, *tables]) + "\n"


def nearest(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean ...?" when something known comes near, else a list of what there is."""
    known = list(known)
    near = get_close_matches(word, known, 1, cutoff=0.55)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; there are {', '.join(known)}" if 0 < len(known) <= 16 else ""


def _join_arms(tree: dict[str, Any], label: str) -> None:
    if ARMS not in tree:
        return
    levers = dict(tree.get("levers") or {})
    if ARM in levers:
        raise StudyError(f"{label}: arms and a lever called 'arm' are the same thing; give one of them")
    tree["levers"] = {ARM: tree.pop(ARMS), **levers}


def _dotted(tree: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for key, value in tree.items():
        if "." in key or not isinstance(value, Mapping):
            yield key, value
        else:
            yield from ((f"{key}.{field}", entry) for field, entry in value.items())


def _beside(scenario: str, folder: Path) -> str:
    path = Path(scenario)
    beside = folder / path
    return str(beside.absolute()) if path.suffix == ".toml" and not path.is_absolute() else scenario


def _line(detail: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in detail["loc"])
    kind, value = detail["type"], detail["input"]
    if kind == "extra_forbidden":
        return f"unknown key '{place}'{nearest(str(detail['loc'][-1]), _siblings(detail['loc']))}"
    if kind == "missing":
        return f"{place}: missing"
    if kind == "value_error":
        return f"{place + ': ' if place else ''}{detail['ctx']['error']}"
    if kind == "literal_error":
        options = detail["ctx"]["expected"].replace(" or ", ", ").replace("'", "").split(", ")
        return f"{place}: expected one of {', '.join(options)}, got {shown(value)}{_meant(value, options)}"
    message = detail["msg"][0].lower() + detail["msg"][1:]
    return f"{place}: {message.replace('input should be', 'expected')}, got {shown(value)}"


def _meant(value: Any, options: list[str]) -> str:  # noqa: ANN401
    near = get_close_matches(str(value), options, 1)
    return f"; did you mean '{near[0]}'?" if near else ""


def _siblings(place: tuple[int | str, ...]) -> tuple[str, ...]:
    if len(place) == 1:
        return KNOWN
    section = "interests" if "interests" in place else str(place[0])
    model = SECTIONS.get(section)
    return tuple(field.alias or name for name, field in model.model_fields.items()) if model else ()


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else json.dumps(name)


def _toml(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(name)} = {_toml(entry)}" for name, entry in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(entry) for entry in value) + "]"
    return json.dumps(value, ensure_ascii=False)

"""Text, JSON and TOML from strangers: regular files only, of a size a manifest can have, nested as one is."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from model.errors import GridrushError

MANIFEST = "manifest.json"
LARGEST = 10_000_000
"""Bytes; the manifest of a study with thousands of sessions has a tenth."""


def foreign_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        OSError: If there is none or it cannot be read.
        ValueError: If it is no regular file, too large, or not UTF-8.
    """
    size = path.stat().st_size
    if not path.is_file():
        raise ValueError("not a regular file")
    if size > LARGEST:
        raise ValueError(f"larger than {LARGEST // 1_000_000} MB")
    return path.read_text(encoding="utf-8")


def foreign_json(path: Path) -> Any:  # noqa: ANN401
    """Return what a JSON file says; errors as above."""
    try:
        return json.loads(foreign_text(path))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def foreign_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file says; errors as above."""
    try:
        return tomllib.loads(foreign_text(path))
    except RecursionError:
        raise ValueError("nested too deeply") from None


class Format(NamedTuple):
    """What a folder with a manifest may hold, and what is raised when it does not."""

    name: str
    version: int
    holding: str
    error: type[GridrushError]


def foreign_manifest(folder: Path, wanted: Format) -> dict[str, Any]:
    """Return the manifest of a folder if it is of the format that is wanted, else raise its error."""
    path = folder / MANIFEST
    if not folder.is_dir():
        raise wanted.error(f"{folder}: there is no such folder")
    try:
        found = foreign_json(path)
    except FileNotFoundError:
        raise wanted.error(f"{folder}: holds no {wanted.holding} ({MANIFEST} is missing)") from None
    except (OSError, ValueError) as error:
        raise wanted.error(f"{path}: damaged ({reason(error)})") from None
    if not isinstance(found, dict) or found.get("format") != wanted.name:
        raise wanted.error(f"{path}: not the manifest of a {wanted.holding}")
    version = found.get("format_version")
    if version != wanted.version:
        raise wanted.error(f"{path}: format {version}, and this Gridrush reads {wanted.version}")
    return found


def reason(error: Exception) -> str:
    """Return why something could not be read or written, in a line."""
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(text.split())[:200] or type(error).__name__

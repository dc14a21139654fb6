"""Text, JSON and TOML from strangers: regular files only, of a size a manifest can have, nested as one is."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

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

"""Where numbers come from: the code, the packages and the machine that computed them."""

from __future__ import annotations

import datetime
import hashlib
import importlib.metadata
import platform
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

RESULTS_VERSION = 3
"""Raised whenever the same scenario and seed give other numbers than before; `make reference` does it."""

PACKAGES = ("gridrush", "numpy", "scipy", "mesa", "pandas", "pyarrow", "networkx", "pydantic")
ROOT = Path(__file__).resolve().parents[1]
CODE = ("agents", "model")
"""Packages whose files decide what a run computes."""
LOCK = "requirements.lock"

_code: dict[str, str] = {}


def provenance() -> dict[str, Any]:
    """Return what every manifest says of the code and the machine."""
    return {
        "results_version": RESULTS_VERSION,
        "code_version": code_version(),
        "versions": versions(),
        "platform": platform.platform(),
        "processor": processor(),
        "git": git_state(),
        "lock": lock_state(),
    }


def begun(seconds: float = 0.0) -> str:
    """Return the time so many seconds ago, in UTC."""
    now = datetime.datetime.now(datetime.UTC)
    return (now - datetime.timedelta(seconds=seconds)).isoformat(timespec="seconds")


def code_version() -> str:
    """Return a hash of the code and tables that decide what a run computes; read once a process."""
    if "version" not in _code:
        digest = hashlib.sha256(f"{RESULTS_VERSION}\n".encode())
        for package in CODE:
            for path in sorted((ROOT / package).rglob("*")):
                if path.suffix in {".py", ".csv"}:
                    digest.update(f"{path.relative_to(ROOT).as_posix()}\n".encode())
                    digest.update(path.read_bytes())
        _code["version"] = digest.hexdigest()[:20]
    return _code["version"]


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on."""
    return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}


@cache
def processor() -> str:
    """Return the kind of processor, and which vector instructions numpy uses: last digits depend on them."""
    found = np.show_config(mode="dicts").get("SIMD Extensions", {})
    extensions = [*found.get("baseline", []), *found.get("found", [])]
    return " ".join([platform.machine(), *extensions])


@cache
def git_state() -> dict[str, Any] | None:
    """Return revision and cleanness of the checkout the code runs from; None when it is no checkout."""
    if not (ROOT / ".git").exists():
        return None
    revision = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain", "--untracked-files=no")
    return None if revision is None else {"revision": revision, "clean": changes == ""}


@cache
def lock_state() -> dict[str, Any] | None:
    """Return the hash of the lock file, and which of the packages above are not as it has them."""
    text = _lock_file()
    if not text:
        return None
    locked = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", text, flags=re.MULTILINE))
    found = {name: version for name, version in versions().items() if name in locked}
    others = [
        f"{name} {have} (locked {locked[name]})" for name, have in found.items() if have != locked[name]
    ]
    return {"sha256": hashlib.sha256(text.encode()).hexdigest(), "not_as_locked": others}


def _lock_file() -> str | None:
    if (ROOT / "pyproject.toml").is_file() and (ROOT / LOCK).is_file():
        return (ROOT / LOCK).read_text(encoding="utf-8")
    try:
        return importlib.metadata.distribution("gridrush").read_text(f"extra_metadata/{LOCK}")
    except importlib.metadata.PackageNotFoundError:
        return None


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"

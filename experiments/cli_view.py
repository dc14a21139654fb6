"""`gridrush view`: starts the live view in a process of its own and stays until it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from model.errors import GridrushError
from model.scenario_files import load_scenario


def view(folder: Path | None, port: int, scenario: str) -> int:
    """Serve the view until it is interrupted; return its exit status.

    Raises:
        GridrushError: If the folder holds nothing to show, or the scenario does not exist.
    """
    if folder and not (folder / "manifest.json").is_file():
        raise GridrushError(f"{folder}: holds neither a run nor a study (manifest.json is missing)")
    load_scenario(scenario)
    command = [sys.executable, "-m", "viz", "--port", str(port), "--scenario", scenario]
    if folder:
        command.append(str(folder))
    try:
        return subprocess.run(command, check=False).returncode
    except KeyboardInterrupt:
        return 0

"""`gridrush view`: starts the live view in a process of its own and stays until it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def view(folder: Path | None, port: int, scenario: str) -> int:
    """Serve the view until it is interrupted; return its exit status. What cannot be shown it says itself."""
    command = [sys.executable, "-m", "viz", "--port", str(port), "--scenario", scenario]
    if folder:
        command.append(str(folder))
    try:
        return subprocess.run(command, check=False).returncode
    except KeyboardInterrupt:
        return 0

"""`gridrush analyse`: figures, tables and a report of a study."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from experiments.analysis.analyse import analyse
from experiments.strategy_files import register_entry_points


def analyse_and_report(folder: Path) -> None:
    """Analyse a study and say where the report is."""
    register_entry_points()
    console = Console(stderr=True)
    if console.is_terminal:
        with console.status("reading") as status:
            report = analyse(folder, status.update)
    else:
        report = analyse(folder)
    figures = len(list(report.parent.glob("*.png")))
    print(f"{report}: {figures} figures, each as PNG, PDF and CSV beside it")

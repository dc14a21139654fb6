"""Figures on disk: each as PNG, PDF and the CSV behind it, with where it came from in the file itself."""

from __future__ import annotations

import datetime
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from experiments.analysis.material import Material
from experiments.figures import STYLE
from experiments.store_files import put_json, replaced
from model.manifest import PURPOSE
from model.provenance import git_state, versions

DOTS = 120
MICRO: dict[Any, Any] = STYLE | {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "legend.fontsize": 8.5,
    "axes.spines.right": False,
    "figure.titlesize": 12,
    "pdf.fonttype": 42,
}
"""The style of figures with many panels; fonts stay text in the PDF."""


@dataclass
class Item:
    """A figure, a table or a remark of the report; a remark has neither figure nor table."""

    name: str
    title: str
    words: str
    table: pd.DataFrame
    figure: bool


@dataclass
class Album:
    """What an analysis has made so far, and the folder it goes into."""

    folder: Path
    material: Material
    items: list[Item] = field(default_factory=list)

    @property
    def provenance(self) -> dict[str, Any]:
        """Return where everything here comes from."""
        manifest = self.material.store.manifest
        return {
            "study": manifest["study"],
            "digest": manifest["digest"],
            "code_version": manifest["code_version"],
            "parameter_hash": manifest["parameter_hash"],
            "runs": len(self.material.runs),
            "runs_failed": len(self.material.failed),
            "runs_planned": manifest["runs"],
            "gridrush": versions()["gridrush"],
            "git_of_the_runs": manifest["git"],
            "git_of_the_analysis": git_state(),
            "purpose": PURPOSE,
        }

    def table(self, name: str, title: str, words: str, table: pd.DataFrame) -> None:
        """Keep a table."""
        if table.empty:
            return
        with replaced(self.folder / f"{name}.csv") as other:
            table.to_csv(other, index=False, float_format="%.8g")
        self.items.append(Item(name, title, words, table, figure=False))

    def figure(self, name: str, title: str, words: str, drawn: Figure, table: pd.DataFrame) -> None:
        """Keep a figure and the numbers behind it."""
        drawn.suptitle(title, x=0.01, ha="left", fontweight="bold")
        note = f"study {self.material.plan.study.name}, {len(self.material.runs)} runs. {PURPOSE}"
        drawn.supxlabel(note, fontsize=7, color="#555555", x=0.01, ha="left")
        text = json.dumps(self.provenance, ensure_ascii=False)
        png = {"Title": title, "Description": words, "Software": "Gridrush", "Source": text}
        pdf = {
            "Title": title,
            "Subject": words,
            "Creator": "Gridrush",
            "Keywords": text,
            "CreationDate": None,
        }
        with mpl.rc_context(MICRO):
            for kind, metadata in (("png", png), ("pdf", pdf)):
                with replaced(self.folder / f"{name}.{kind}") as other:
                    drawn.savefig(other, dpi=DOTS, format=kind, metadata=metadata)
        with replaced(self.folder / f"{name}.csv") as other:
            table.to_csv(other, index=False, float_format="%.8g")
        self.items.append(Item(name, title, words, table, figure=True))

    def note(self, name: str, title: str, words: str) -> None:
        """Keep a remark."""
        self.items.append(Item(name, title, words, pd.DataFrame(), figure=False))

    def close(self) -> None:
        """Write down where everything comes from, with a hash of each file."""
        files = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.folder.iterdir())
            if path.suffix in {".png", ".pdf", ".csv", ".html"}
        }
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        put_json(self.folder / "provenance.json", self.provenance | {"written": now, "sha256": files})

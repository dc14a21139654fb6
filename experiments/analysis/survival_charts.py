"""Survival curves, a panel per exposure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.figure import Figure

from experiments.analysis.charts import panels, shortened
from experiments.analysis.survival import EXPOSURES
from model import palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def survival_figure(table: pd.DataFrame) -> Figure:
    """Return Kaplan-Meier curves with their bands."""

    def draw(axes: Axes, exposure: str) -> None:
        rows = table[table["exposure"] == exposure]
        groups = list(dict.fromkeys(rows["group"]))[: len(palette.ARMS)]
        for colour, group in zip(palette.ARMS, groups, strict=False):
            own = rows[rows["group"] == group]
            axes.fill_between(
                own["month"], own["low"], own["high"], step="post", color=colour, alpha=0.2, linewidth=0
            )
            label = f"{group} ({own['firms'].iloc[0]} firms)" if exposure in EXPOSURES else group
            axes.step(
                own["month"],
                own["survival"],
                where="post",
                color=colour,
                linewidth=1.8,
                label=shortened(label),
            )
        axes.set_ylim(0.0, 1.02)
        axes.set_xlabel("months")
        axes.set_ylabel("share still there")
        axes.set_title(EXPOSURES.get(exposure, "all arms"))
        axes.legend(loc="lower left")

    return panels(list(dict.fromkeys(table["exposure"])), draw, 3.6, columns=2)

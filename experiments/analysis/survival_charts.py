"""Survival curves, a panel per exposure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.analysis.charts import MOST_ARMS, look, panels, shortened
from experiments.analysis.survival import EXPOSURES

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def survival_figure(table: pd.DataFrame) -> Figure:
    """Return Kaplan-Meier curves with their bands."""

    def draw(axes: Axes, exposure: str) -> None:
        rows = table.loc[table["exposure"] == exposure]
        for number, group in enumerate(list(dict.fromkeys(rows["group"]))[:MOST_ARMS]):
            own = rows.loc[rows["group"] == group]
            months, style = own["month"], look(number)
            colour = style["color"]
            axes.fill_between(
                months, own["low"], own["high"], step="post", color=colour, alpha=0.2, linewidth=0
            )
            firms = f"{group} ({own['firms_a_run'].iloc[0]:.0f} firms a run)"
            label = shortened(firms if exposure in EXPOSURES else group, 40)
            axes.step(months, own["survival"], where="post", linewidth=1.8, label=label, **style)
        # Small losses stay visible; the axis says where it begins.
        lowest = float(rows["low"].min())
        axes.set_ylim(max(0.0, np.floor(10 * lowest - 1) / 10), 1.01)
        axes.set_xlabel("months")
        axes.set_ylabel("share still there")
        axes.set_title(EXPOSURES.get(exposure, "all arms"))
        axes.legend(loc="lower left", ncols=1 if rows["group"].nunique() < 6 else 2)

    return panels(list(dict.fromkeys(table["exposure"])), draw, 3.6, columns=2)

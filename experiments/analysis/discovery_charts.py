"""Boxes of PRIM: how they were peeled, and where the chosen one lies."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.analysis.charts import shortened
from experiments.analysis.discovery import inputs, of_interest
from experiments.analysis.material import Material
from experiments.analysis.saving import MICRO
from experiments.study import Interest
from model import palette


def prim_figure(
    material: Material, interest: Interest, trajectory: pd.DataFrame, limits: pd.DataFrame
) -> Figure:
    """Return the trajectory on the left and the limits of the chosen box on the right."""
    with mpl.rc_context(MICRO):
        figure = Figure(figsize=(12.0, max(3.6, 0.5 * len(limits) + 2.0)), layout="constrained")
        left, right = figure.subplots(1, 2)
        _trajectory(left, trajectory, float(of_interest(material, interest).mean()))
        _box(right, material, limits)
    return figure


def _trajectory(axes: Axes, trajectory: pd.DataFrame, share: float) -> None:
    shown = axes.scatter(
        trajectory["coverage"], trajectory["density"], c=trajectory["res_dim"], cmap="cividis", s=22
    )
    chosen = trajectory.loc[trajectory["chosen"]]
    axes.plot(chosen["coverage"], chosen["density"], "o", markersize=13, markerfacecolor="none",
              markeredgecolor=palette.VERMILLION, markeredgewidth=2)  # fmt: skip
    axes.axhline(share, color=palette.GREY, linestyle=":", linewidth=1.0)
    axes.set_xlim(0, 1.03)
    axes.set_ylim(0, 1.03)
    axes.set_xlabel("coverage: share of the runs of interest that lie in the box")
    axes.set_ylabel("density: share of the box that is of interest")
    axes.set_title("Boxes peeled")
    steps = range(int(trajectory["res_dim"].max()) + 1)
    axes.figure.colorbar(shown, ax=axes, label="inputs restricted", ticks=list(steps))


def _box(axes: Axes, material: Material, limits: pd.DataFrame) -> None:
    table = inputs(material)
    places = np.arange(len(limits))[::-1]
    labels = []
    for place, row in zip(places, limits.to_dict("records"), strict=True):
        name = row["input"]
        axes.plot([0, 1], [place, place], color=palette.LIGHT, linewidth=5, solid_capstyle="butt")
        if row["options"]:
            labels.append(f"{name}\n{row['options']}")
            continue
        low, high = float(table[name].min()), float(table[name].max())
        ends = [low if row["low"] == "" else row["low"], high if row["high"] == "" else row["high"]]
        at = [(end - low) / (high - low) for end in ends]
        axes.plot(at, [place, place], color=palette.BLUE, linewidth=5, solid_capstyle="butt")
        for end, where, side in ((row["low"], at[0], "right"), (row["high"], at[1], "left")):
            if end != "":
                axes.annotate(f"{end:.4g}", (where, place), xytext=(0, 7), textcoords="offset points",
                              ha="left" if side == "right" else "right", fontsize=8)  # fmt: skip
        labels.append(f"{name}\n({low:.4g} to {high:.4g})")
    axes.set_yticks(places, [shortened(label, 60) if "\n" not in label else label for label in labels])
    axes.set_ylim(-0.7, max(len(limits), 1) - 0.3)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xticks([0, 1], ["lowest", "highest"])
    axes.grid(visible=False)
    axes.set_title("The chosen box" if len(limits) else "The chosen box restricts nothing")

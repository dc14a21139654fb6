"""Figures of the validation: model against record, forecasts, patterns, ablations, refinement."""

from __future__ import annotations

import textwrap

import matplotlib as mpl
import matplotlib.dates as mdates
import matplotlib.ticker as mticker
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.figures import STYLE
from experiments.validation.ablations import BASE, OUTCOMES
from experiments.validation.backtests import EVENTS, Record
from experiments.validation.history import FIT_WINDOWS, WHOLE
from model import palette

DOTS = 90
SMALL: Record = STYLE | {"axes.titlesize": 12, "font.size": 10, "legend.fontsize": 9}
RECORDED, SIMULATED = palette.BLACK, palette.VERMILLION
SHOWN = ("gap_2028_gw", "rent_2028_usd_kw_month", "ai_mw_end", "exits", "hashprice_mean", "hhi_hash_end")
"""Outcomes of the ablations that are drawn; the table has all."""


def figures(found: Record) -> dict[str, Figure]:
    """Return every figure by the name of its file."""
    with mpl.rc_context(SMALL):
        drawn = {
            "backtest_free_runs": _free_runs(found.backtests.paths),
            "backtest_events": _events(found.backtests.paths),
            "backtest_errors": _errors(found.backtests.errors, found.backtests.epochs),
            "ablations": _ablations(found.ablations),
            "refinement": _refinement(found.time_refinement, found.sizes),
        }
        if len(found.pattern_runs):
            drawn["patterns"] = _patterns(found.pattern_runs)
        return drawn


def _free_runs(paths: dict[str, Record]) -> Figure:
    windows = (*FIT_WINDOWS, WHOLE)
    figure = Figure(figsize=(14, 7), layout="constrained")
    for column, window in enumerate(windows):
        path = paths[window.name]
        hash_axes = figure.add_subplot(2, len(windows), column + 1)
        paid_axes = figure.add_subplot(2, len(windows), len(windows) + column + 1)
        _both(hash_axes, path, "hash_eh_s", "model_hash_eh_s", f"{window.name}: hash, EH/s")
        _both(paid_axes, path, "hashprice", "model_hashprice", "hashprice, USD/PH/day")
        if not column:
            hash_axes.legend()
    figure.suptitle(
        "World mining from the first month on, told nothing but price, fees and bans", ha="left", x=0.01
    )
    return figure


def _both(axes: Record, path: Record, recorded: str, simulated: str, title: str) -> None:
    months = path.index.to_timestamp()
    axes.plot(months, path[recorded], color=RECORDED, linewidth=2, label="record")
    axes.plot(months, path[simulated], color=SIMULATED, linewidth=2, dashes=(4, 1.5), label="model")
    axes.set_yscale("log")
    axes.set_title(title)
    axes.yaxis.set_major_formatter(mticker.FormatStrFormatter("%g"))
    axes.yaxis.set_minor_formatter(mticker.NullFormatter())
    low, high = axes.get_ylim()
    ticks = [base * 10.0**power for power in range(-1, 5) for base in (1, 2, 5)]
    axes.set_yticks([tick for tick in ticks if low <= tick <= high])
    years = mdates.YearLocator(1 if len(path) < 4 * 12 else 2)
    locator = mdates.MonthLocator(bymonth=(1, 7)) if len(path) < 2 * 12 else years
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))


def _events(paths: dict[str, Record]) -> Figure:
    figure = Figure(figsize=(14, 7), layout="constrained")
    for place, window in enumerate(EVENTS):
        axes: Record = figure.add_subplot(2, 3, place + 1)
        tracked: Record = pd.Period(window.tracked, "M")
        path = paths[window.name].loc[str(tracked - 4) : str(tracked + 14)]
        _both(axes, path, "hash_eh_s", "model_hash_eh_s", window.name)
        axes.set_yscale("linear")
        axes.axvline(tracked.to_timestamp(), color=palette.GREY, linestyle=":")
        if not place:
            axes.legend()
    axes = figure.add_subplot(2, 3, len(EVENTS) + 1)
    halving: Record = pd.Period(EVENTS[-1].tracked, "M")
    path = paths[EVENTS[-1].name].loc[str(halving - 4) : str(halving + 14)]
    _both(axes, path, "hashprice", "model_hashprice", "hashprice then, USD/PH/day")
    axes.axvline(halving.to_timestamp(), color=palette.GREY, linestyle=":")
    figure.suptitle(
        "Hash through four events, EH/s: rescaled to the record up to the dotted line, alone after it",
        ha="left",
        x=0.01,
    )
    return figure


def _errors(errors: pd.DataFrame, epochs: pd.DataFrame) -> Figure:
    figure = Figure(figsize=(14, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    colours = {"model": SIMULATED, "no change": palette.GREY, "last year's growth": palette.BLUE}
    for rule, rows in errors.groupby("rule"):
        left.plot(
            rows["months_ahead"], rows["log_rms"], color=colours[str(rule)], marker="o", label=str(rule)
        )
    left.set(
        title="Rolling forecasts of hash, 2020-25",
        xlabel="months ahead",
        ylabel="log rms error",
        ylim=(0, None),
    )
    left.legend()
    right.plot(
        pd.to_datetime(epochs["start_date"]), epochs["days_off"], color=SIMULATED, label="as the model has it"
    )
    right.plot(pd.to_datetime(epochs["start_date"]), epochs["days_off_2015"], color=palette.GREY,
               label="with 2015 of 2016 intervals clocked")  # fmt: skip
    right.axhline(0, color=RECORDED, linewidth=0.8)
    right.set(title="Epoch dates replayed from difficulty alone", ylabel="days off")
    right.legend()
    return figure


def _patterns(runs: pd.DataFrame) -> Figure:
    own = runs.loc[(runs["arm"] == BASE) & (runs["error"] == "")]
    figure = Figure(figsize=(14, 7), layout="constrained")
    drawn = {
        "cox_all_in_cost": ("Cox coefficient of all-in cost", 0.0),
        "hhi_slope": ("HHI of hash on reward, slope", 0.0),
        "hash_elasticity": ("hash on reward, elasticity", 1.0),
        "on_time": ("part delivered on time", 1.0),
        "ev_ratio": ("EV per contracted over uncontracted MW", 2.0),
    }
    for place, (column, (title, line)) in enumerate(drawn.items()):
        axes = figure.add_subplot(2, 3, place + 1)
        axes.hist(own[column].dropna(), bins=15, color=palette.SKY)
        axes.axvline(line, color=palette.VERMILLION, linestyle="--")
        axes.set(title=title, ylabel="runs")
    axes = figure.add_subplot(2, 3, 6)
    counts = np.sum(own["failures_after_peaks"].to_list(), axis=0)
    axes.bar(np.arange(len(counts)), counts, color=palette.ORANGE)
    axes.axvspan(9.5, 13.5, color=palette.LIGHT, zorder=0)
    axes.set(title="failures after a price peak (grey: the rule)", xlabel="months after", ylabel="failures")
    figure.suptitle(f"Patterns over {len(own)} runs; dashed: the bound of the rule", ha="left", x=0.01)
    return figure


def _ablations(table: pd.DataFrame) -> Figure:
    rows = table.loc[table["arm"] != BASE]
    arms = list(dict.fromkeys(rows["arm"]))[::-1]
    figure = Figure(figsize=(14, 7), layout="constrained")
    for place, outcome in enumerate(SHOWN):
        axes = figure.add_subplot(2, 3, place + 1)
        own = rows.loc[rows["outcome"] == outcome].set_index("arm").loc[arms]
        off = np.abs(own[["difference_low", "difference_high"]].sub(own["difference"], axis=0)).to_numpy().T
        axes.errorbar(
            own["difference"], arms, xerr=np.nan_to_num(off), fmt="o", color=palette.BLUE, capsize=3
        )
        axes.axvline(0, color=palette.GREY)
        axes.set_title(textwrap.fill(OUTCOMES[outcome], 38), fontsize=10)
        axes.xaxis.set_major_locator(mticker.MaxNLocator(4))
        if place % 3:
            axes.set_yticklabels([])
    figure.suptitle(
        "One mechanism off at a time: paired difference from the reference, 95%", ha="left", x=0.01
    )
    return figure


def _refinement(paths: pd.DataFrame, sizes: pd.DataFrame) -> Figure:
    figure = Figure(figsize=(14, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    finest = paths.columns[-1]
    for name, colour in zip(paths.columns[:-1], (SIMULATED, palette.BLUE), strict=False):
        off = 100.0 * np.log(paths[name] / paths[finest])
        left.plot(range(len(off)), off, color=colour, linewidth=2, label=f"steps of a {name}")
    left.axhline(0, color=RECORDED, linewidth=0.8)
    left.set(
        title=f"World mining 2023-25: hash against steps of a {finest}", xlabel="month", ylabel="per cent"
    )
    left.legend()
    means = sizes.pivot(index="outcome", columns="arm", values="mean").loc[list(OUTCOMES)]
    ratio = means.div(means["137 private firms"], axis=0)
    for name, marker in zip(ratio.columns, "osv", strict=False):
        right.plot(ratio[name], range(len(ratio)), marker, label=name)
    right.set_yticks(range(len(ratio)), [label.split(",")[0] for label in OUTCOMES.values()], fontsize=8)
    right.set(title="Size of the tail: outcome over reference")
    right.legend()
    return figure

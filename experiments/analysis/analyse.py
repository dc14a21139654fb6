"""Everything that can be said of a study, in order: each step adds figures and tables where it applies."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.analysis import charts, discovery, fans, intervals, sensitivity, survival
from experiments.analysis.material import COMBINATION, Material, material_of
from experiments.analysis.report import write_report
from experiments.analysis.saving import Album
from experiments.analysis.survival_charts import survival_figure
from experiments.plans import BLOCKS
from experiments.store import open_store
from experiments.store_files import told
from model import palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FOLDER = "analysis"
LONG_NAME = 20

Step = Callable[[Album], None]


def analyse(folder: Path, progress: Callable[[str], None] | None = None) -> Path:
    """Analyse the study in a folder, and return the report; an earlier analysis is replaced."""
    store = open_store(folder)
    store.settle()
    material = material_of(store)
    place, aside = folder / FOLDER, folder / f".{FOLDER}"
    with told(folder):
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        try:
            album = Album(aside, material)
            for step in STEPS:
                if progress:
                    progress((step.__doc__ or "").splitlines()[0].rstrip("."))
                step(album)
            write_report(album)
            album.close()
            shutil.rmtree(place, ignore_errors=True)
            aside.rename(place)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return place / "report.html"


def means(album: Album) -> None:
    """Means and intervals."""
    material, table = album.material, intervals.outcome_intervals(album.material)

    def draw(axes: Axes, outcome: str) -> None:
        rows = table.loc[table["outcome"] == outcome]
        charts.forest(rows, axes, rows[COMBINATION].to_list(), zero=False)
        axes.set_title(charts.shortened(material.label(outcome), 32))
        axes.set_xlabel(_unit(material, outcome))

    confidence = f"{100 * material.plan.study.analysis.confidence:g}%"
    words = f"Mean over runs with its {confidence} interval; the independent draws are the {material.units}."
    height = max(1.7, 0.24 * len(material.combinations) + 1.0)
    drawn = charts.panels(material.outcomes, draw, height, _columns(material))
    album.figure("means", "Outcomes", words, drawn, table)
    album.table("intervals", "Outcomes in numbers", _needed_words(material), table)


def _columns(material: Material) -> int:
    """Return how many panels stand side by side; the long names of combinations need room."""
    return charts.WIDE if max(map(len, material.combinations)) <= LONG_NAME else 2


def differences(album: Album) -> None:
    """Paired differences."""
    material, table = album.material, intervals.paired_differences(album.material)
    if table.empty:
        return

    def draw(axes: Axes, outcome: str) -> None:
        rows = table.loc[table["outcome"] == outcome]
        charts.forest(rows, axes, rows[COMBINATION].to_list(), zero=True)
        axes.set_title(charts.shortened(material.label(outcome), 32))
        axes.set_xlabel(_unit(material, outcome))

    words = (
        f"What each arm changes against {material.baseline}, pair by pair under the same seeds and "
        "uncertainties; grey where the interval holds zero. No correction for looking at many intervals."
    )
    height = max(1.5, 0.24 * len(material.combinations) + 0.8)
    drawn = charts.panels(material.outcomes, draw, height, _columns(material))
    album.figure("differences", f"Paired differences from {material.baseline}", words, drawn, table)
    album.table("differences_table", "Paired differences in numbers", "", table)


def effects(album: Album) -> None:
    """Effects of single levers."""
    material, table = album.material, intervals.lever_effects(album.material)
    if table.empty:
        return

    def draw(axes: Axes, outcome: str) -> None:
        rows = table.loc[table["outcome"] == outcome]
        labels = [f"{row['lever']}: {row['option']}" for row in rows.to_dict("records")]
        charts.forest(rows, axes, labels, zero=True)
        axes.set_title(charts.shortened(material.label(outcome), 32))
        axes.set_xlabel(_unit(material, outcome))

    words = "What an option changes against the first of its lever, averaged over all options of the others."
    album.figure("effects", "Effects of single levers", words, charts.panels(material.outcomes, draw), table)


def convergence(album: Album) -> None:
    """Convergence of the intervals."""
    material, table = album.material, intervals.convergence(album.material)
    if table.empty or table["draws"].max() < 3:
        return

    def draw(axes: Axes, outcome: str) -> None:
        rows = table.loc[table["outcome"] == outcome]
        axes.fill_between(
            rows["draws"], rows["low"], rows["high"], color=palette.SKY, alpha=0.35, linewidth=0
        )
        axes.plot(rows["draws"], rows["mean"], color=palette.BLUE, linewidth=1.8)
        axes.set_title(charts.shortened(material.label(outcome), 32))
        axes.set_ylabel(_unit(material, outcome))
        axes.set_xlabel(f"{material.units}")
        if len(rows) and np.isfinite(rows["low"].iloc[-1]):
            settled = rows.iloc[len(rows) // 4 :]
            low, high = settled["low"].min(), settled["high"].max()
            if high > low:
                axes.set_ylim(low, high)

    words = (
        f"Mean and interval of {material.baseline} as the draws come in; the table of outcomes says how many "
        "are needed."
    )
    album.figure("convergence", "Convergence", words, charts.panels(material.outcomes, draw), table)


def indices(album: Album) -> None:
    """Indices of Morris or Sobol."""
    material, table = album.material, sensitivity.indices(album.material)
    _without_index(album)
    if table.empty:
        return
    names = list(dict.fromkeys(table["outcome"]))

    def draw(axes: Axes, outcome: str) -> None:
        rows = table.loc[table["outcome"] == outcome]
        axes.set_title(charts.shortened(material.label(outcome), 32))
        if "ST" in rows:
            charts.pairs_of_bars(axes, rows)
            axes.set_xlabel("share of the variance")
            return
        half = rows["mu_star_half"].to_numpy()
        charts.ranking(axes, rows["uncertainty"].to_list(), rows["mu_star"].to_numpy(), half, palette.BLUE)
        axes.set_xlabel(f"mean absolute effect ({_unit(material, outcome) or '-'})")

    if "ST" in table:
        words = "Shares of the variance, with bootstrap intervals of 95%; levers at their first options."
        album.figure("sobol", "Sobol indices", words, charts.panels(names, draw, 3.2, columns=2), table)
        return
    words = (
        "Mean absolute effects over the whole ranges, with bootstrap intervals of 95%; the largest twelve."
    )
    album.figure("morris", "Morris screening", words, charts.panels(names, draw, 3.2, columns=2), table)
    _morris_plane(album, table, names)
    words = "Effects over the largest that any uncertainty has on the outcome; the score is their mean."
    album.table("ranking", "What matters most", words, sensitivity.ranked(table))


def _without_index(album: Album) -> None:
    """Say which outcomes have no index, and why."""
    material = album.material
    kind = material.plan.study.design.kind
    if kind not in BLOCKS:
        return
    reasons = {material.label(name): sensitivity.why_no_index(material, name) for name in material.outcomes}
    told = [f"{label} ({reason})" for label, reason in reasons.items() if reason]
    if told:
        words = f"No index could be computed of: {'; '.join(told)}."
        album.note("without_index", f"Without an index of {kind.capitalize()}", words)


def _morris_plane(album: Album, table: pd.DataFrame, names: list[str]) -> None:
    def draw(axes: Axes, outcome: str) -> None:
        charts.morris_plane(axes, table.loc[table["outcome"] == outcome])
        axes.set_title(charts.shortened(album.material.label(outcome), 32))
        axes.set_xlabel("mean absolute effect")
        axes.set_ylabel("spread of the effects")

    words = "Effects whose spread reaches their mean (the grey line) depend on the other uncertainties."
    album.figure("morris_plane", "Effects and interactions", words, charts.panels(names, draw, 3.2), table)


def pawn(album: Album) -> None:
    """PAWN indices."""
    material, table = album.material, sensitivity.pawn(album.material)
    if table.empty:
        return

    def draw(axes: Axes, outcome: str) -> None:
        rows = table.loc[table["outcome"] == outcome]
        noise = float(rows.loc[rows["uncertainty"] == "(noise)", "median"].iloc[0])
        rows = rows.loc[rows["uncertainty"] != "(noise)"]
        charts.ranking(axes, rows["uncertainty"].to_list(), rows["median"].to_numpy(), None, palette.GREEN)
        axes.axvline(noise, color=palette.DARK, linewidth=1.0, linestyle=":")
        axes.set_title(charts.shortened(material.label(outcome), 32))
        axes.set_xlabel("median Kolmogorov-Smirnov distance")

    words = (
        "How far an uncertainty moves the whole distribution of an outcome, which a variance does not tell "
        "when the outcome is skewed; the dotted line is the index of a column of noise."
    )
    names = list(dict.fromkeys(table["outcome"]))
    album.figure("pawn", "PAWN indices", words, charts.panels(names, draw, 3.2, columns=2), table)


def tornado(album: Album) -> None:
    """Tornado."""
    material, table = album.material, sensitivity.tornado(album.material)
    if table.empty:
        return

    def draw(axes: Axes, outcome: str) -> None:
        charts.swings(axes, table.loc[table["outcome"] == outcome])
        axes.set_title(charts.shortened(material.label(outcome), 32))
        axes.set_xlabel(_unit(material, outcome))

    words = (
        "Mean outcome over the runs in the lowest fifth (light) and the highest fifth (red) of each "
        "uncertainty, all others varying; n.s. where the bootstrap interval of the swing holds zero."
    )
    names = list(dict.fromkeys(table["outcome"]))
    album.figure("tornado", "Tornado", words, charts.panels(names, draw, 3.2, columns=2), table)


def scores(album: Album) -> None:
    """Feature scores."""
    if album.material.plan.study.design.kind == "morris":
        words = (
            "Feature scores and boxes are left out: a step of a trajectory changes one input and keeps all "
            "others, so that runs are no independent draws from which a forest or a box could learn shares. "
            "A design of the kind lhs gives them."
        )
        album.note("without_scores", "What a screening does not tell", words)
        return
    table = discovery.feature_scores(album.material)
    if table.empty:
        return
    labels = {name: album.material.label(name) for name in album.material.outcomes}
    words = "How much each input tells about each outcome (extra trees); the scores of an outcome add to one."
    album.figure("feature_scores", "Feature scores", words, charts.heat(table, labels), table)


def boxes(album: Album) -> None:
    """Scenario discovery."""
    from experiments.analysis.discovery_charts import prim_figure

    material = album.material
    if material.plan.study.design.kind == "morris":
        return
    for number, interest in enumerate(material.plan.study.analysis.interests, 1):
        if not discovery.explainable(material, interest):
            continue
        title = discovery.title_of(material, interest)
        share = float(discovery.of_interest(material, interest).mean())
        trajectory, limits = discovery.prim(material, interest)
        if len(trajectory):
            words = (
                f"{100 * share:.0f}% of the runs are of interest. Left: the boxes PRIM peels, the chosen one "
                "marked. Right: the limits of that box over the range of each input."
            )
            drawn = prim_figure(material, interest, trajectory, limits)
            album.figure(f"prim_{number}", f"When is {title}?", words, drawn, trajectory)
            album.table(f"prim_{number}_box", "The box in numbers", "", limits)
        words = "Leaves of a classification tree; density is the share of a leaf that is of interest."
        album.table(f"cart_{number}", f"Tree: {title}", words, discovery.cart(material, interest))


def survival_of_firms(album: Album) -> None:
    """Survival of firms."""
    material = album.material
    firms = survival.first_firms(material, material.baseline)
    if firms.empty or not firms["gone"].to_numpy().any():
        return
    confidence = material.plan.study.analysis.confidence
    exposures = [survival.curves(firms, exposure, confidence) for exposure in survival.EXPOSURES]
    if len(material.combinations) > 1:
        everybody = survival.first_firms(material)
        exposures.append(survival.curves(everybody, COMBINATION, confidence))
    table = pd.concat(exposures, ignore_index=True)
    words = (
        f"Kaplan-Meier curves of the miners of the first month under {material.baseline}, by what they were "
        "then; bands resample whole draws, since the firms of a run share its fortunes."
    )
    album.figure("survival", "Who is still there", words, survival_figure(table), table)
    ratios = survival.cox(firms, confidence)
    words = "Cox regression on the first month, errors clustered by draw; above one means leaving sooner."
    album.table("cox", "Hazard ratios", words, ratios)


def over_time(album: Album) -> None:
    """Fan charts."""
    material, table = album.material, fans.quantiles(album.material)
    if table.empty:
        return
    words = (
        "Medians over runs, with bands of half and nine tenths of the runs where there are one or two arms."
    )
    album.figure("fans", "Month by month", words, fans.fans(material, table), table)
    if len(material.combinations) > 2:
        column = str(table["column"].iloc[0])
        words = f"{column} in each arm: median and bands; dashed, the median of {material.baseline}."
        own = table.loc[table["column"] == column]
        album.figure("multiples", "Arm by arm", words, fans.multiples(material, table), own)


def _unit(material: Material, outcome: str) -> str:
    _, bracket, unit = material.axis(outcome).rpartition(" (")
    return unit.removesuffix(")") if bracket else ""


def _needed_words(material: Material) -> str:
    analysis = material.plan.study.analysis
    return (
        f"'needed' is the number of {material.units} at which the half-width of the interval falls to "
        f"{100 * analysis.precision:g}% of the mean; quantiles are over single runs."
    )


STEPS: tuple[Step, ...] = (
    means,
    differences,
    effects,
    over_time,
    survival_of_firms,
    indices,
    tornado,
    pawn,
    scores,
    boxes,
    convergence,
)

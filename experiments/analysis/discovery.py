"""Scenario discovery with EMA Workbench: feature scores, PRIM boxes and CART leaves."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from experiments.analysis.material import Material
from experiments.study import Interest

FEWEST_RUNS = 50
FEWEST_OF_INTEREST = 10
DENSITY_WANTED = 0.8
"""Of the boxes on the way, the largest that is at least this pure is taken, else the purest."""
SMALLEST_BOX = 0.05
LARGEST_P = 0.1
"""Restrictions whose quasi-p value is larger are dropped from the chosen box."""
SEED = 0


def inputs(material: Material) -> pd.DataFrame:
    """Return what the runs differ in: uncertainties, and levers as categories."""
    columns = [*material.plan.study.levers, *material.plan.uncertain]
    table = material.runs.loc[:, columns].copy()
    for name in columns:
        if table[name].dtype == object or table[name].dtype == bool or str(table[name].dtype) == "str":
            table[name] = table[name].astype(str).astype("category")
    return table


def of_interest(material: Material, interest: Interest) -> np.ndarray:
    """Return which runs are of interest."""
    values = material.runs[interest.outcome].to_numpy(dtype=float)
    return values > interest.above if interest.above is not None else values < float(interest.below or 0.0)


def title_of(material: Material, interest: Interest) -> str:
    """Return the runs of interest in words."""
    side = f"above {interest.above:g}" if interest.above is not None else f"below {interest.below:g}"
    return interest.label or f"{material.label(interest.outcome)} {side}"


def feature_scores(material: Material) -> pd.DataFrame:
    """Return how much each input tells about each outcome (extra trees); scores of an outcome add to one.

    Empty with fewer than two inputs: one alone tells all there is.
    """
    table = inputs(material)
    if len(table) < FEWEST_RUNS or len(table.columns) < 2:
        return pd.DataFrame()
    frames = []
    with _workbench():
        from ema_workbench.analysis import feature_scoring

        for outcome in material.outcomes:
            known = material.runs[outcome].notna().to_numpy()
            values = material.runs.loc[known, outcome].to_numpy()
            if known.sum() < FEWEST_RUNS or np.ptp(values) == 0:
                continue
            found, _ = feature_scoring.get_ex_feature_scores(
                table[known].reset_index(drop=True),
                values,
                mode=feature_scoring.RuleInductionType.REGRESSION,
                random_state=SEED,
            )
            scores = found.iloc[:, 0]
            frames.append(
                pd.DataFrame({"outcome": outcome, "input": scores.index, "score": scores.to_numpy()})
            )
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def explainable(material: Material, interest: Interest) -> bool:
    """Return whether there are enough runs of interest, and enough others, to tell them apart."""
    count = int(of_interest(material, interest).sum())
    return len(material.runs) >= FEWEST_RUNS and min(count, len(material.runs) - count) >= FEWEST_OF_INTEREST


def prim(material: Material, interest: Interest) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the peeling trajectory of PRIM, and the limits of the box that was chosen from it."""
    with _workbench():
        from ema_workbench.analysis import prim as method

        algorithm = method.Prim(inputs(material), of_interest(material, interest), mass_min=SMALLEST_BOX)
        box = algorithm.find_box()
        if box is None:
            return pd.DataFrame(), pd.DataFrame()
        trajectory = box.peeling_trajectory
        pure = trajectory.loc[trajectory["density"] >= DENSITY_WANTED]
        candidates, wanted = (pure, "coverage") if len(pure) else (trajectory, "density")
        best = candidates.index.to_list()[int(candidates[wanted].to_numpy().argmax())]
        chosen = _without_chance(box, int(best))
        trajectory = box.peeling_trajectory.copy()
        trajectory["chosen"] = trajectory.index == chosen
        return trajectory, _limits(material, box.box_lims[chosen], _qp(box, chosen))


def cart(material: Material, interest: Interest) -> pd.DataFrame:
    """Return the leaves of a classification tree, those with most runs of interest first."""
    with _workbench():
        from ema_workbench.analysis import cart as method

        tree = method.CART(inputs(material), of_interest(material, interest), mass_min=SMALLEST_BOX)
        tree.build_tree()
        stats = tree.stats_to_dataframe()
        boxes = [_words(_limits(material, box)) for box in tree.boxes]
    stats = stats.assign(leaf=boxes).sort_values("density", ascending=False, ignore_index=True)
    return stats.loc[:, ["leaf", *(name for name in stats if name != "leaf")]]


def _limits(material: Material, box: pd.DataFrame, qp: dict[str, float] | None = None) -> pd.DataFrame:
    """Return the inputs that a box restricts, with its limits."""
    table, rows = inputs(material), []
    for name in table:
        values = box[name].to_list()
        if str(table[name].dtype) == "category":
            kept = set().union(*(entry if isinstance(entry, set) else {entry} for entry in values))
            if kept != set(table[name].cat.categories):
                rows.append(
                    {"input": name, "low": "", "high": "", "options": ", ".join(sorted(map(str, kept)))}
                )
        elif values[0] > table[name].min() or values[1] < table[name].max():
            low = values[0] if values[0] > table[name].min() else ""
            high = values[1] if values[1] < table[name].max() else ""
            rows.append({"input": name, "low": low, "high": high, "options": ""})
    frame = pd.DataFrame(rows, columns=pd.Index(["input", "low", "high", "options"]))
    if qp is not None:
        frame["quasi_p"] = [qp.get(str(name), np.nan) for name in frame["input"]]
    return frame


def _without_chance(box: Any, number: int) -> int:  # noqa: ANN401
    """Drop the restrictions that chance explains, the weakest first; return the number of the box left."""
    while True:
        weak = {name: p for name, p in _qp(box, number).items() if not p <= LARGEST_P}
        if not weak:
            return number
        box.drop_restriction(max(weak, key=lambda name: np.nan_to_num(weak[name], nan=1.0)), number)
        number = len(box.box_lims) - 1


def _qp(box: Any, number: int) -> dict[str, float]:  # noqa: ANN401
    """Return the smaller quasi-p value of each restricted input."""
    found = {str(name): np.asarray(ends, dtype=float) for name, ends in box.p_values[number].items()}
    # The side that is not restricted has -1.
    return {name: float(min(ends[ends >= 0], default=np.nan)) for name, ends in found.items()}


def _words(limits: pd.DataFrame) -> str:
    words = []
    for row in limits.to_dict("records"):
        if row["options"]:
            words.append(f"{row['input']} in {{{row['options']}}}")
        elif row["low"] != "" and row["high"] != "":
            words.append(f"{row['low']:.4g} < {row['input']} < {row['high']:.4g}")
        else:
            side = f"> {row['low']:.4g}" if row["low"] != "" else f"< {row['high']:.4g}"
            words.append(f"{row['input']} {side}")
    return " and ".join(words) or "everything"


@contextlib.contextmanager
def _workbench() -> Iterator[None]:
    """Keep what EMA Workbench prints and warns of to itself, and its random numbers ours."""
    level = logging.getLogger("EMA").level
    state = np.random.get_state()  # noqa: NPY002 - the workbench draws from the global generator
    logging.getLogger("EMA").setLevel(logging.ERROR)
    np.random.seed(SEED)  # noqa: NPY002
    try:
        with warnings.catch_warnings(action="ignore"), contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
        logging.getLogger("EMA").setLevel(level)

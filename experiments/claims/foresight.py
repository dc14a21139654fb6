"""Whether what a site is or how willing owners are decides what is let: a forest, blinded in two ways.

Importance is that of Breiman (2001) for groups of columns: how much worse the forest foresees, on draws it
has not been grown on, when all columns of a group are shuffled together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from experiments.claims.evidence import DRAW

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestClassifier

ATTRIBUTES = (
    *("region", "tenure", "contract", "stage", "secured_mw", "energised_mw", "power_cost"),
    "months_to_power",
)
WILLINGNESS = ("choice.intensity", "choice.option_weight", "choice.review")
GROUPS = {"attributes": ATTRIBUTES, "willingness": WILLINGNESS}
FOLDS = 5
TREES = 200
SHUFFLES = 10
SEED = 0


def foresight_lost(sites: pd.DataFrame, inputs: pd.DataFrame) -> pd.DataFrame:
    """Return the loss from shuffling each group, a row a draw; empty below two draws a fold.

    Args:
        sites: Sites fit for AI with the attributes, `draw`, and `let` (whether something was let there).
        inputs: Parameters by draw, those of willingness among them; what else varies helps the forest.
    """
    from sklearn.ensemble import RandomForestClassifier

    draws = np.unique(sites[DRAW].to_numpy())
    if len(draws) < 2 * FOLDS or sites["let"].nunique() < 2:
        return pd.DataFrame({group: [] for group in GROUPS}, dtype=float)
    generator = np.random.Generator(np.random.Philox(SEED))
    fold = pd.Series(generator.permutation(len(draws)) % FOLDS, index=draws)
    table: Any = sites.merge(inputs, left_on=DRAW, right_index=True)
    features: Any = pd.DataFrame(
        {
            name: table[name] if pd.api.types.is_numeric_dtype(table[name]) else _codes(table[name])
            for name in (*ATTRIBUTES, *inputs.columns)
        }
    ).astype(float)
    let, place = table["let"].to_numpy(dtype=float), fold.reindex(table[DRAW]).to_numpy()
    lost = []
    for number in range(FOLDS):
        seen, unseen = place != number, place == number
        forest = RandomForestClassifier(TREES, min_samples_leaf=5, random_state=SEED)
        forest.fit(features[seen].to_numpy(), let[seen] > 0)
        found = _losses(forest, features[unseen], let[unseen], generator)
        lost.append(found.groupby(table.loc[unseen, DRAW].to_numpy()).mean())
    return pd.concat(lost).sort_index().rename_axis(DRAW)


def _losses(
    forest: RandomForestClassifier, features: pd.DataFrame, let: np.ndarray, generator: np.random.Generator
) -> pd.DataFrame:
    """Return by how much the squared error of each row grows when a group is shuffled."""
    usual = _errors(forest, features.to_numpy(), let)
    lost = {}
    for group, columns in GROUPS.items():
        places = [list(features).index(name) for name in columns]
        grown = np.zeros(len(let))
        for _ in range(SHUFFLES):
            blinded = features.to_numpy(copy=True)
            order = generator.permutation(len(let))
            blinded[:, places] = blinded[np.ix_(order, places)]
            grown += _errors(forest, blinded, let) - usual
        lost[group] = grown / SHUFFLES
    return pd.DataFrame(lost)


def _errors(forest: RandomForestClassifier, features: np.ndarray, let: np.ndarray) -> np.ndarray:
    chance = np.asarray(forest.predict_proba(features))
    yes = chance[:, 1] if chance.shape[1] > 1 else np.zeros(len(let))
    return (yes - let) ** 2


def _codes(column: Any) -> Any:  # noqa: ANN401
    """Return numbers for names, the same for the same name."""
    return column.astype("category").cat.codes

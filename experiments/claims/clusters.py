"""How many clusters there are: the gap statistic (Tibshirani, Walther and Hastie 2001) on Ward's tree.

It knows one cluster as well as many: the dispersion within k clusters is held against that of data drawn
evenly over the same box, and the smallest k is taken that the next one does not beat by more than its error.
"""

from __future__ import annotations

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

MOST = 6
REFERENCES = 20
SEED = 0
LEAST_DISPERSION = 1e-9


def number_of_clusters(points: np.ndarray, most: int = MOST, seed: int = SEED) -> int:
    """Return the number of clusters of points (rows), from 1 to `most`; 0 for too few points to say."""
    points = scaled(points)
    if len(points) <= most + 1:
        return 0
    if not points.shape[1]:
        return 1
    generator = np.random.Generator(np.random.Philox(seed))
    observed = np.log(dispersions(points, most))
    drawn = np.log([dispersions(evenly_over(points, generator), most) for _ in range(REFERENCES)])
    gap = drawn.mean(axis=0) - observed
    error = drawn.std(axis=0) * np.sqrt(1 + 1 / REFERENCES)
    enough = gap[:-1] >= gap[1:] - error[1:]
    return int(enough.argmax()) + 1 if enough.any() else most


def dispersions(points: np.ndarray, most: int) -> np.ndarray:
    """Return the sum of squares within 1, 2, ... `most` clusters."""
    tree = linkage(points, "ward")
    within = []
    for count in range(1, most + 1):
        label = fcluster(tree, count, "maxclust")
        sizes = np.bincount(label)[label]
        means = np.column_stack([np.bincount(label, column)[label] for column in points.T]) / sizes[:, None]
        within.append(((points - means) ** 2).sum())
    return np.maximum(within, LEAST_DISPERSION)


def evenly_over(points: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return as many points drawn evenly over the box of the principal axes."""
    centred = points - points.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    turned = centred @ axes.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    return generator.uniform(low, high, (len(points), turned.shape[1])) @ axes


def scaled(points: np.ndarray) -> np.ndarray:
    """Return columns of zero mean and unit spread; those that do not vary are left out."""
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return points
    spread = points.std(axis=0)
    varies = spread > LEAST_DISPERSION
    return (points[:, varies] - points.mean(axis=0)[varies]) / spread[varies]

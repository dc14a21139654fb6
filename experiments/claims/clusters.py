"""How many clusters there are: the best mean silhouette of Ward's tree, if it beats data without clusters.

Silhouettes (Rousseeuw 1987) name the best number from two on. Whether there is more than one cluster is
held against points drawn evenly over the same box, as the gap statistic does (Tibshirani, Walther and Hastie
2001): the best silhouette must exceed that of every such draw.
"""

from __future__ import annotations

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist, squareform

MOST = 6
REFERENCES = 20
SEED = 0
NOTHING = 1e-9


def number_of_clusters(points: np.ndarray, most: int = MOST, seed: int = SEED) -> int:
    """Return the number of clusters of points (rows), from 1 to `most`; 0 for too few points to say.

    Columns are taken as they are: whoever asks says by their units what counts as far apart.
    """
    points = points[np.isfinite(points).all(axis=1)]
    if len(points) <= most + 1:
        return 0
    if np.ptp(points, axis=0).max() <= NOTHING:
        return 1
    generator = np.random.Generator(np.random.Philox(seed))
    found = silhouettes(points, most)
    by_chance = [silhouettes(evenly_over(points, generator), most).max() for _ in range(REFERENCES)]
    return int(found.argmax()) + 2 if found.max() > max(by_chance) else 1


def silhouettes(points: np.ndarray, most: int) -> np.ndarray:
    """Return the mean silhouette of 2, 3, ... `most` clusters."""
    near = pdist(points)
    tree, distance = linkage(points, "ward"), squareform(near)
    return np.array([silhouette(distance, fcluster(tree, count, "maxclust")) for count in range(2, most + 1)])


def silhouette(distance: np.ndarray, label: np.ndarray) -> float:
    """Return the mean of (b - a)/max(a, b): a is the distance within the cluster, b to the nearest other."""
    members = np.eye(label.max() + 1)[label][:, np.unique(label)]
    if members.shape[1] < 2:
        return 0.0
    sizes, own = members.sum(axis=0), members.argmax(axis=1)
    summed, rows = distance @ members, np.arange(len(label))
    within = summed[rows, own] / np.maximum(sizes[own] - 1, 1)
    others = summed / sizes
    others[rows, own] = np.inf
    apart = others.min(axis=1)
    # Who is alone in a cluster has no silhouette, and counts as nothing.
    scale = np.maximum(np.maximum(within, apart), NOTHING)
    return float(np.where(sizes[own] > 1, (apart - within) / scale, 0.0).mean())


def evenly_over(points: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return as many points drawn evenly over the box of the principal axes."""
    centred = points - points.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    turned = centred @ axes.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    return generator.uniform(low, high, (len(points), turned.shape[1])) @ axes

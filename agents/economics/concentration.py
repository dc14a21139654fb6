"""How concentrated an industry is, and how much its ranks move.

Every measure takes a vector of non-negative sizes (EH/s, MW, USD ...), one per firm, and works on shares of
their sum; shares from 0 to 1 may be passed as they are. An industry without firms or without size has shares
of zero, so every measure of it is zero rather than NaN: a series that starts before the first contract stays
finite.
"""

import numpy as np
from numpy.typing import ArrayLike

from agents.economics.checks import nonnegative_vector


def hhi(values: ArrayLike) -> float:
    """Return the Herfindahl-Hirschman index, the sum of squared shares (Hirschman 1964).

    Two firms that merge add 2 s_i s_j; a firm split in equal halves takes away s^2/2.

    Args:
        values: Size per firm, shape (n,).

    Returns:
        From 1/n to 1 (a monopoly), not the 10,000 of antitrust practice; 0 without any size.

    Raises:
        ValueError: If a size is negative or not finite, or the sizes are not a vector.
    """
    shares = _shares("values", values)
    return float(shares @ shares)


def concentration_ratio(values: ArrayLike, k: int) -> float:
    """Return the joint share of the k largest firms (CR1, CR3, CR4, CR8).

    Args:
        values: Size per firm, shape (n,).
        k: How many firms; all of them if there are fewer.

    Returns:
        From 0 to 1.

    Raises:
        ValueError: If k is not a whole number from one on, or a size is negative or not finite.
    """
    if k != int(k) or k < 1:
        raise ValueError(f"k must be a whole number from one on, got {k}")
    shares = _shares("values", values)
    return min(float(np.sort(shares)[-int(k) :].sum()), 1.0)


def gini(values: ArrayLike) -> float:
    """Return the Gini coefficient of firm sizes, firms of size zero included.

    Args:
        values: Size per firm, shape (n,). Leave out firms that are no longer there: zeros count as firms.

    Returns:
        From 0 (all equal) to (n - 1)/n (one firm has everything).

    Raises:
        ValueError: If a size is negative or not finite, or the sizes are not a vector.
    """
    shares = np.sort(_shares("values", values))
    n = shares.size
    if not shares.any():
        return 0.0
    ranks = np.arange(1, n + 1)
    return max(float((2 * ranks - n - 1) @ shares) / n, 0.0)


def entropy(values: ArrayLike) -> float:
    """Return the entropy of shares, -sum s ln s (Theil 1967); higher is less concentrated.

    Args:
        values: Size per firm, shape (n,).

    Returns:
        Nats, from 0 (a monopoly) to ln n (all equal).

    Raises:
        ValueError: If a size is negative or not finite, or the sizes are not a vector.
    """
    shares = _shares("values", values)
    shares = shares[shares > 0.0]
    return max(float(-(shares @ np.log(shares))), 0.0)


def number_equivalent(values: ArrayLike) -> float:
    """Return how many firms of equal size would have the same entropy, exp(entropy).

    Args:
        values: Size per firm, shape (n,).

    Returns:
        From 1 to the number of firms; 0 without any size.

    Raises:
        ValueError: If a size is negative or not finite, or the sizes are not a vector.
    """
    nats = entropy(values)
    return float(np.exp(nats)) if np.any(values) else 0.0


def instability(before: ArrayLike, after: ArrayLike) -> float:
    """Return how much market shares moved, the sum of their absolute changes (Hymer & Pashigian 1962).

    Args:
        before: Size per firm, shape (n,).
        after: Size of the same firms in the same order later; a firm that is not there yet or any more has
            zero.

    Returns:
        From 0 (no share moved) to 2 (all firms replaced); 1 when the industry appears or vanishes.

    Raises:
        ValueError: If the vectors differ in length, or a size is negative or not finite.
    """
    old, new = _shares("before", before), _shares("after", after)
    if old.size != new.size:
        raise ValueError(f"before and after must list the same firms, got {old.size} and {new.size} of them")
    return float(np.abs(new - old).sum())


def _shares(name: str, values: ArrayLike) -> np.ndarray:
    sizes = nonnegative_vector(name, values)
    largest = sizes.max(initial=0.0)
    if largest == 0.0:
        return sizes
    # Scaling by the largest first keeps the sum from overflowing and tiny sizes from vanishing.
    sizes = sizes / largest
    return sizes / sizes.sum()

"""Concentration month by month, on four bases: hash, energised megawatts, AI megawatts, enterprise value.

The formulas are those of `agents.economics.concentration`; here they run over all months of a run at once
(a test holds the two together). Who counts as a firm is `present`: miners that have not gone, and outside
owners (AI customers, generators) while they hold megawatts of former miners.
"""

from __future__ import annotations

import numpy as np

BASES = ("hash", "mw", "ai", "value")
"""Running EH/s, energised MW, contracted AI MW (building, subleased, converted), enterprise value above 0."""
RATIOS = (1, 3, 4, 8)
INSTABILITY_MONTHS = 12
"""Hymer-Pashigian instability compares shares with those of a year before, at first with the first month."""


def measure_names(basis: str) -> list[str]:
    """Return the series columns that describe one basis."""
    ratios = [f"cr{k}_{basis}" for k in RATIOS]
    return [
        f"hhi_{basis}",
        *ratios,
        *(f"{name}_{basis}" for name in ("gini", "entropy", "numbers", "instability")),
    ]


def concentration(sizes: np.ndarray, present: np.ndarray, basis: str) -> dict[str, np.ndarray]:
    """Return every measure of one basis.

    Args:
        sizes: Size of each firm, shape (months, firms), zero where a firm is not present.
        present: Whether the firm counts, same shape.
        basis: Name of the basis, the ending of the column names.

    Returns:
        One array of months per column; all measures are zero in a month without any size.
    """
    shares = _shares(sizes)
    falling = -np.sort(-shares, axis=1)
    cumulative = falling.cumsum(axis=1)
    measures = {f"hhi_{basis}": _sum(shares * shares)}
    for k in RATIOS:
        largest = cumulative[:, :k][:, -1:].sum(axis=1)
        measures[f"cr{k}_{basis}"] = np.minimum(largest, 1.0)
    nats = -_sum(_times_log(shares))
    measures[f"gini_{basis}"] = _gini(falling, present.sum(axis=1))
    measures[f"entropy_{basis}"] = np.maximum(nats, 0.0)
    measures[f"numbers_{basis}"] = np.where(shares.any(axis=1), np.exp(nats), 0.0)
    measures[f"instability_{basis}"] = _instability(shares)
    return measures


def _shares(sizes: np.ndarray) -> np.ndarray:
    total = _sum(sizes)[:, None]
    return np.divide(sizes, total, out=np.zeros_like(sizes), where=total > 0)


def _sum(values: np.ndarray) -> np.ndarray:
    """Return the sum over firms, added one after the other.

    Firms that came in later months are zeros at the end: they do not change a digit of the months before.
    """
    return values.cumsum(axis=1)[:, -1] if values.shape[1] else np.zeros(len(values))


def _times_log(shares: np.ndarray) -> np.ndarray:
    return shares * np.log(np.where(shares > 0, shares, 1.0))


def _gini(falling: np.ndarray, firms: np.ndarray) -> np.ndarray:
    """Weigh shares by their rank from the top among the firms present; absent firms come last, with zero."""
    rank_from_top = np.arange(1, falling.shape[1] + 1)
    weighted = (firms[:, None] + 1 - 2 * rank_from_top) * falling
    return np.maximum(_sum(weighted) / np.maximum(firms, 1), 0.0)


def _instability(shares: np.ndarray) -> np.ndarray:
    before = np.maximum(np.arange(len(shares)) - INSTABILITY_MONTHS, 0)
    return _sum(np.abs(shares - shares[before]))

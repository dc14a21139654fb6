"""Sums inside compiled loops."""

from __future__ import annotations

import numpy as np

from agents.compiled import compiled

_ABREAST, _PAIRED = 8, 128
"""Sums formed side by side, and how many numbers are added up before a row is halved."""


@compiled
def pairwise_sum(values: np.ndarray) -> float:
    """Return the sum of a row as numpy adds it up: in pairs, so that round-off does not pile up."""
    count, total = values.size, -0.0
    if count > _PAIRED:
        half = count // 2
        half -= half % _ABREAST
        return pairwise_sum(values[:half]) + pairwise_sum(values[half:])
    if count < _ABREAST:
        for value in values:
            total += value
        return total
    parts, paired = values[:_ABREAST].copy(), count - count % _ABREAST
    for place in range(_ABREAST, paired):
        parts[place % _ABREAST] += values[place]
    total = ((parts[0] + parts[1]) + (parts[2] + parts[3])) + ((parts[4] + parts[5]) + (parts[6] + parts[7]))
    for place in range(paired, count):
        total += values[place]
    return total

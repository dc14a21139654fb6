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
    a, b, c, d, e, f, g, h = values[:_ABREAST]
    paired = count - count % _ABREAST
    for place in range(_ABREAST, paired, _ABREAST):
        a, b = a + values[place], b + values[place + 1]
        c, d = c + values[place + 2], d + values[place + 3]
        e, f = e + values[place + 4], f + values[place + 5]
        g, h = g + values[place + 6], h + values[place + 7]
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for place in range(paired, count):
        total += values[place]
    return total

"""Argument checks of the formulas, and their float-or-array convention.

Every check takes the argument's name and value, returns the value ready for arithmetic (numbers as they
are, anything else as a float array) and raises a `ValueError` that names the argument, shows the offending
value and says what was expected. NaN never passes. A check costs about one microsecond on a column.
"""

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

# Floats give a float, arrays give the array of the broadcast shape. A union would make every caller narrow a
# result whose kind the call already settles, so the alias is as wide as that of numpy's own functions.
type Result = Any

_lowest = np.minimum.reduce
_highest = np.maximum.reduce
_NUMBERS = (float, int)


class _Trust(threading.local):
    """Whether this thread takes arguments as they are."""

    given = False


_trust = _Trust()


@contextmanager
def trusted(given: bool = True) -> Iterator[None]:
    """Take arguments unchecked inside the block, on this thread.

    For callers whose arguments something else guards: the tick reckons on columns that the audit of every
    month has found finite and of the right sign, and a check of each argument of each formula would cost a
    tenth of it.
    """
    before, _trust.given = _trust.given, given or _trust.given
    try:
        yield
    finally:
        _trust.given = before


def plain(value: Result) -> Result:
    """Return a Python float for a zero-dimensional result, and an array of any other shape as it is."""
    return value if isinstance(value, np.ndarray) and value.ndim else float(value)


def spread(given: tuple[Result, ...], shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Return a row for each argument, of the shape to which they broadcast, or the one that is asked for."""
    table = np.empty((len(given), *(np.broadcast(*given).shape if shape is None else shape)))
    for row, entries in enumerate(given):
        table[row] = entries
    return table


def entry_by_entry(function: Callable[..., float], *given: ArrayLike) -> Result:
    """Return what a function of numbers answers for every entry of the broadcast arguments."""
    return plain(np.vectorize(function, otypes=[float])(*(np.asarray(each, dtype=float) for each in given)))


def finite(name: str, value: ArrayLike) -> Result:
    """Check that every entry is a finite number.

    Args:
        name: Name of the argument, for the message.
        value: Number or array of any shape.

    Returns:
        The value, as a number or a float array.

    Raises:
        ValueError: If an entry is NaN or infinite.
    """
    return _between(name, value, -math.inf, math.inf, "a finite number", False, False)


def positive(name: str, value: ArrayLike, *, infinite: bool = False) -> Result:
    """Check that every entry is above zero, and finite unless `infinite` says otherwise (see `finite`)."""
    return _between(name, value, 0.0, math.inf, "a positive number", False, infinite)


def nonnegative(name: str, value: ArrayLike, *, infinite: bool = False) -> Result:
    """Check that every entry is at least zero, and finite unless `infinite` says otherwise (see `finite`)."""
    return _between(name, value, 0.0, math.inf, "zero or a positive number", True, infinite)


def fraction(name: str, value: ArrayLike) -> Result:
    """Check that every entry lies in the closed interval from 0 to 1 (see `finite`)."""
    return _between(name, value, 0.0, 1.0, "a number from 0 to 1", True, True)


def nonnegative_vector(name: str, value: ArrayLike) -> np.ndarray:
    """Check for a one-dimensional array of finite numbers, none below zero (see `finite`)."""
    vector = np.asarray(value, dtype=float)
    if vector.ndim != 1:
        raise ValueError(f"{name} must be a vector, got an array of shape {vector.shape}")
    return nonnegative(name, vector)


def _between(
    name: str, value: ArrayLike, low: float, high: float, expected: str, low_ok: bool, high_ok: bool
) -> Result:
    if _trust.given:
        return value if isinstance(value, _NUMBERS) else np.asarray(value, dtype=float)
    if isinstance(value, _NUMBERS):
        least = greatest = value
    else:
        value = np.asarray(value, dtype=float)
        if value.size == 0:
            return value
        least, greatest = _lowest(value, axis=None), _highest(value, axis=None)
    # Both reductions hand a NaN on, and a NaN fails every comparison.
    above = least >= low if low_ok else least > low
    below = greatest <= high if high_ok else greatest < high
    if above and below:
        return value
    raise ValueError(f"{name} must be {expected}, got {float(greatest if above else least)}")

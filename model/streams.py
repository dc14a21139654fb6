"""Random numbers that belong to a process, a month and an entity, and to nothing else.

A stream is keyed by (seed, process name) on the counter-based generator Philox; its n-th word is the key
of month n. Within a month every entity draws by its own stable 64-bit slot (a hash of its name), mixed
with the month's key by the SplitMix64 finaliser. Adding, removing or reordering entities therefore
changes nobody else's draws, and a process one scenario never calls leaves the others untouched.

Sources: Salmon et al. 2011 (Philox); Steele, Lea and Flood 2014 (SplitMix64).
"""

from __future__ import annotations

import hashlib

import numpy as np
from scipy.special import ndtri

MONTHS_PER_BLOCK = 1024


def _word(value: int) -> np.ndarray:
    """Return a 64-bit constant as an array without dimensions, which numpy need not convert at every use."""
    return np.array(value, dtype=np.uint64)


_GOLDEN, _MIX_A, _MIX_B = _word(0x9E3779B97F4A7C15), _word(0xBF58476D1CE4E5B9), _word(0x94D049BB133111EB)
_SHIFTS = _word(30), _word(27), _word(31)
_TO_53_BITS = _word(11)
_HALF, _UNIT = np.array(0.5), np.array(2.0**-53)


def slot_of(*names: str | int) -> int:
    """Return the stable 64-bit slot of an entity, a hash of what it is called."""
    text = "|".join(str(name) for name in names)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def slots_of(prefix: str, names: list[str]) -> np.ndarray:
    """Return the slots of many entities of one kind."""
    return np.array([slot_of(prefix, name) for name in names], dtype=np.uint64)


def _mix(words: np.ndarray) -> np.ndarray:
    """Return the words mixed, in place."""
    first, second, third = _SHIFTS
    words ^= words >> first
    words *= _MIX_A
    words ^= words >> second
    words *= _MIX_B
    words ^= words >> third
    return words


class Streams:
    """All random numbers of one run."""

    def __init__(self, seed: int) -> None:
        """Key every stream by the seed (any non-negative integer)."""
        self.seed = int(seed)
        self._months: dict[str, np.ndarray] = {}

    def _key(self, process: str, month: int) -> np.ndarray:
        """Return the word of a month, an array of one."""
        words = self._months.get(process)
        if words is None or month >= len(words):
            words = self._philox(process).random_raw(MONTHS_PER_BLOCK * (1 + month // MONTHS_PER_BLOCK))
            self._months[process] = words
        return words[month : month + 1]

    def _philox(self, process: str) -> np.random.Philox:
        return np.random.Philox(key=[slot_of("seed", self.seed), slot_of("process", process)])

    def uniform(self, process: str, month: int, slots: np.ndarray) -> np.ndarray:
        """Return one uniform number in (0, 1) per slot."""
        words = slots * _GOLDEN
        words += self._key(process, month)
        drawn = (_mix(words) >> _TO_53_BITS).astype(np.float64)
        drawn += _HALF
        drawn *= _UNIT
        return drawn

    def normal(self, process: str, month: int, slots: np.ndarray) -> np.ndarray:
        """Return one standard normal number per slot."""
        return ndtri(self.uniform(process, month, slots))

    def generator(self, process: str, month: int) -> np.random.Generator:
        """Return a generator for draws that belong to the month as a whole, not to an entity."""
        return np.random.Generator(np.random.Philox(key=[int(self._key(process, month)[0]), 0]))

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
from numpy.typing import NDArray
from scipy.special import ndtri

from agents.compiled import compiled

MONTHS_PER_BLOCK = 1024


_GOLDEN, _MIX_A, _MIX_B = (
    np.uint64(each) for each in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)
_30, _27, _31, _11 = (np.uint64(each) for each in (30, 27, 31, 11))


def slot_of(*names: str | int) -> int:
    """Return the stable 64-bit slot of an entity, a hash of what it is called."""
    text = "|".join(str(name) for name in names)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def slots_of(prefix: str, names: list[str]) -> np.ndarray:
    """Return the slots of many entities of one kind."""
    return np.array([slot_of(prefix, name) for name in names], dtype=np.uint64)


@compiled
def _number(slot: np.uint64, key: np.uint64) -> float:
    """Return the highest 53 bits of a slot's word, mixed with the key, as a number in (0, 1)."""
    word = slot * _GOLDEN + key
    word = (word ^ (word >> _30)) * _MIX_A
    word = (word ^ (word >> _27)) * _MIX_B
    word = word ^ (word >> _31)
    return (np.float64(word >> _11) + 0.5) * 2.0**-53


@compiled
def _uniform(slots: np.ndarray, key: np.uint64) -> np.ndarray:
    drawn = np.empty(slots.size)
    for row in range(slots.size):
        drawn[row] = _number(slots[row], key)
    return drawn


@compiled
def _smaller_partners(
    slots: NDArray[np.uint64],
    sizes: np.ndarray,
    rows: np.ndarray,
    limits: np.ndarray,
    candidates: np.ndarray,
    key: np.uint64,
) -> np.ndarray:
    chosen = np.full(rows.size, -1)
    for index in range(rows.size):
        row, highest = int(rows[index]), 0.0
        for candidate in candidates:
            if sizes[candidate] < limits[index] and candidate != row:
                number = _number(slots[row] ^ slots[int(candidate)], key)
                if number > highest:
                    chosen[index], highest = candidate, number
    return chosen


class Streams:
    """All random numbers of one run."""

    def __init__(self, seed: int) -> None:
        """Key every stream by the seed (any non-negative integer)."""
        self.seed = int(seed)
        self._months: dict[str, np.ndarray] = {}

    def _key(self, process: str, month: int) -> np.uint64:
        """Return the word of a month."""
        words = self._months.get(process)
        if words is None or month >= len(words):
            words = self._philox(process).random_raw(MONTHS_PER_BLOCK * (1 + month // MONTHS_PER_BLOCK))
            self._months[process] = words
        return words[month]

    def _philox(self, process: str) -> np.random.Philox:
        return np.random.Philox(key=[slot_of("seed", self.seed), slot_of("process", process)])

    def uniform(self, process: str, month: int, slots: np.ndarray) -> np.ndarray:
        """Return one uniform number in (0, 1) per slot."""
        key = self._key(process, month)
        if slots.ndim == 1:
            return _uniform(slots, key)
        return _uniform(slots.ravel(), key).reshape(slots.shape)

    def smaller_partners(
        self,
        process: str,
        month: int,
        slots: np.ndarray,
        sizes: np.ndarray,
        rows: np.ndarray,
        limits: np.ndarray,
        candidates: np.ndarray,
    ) -> np.ndarray:
        """Return a partner for each row, drawn from the candidates smaller than its limit; -1 for none.

        Every pair draws by its own slot, and the highest number wins. Nobody is a partner of itself.

        Args:
            process: What is drawn for.
            month: Index of the month.
            slots: Of all entities.
            sizes: Of all entities.
            rows: Entities that look for a partner.
            limits: Sizes that partners of each row must stay below.
            candidates: Entities that may be partners.
        """
        return _smaller_partners(slots, sizes, rows, limits, candidates, self._key(process, month))

    def normal(self, process: str, month: int, slots: np.ndarray) -> np.ndarray:
        """Return one standard normal number per slot."""
        return ndtri(self.uniform(process, month, slots))

    def generator(self, process: str, month: int) -> np.random.Generator:
        """Return a generator for draws that belong to the month as a whole, not to an entity."""
        return np.random.Generator(np.random.Philox(key=[int(self._key(process, month)), 0]))

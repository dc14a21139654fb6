"""The Bitcoin protocol as miners meet it: blocks, difficulty retargets and halvings, in expectation.

Blocks are the *expected* number at a given hash rate, so they come in fractions: over a month of 4,400 blocks
the luck left out is 1.5%, and what remains is deterministic. Within one call the hash rate is constant and
everything else is exact: the call is cut at every retarget and every halving.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from agents.economics.checks import Result, nonnegative, plain, positive
from agents.economics.mining import HASHES_PER_DIFFICULTY, TARGET_SECONDS

EPOCH_BLOCKS = 2016
"""Blocks between two retargets."""
EPOCH_SECONDS = EPOCH_BLOCKS * TARGET_SECONDS
"""Time the protocol wants an epoch to take: two weeks."""
RETARGET_LIMIT = 4.0
"""Largest factor by which one retarget moves difficulty, either way."""
HALVING_BLOCKS = 210_000
"""Blocks between two halvings."""
FIRST_SUBSIDY_SATOSHI = 5_000_000_000
SATOSHI_PER_BTC = 1e8

_SHORTEST, _LONGEST = EPOCH_SECONDS / RETARGET_LIMIT, EPOCH_SECONDS * RETARGET_LIMIT
_LAST_SHIFT = 63


def retarget(difficulty: ArrayLike, epoch_seconds: ArrayLike) -> Result:
    """Return the difficulty of the next epoch, D clip(1209600/T, 1/4, 4).

    Bitcoin's consensus rule. The protocol measures T over 2015 of the 2016 intervals; that offset of 0.05% is
    left out.

    Args:
        difficulty: Difficulty D of the epoch that ends.
        epoch_seconds: Time T its 2016 blocks took, seconds.

    Returns:
        Difficulty, in the broadcast shape of the arguments.

    Raises:
        ValueError: If a difficulty or a time is not positive.
    """
    difficulty, taken = positive("difficulty", difficulty), positive("epoch_seconds", epoch_seconds)
    return plain(difficulty * (EPOCH_SECONDS / np.clip(taken, _SHORTEST, _LONGEST)))


def subsidy(height: ArrayLike) -> Result:
    """Return the subsidy of the block at a height: 50 BTC halved every 210,000 blocks, in whole satoshi.

    Args:
        height: Block height; a fraction belongs to the block being worked on.

    Returns:
        BTC per block, in the shape of the argument.

    Raises:
        ValueError: If a height is negative or NaN.
    """
    era = np.floor_divide(nonnegative("height", height), HALVING_BLOCKS)
    shift = np.minimum(era, _LAST_SHIFT).astype(np.int64)
    return plain(np.right_shift(FIRST_SUBSIDY_SATOSHI, shift) / SATOSHI_PER_BTC)


class Mined(NamedTuple):
    """What a span of time brought.

    Attributes:
        blocks: Expected blocks, a fraction included.
        btc: Subsidies and fees, BTC: `blocks * (subsidy + fees per block)`, to the last bit unless a halving
            falls inside the span; then that product summed over the two eras.
        retargets: Number of difficulty adjustments.
        fees: The part of `btc` that was fees.
    """

    blocks: float
    btc: float
    retargets: int
    fees: float


class BitcoinNetwork:
    """Height, difficulty and the running epoch of the Bitcoin network.

    Attributes:
        height: Blocks found so far, whole ones.
        progress: Part of the next block that expected work has covered, from 0 to 1.
        difficulty: Difficulty now.
        epoch_seconds: Time elapsed in the current epoch of 2016 blocks.
    """

    __slots__ = ("_fixed_subsidy", "difficulty", "epoch_seconds", "height", "progress")

    def __init__(
        self, height: int, difficulty: float, *, epoch_seconds: float | None = None, halving: bool = True
    ) -> None:
        """Start the network at a height.

        Args:
            height: Blocks found so far.
            difficulty: Difficulty of the current epoch.
            epoch_seconds: Time elapsed in it; by default 600 seconds a block, an epoch on schedule so far.
            halving: False keeps the subsidy of the starting height for ever.

        Raises:
            ValueError: If the height is not a whole number from zero on, the difficulty is not positive, or
                the elapsed time is negative.
        """
        if int(nonnegative("height", height)) != height:
            raise ValueError(f"height must be a whole number of blocks, got {height}")
        self.height = int(height)
        self.progress = 0.0
        self.difficulty = float(positive("difficulty", difficulty))
        if epoch_seconds is None:
            epoch_seconds = self.height % EPOCH_BLOCKS * TARGET_SECONDS
        self.epoch_seconds = float(nonnegative("epoch_seconds", epoch_seconds))
        self._fixed_subsidy = None if halving else _subsidy(self.height)

    @property
    def subsidy(self) -> float:
        """Subsidy of the next block, BTC."""
        return _subsidy(self.height) if self._fixed_subsidy is None else self._fixed_subsidy

    def advance(self, hashrate_eh_s: float, seconds: float, fees_btc_per_block: float = 0.0) -> Mined:
        """Mine at a constant hash rate for a while, through every retarget and halving on the way.

        Args:
            hashrate_eh_s: Hash rate of the whole network, EH/s; with zero, time passes and nothing is found.
            seconds: Duration.
            fees_btc_per_block: Transaction fees, BTC per block.

        Returns:
            Blocks, BTC and retargets of the span.

        Raises:
            ValueError: If an argument is negative or NaN.
        """
        hash_per_second = 1e18 * nonnegative("hashrate_eh_s", hashrate_eh_s)
        left = nonnegative("seconds", seconds)
        fees = nonnegative("fees_btc_per_block", fees_btc_per_block)
        blocks = btc = era_blocks = 0.0
        retargets = 0
        while left > 0.0:
            era_subsidy = self.subsidy
            found, spent, reached = self._mine_to_stop(hash_per_second, left)
            left -= spent
            era_blocks += found
            if reached and self.height % EPOCH_BLOCKS == 0:
                self._retarget()
                retargets += 1
            if not reached or left <= 0.0 or self.subsidy != era_subsidy:
                blocks += era_blocks
                btc += era_blocks * (era_subsidy + fees)
                era_blocks = 0.0
        return Mined(blocks, btc, retargets, blocks * fees)

    def _mine_to_stop(self, hash_per_second: float, limit: float) -> tuple[float, float, bool]:
        """Mine until the next retarget or halving, or until the time is up; say which and at what cost."""
        in_epoch = self.height % EPOCH_BLOCKS
        start = in_epoch + self.progress
        stop = min(EPOCH_BLOCKS, in_epoch + HALVING_BLOCKS - self.height % HALVING_BLOCKS)
        rate = hash_per_second / (self.difficulty * HASHES_PER_DIFFICULTY)
        position = start + rate * limit
        if position < stop:
            whole = int(position)
            self.height += whole - in_epoch
            self.progress = position - whole
            self.epoch_seconds += limit
            return rate * limit, limit, False
        spent = min((stop - start) / rate, limit)
        self.height += stop - in_epoch
        self.progress = 0.0
        self.epoch_seconds += spent
        return stop - start, spent, True

    def _retarget(self) -> None:
        # `retarget` without the overhead of arrays.
        self.difficulty *= EPOCH_SECONDS / min(max(self.epoch_seconds, _SHORTEST), _LONGEST)
        self.epoch_seconds = 0.0


def _subsidy(height: int) -> float:
    return (FIRST_SUBSIDY_SATOSHI >> min(height // HALVING_BLOCKS, _LAST_SHIFT)) / SATOSHI_PER_BTC

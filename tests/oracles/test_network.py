"""What the Bitcoin protocol must do, within one call and across many."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agents.economics.mining import implied_hashrate
from agents.economics.network import BitcoinNetwork, Mined, retarget, subsidy

TWO_WEEKS = 1_209_600.0
MONTH = 365.25 / 12 * 86_400
DIFFICULTY = 152.2714e12


def on_target(difficulty=DIFFICULTY):
    return float(implied_hashrate(difficulty))


class TestRetarget:
    def test_an_epoch_on_schedule_keeps_difficulty(self):
        assert retarget(DIFFICULTY, TWO_WEEKS) == DIFFICULTY

    @given(st.floats(0.26, 3.9))
    def test_difficulty_follows_the_pace_of_blocks(self, pace):
        assert retarget(1e14, TWO_WEEKS * pace) == pytest.approx(1e14 / pace)

    def test_one_retarget_moves_difficulty_at_most_fourfold(self):
        assert retarget(1e14, np.array([1.0, TWO_WEEKS * 100])) == pytest.approx([4e14, 0.25e14])


class TestSubsidy:
    def test_the_subsidy_halves_every_210000_blocks(self):
        heights = np.array([0, 209_999, 210_000, 839_999, 840_000, 1_049_999, 1_050_000])
        assert subsidy(heights).tolist() == [50.0, 50.0, 25.0, 6.25, 3.125, 3.125, 1.5625]

    def test_the_subsidy_is_a_whole_number_of_satoshi_and_runs_out(self):
        assert subsidy(10 * 210_000) == 4_882_812 / 1e8
        assert subsidy(33 * 210_000) == 0.0
        assert subsidy(10**9) == 0.0

    def test_21_million_coins_is_the_limit(self):
        eras = np.arange(64) * 210_000
        assert 20_999_999.0 < 210_000 * subsidy(eras).sum() < 21_000_000.0


class TestOneCall:
    def test_hash_on_target_finds_a_block_every_ten_minutes(self):
        network = BitcoinNetwork(924_000 // 2016 * 2016, DIFFICULTY)
        mined = network.advance(on_target(), MONTH)
        assert mined.blocks == pytest.approx(MONTH / 600)
        assert network.difficulty == pytest.approx(DIFFICULTY)
        assert mined.retargets == 2

    def test_btc_mined_is_blocks_times_reward_to_the_last_bit(self):
        mined = BitcoinNetwork(924_123, DIFFICULTY).advance(1234.5, MONTH, 0.037)
        assert mined.btc == mined.blocks * (3.125 + 0.037)
        assert mined.fees == mined.blocks * 0.037

    def test_more_hash_raises_difficulty_once_the_epoch_ends(self):
        network = BitcoinNetwork(2016 * 450, DIFFICULTY)
        mined = network.advance(2.0 * on_target(), TWO_WEEKS / 2)
        assert mined.blocks == pytest.approx(2016)
        assert mined.retargets == 1
        assert network.difficulty == pytest.approx(2.0 * DIFFICULTY)
        assert network.advance(2.0 * on_target(), TWO_WEEKS).blocks == pytest.approx(2016)

    def test_a_collapse_of_hash_stretches_the_epoch_and_then_eases_difficulty(self):
        network = BitcoinNetwork(2016 * 450, DIFFICULTY)
        assert network.advance(0.5 * on_target(), TWO_WEEKS).retargets == 0
        assert network.advance(0.5 * on_target(), 1.01 * TWO_WEEKS).retargets == 1
        assert network.difficulty == pytest.approx(0.5 * DIFFICULTY)

    def test_the_part_of_an_epoch_before_the_start_counts_as_on_schedule(self):
        network = BitcoinNetwork(2016 * 450 + 1008, DIFFICULTY)
        assert network.epoch_seconds == pytest.approx(TWO_WEEKS / 2)
        network.advance(2.0 * on_target(), TWO_WEEKS / 4 + 1.0)
        assert network.difficulty == pytest.approx(DIFFICULTY / 0.75)

    def test_the_halving_falls_inside_a_call_by_height(self):
        network = BitcoinNetwork(1_049_900, DIFFICULTY)
        mined = network.advance(on_target(), 300 * 600.0, 0.1)
        assert mined.blocks == pytest.approx(300)
        assert mined.btc == pytest.approx(100 * 3.225 + 200 * 1.6625)
        assert mined.fees == pytest.approx(30.0)
        assert network.subsidy == 1.5625

    def test_more_hash_brings_the_halving_forward(self):
        slow, fast = BitcoinNetwork(1_049_000, DIFFICULTY), BitcoinNetwork(1_049_000, DIFFICULTY)
        slow.advance(on_target(), 900 * 600.0)
        fast.advance(1.2 * on_target(), 900 * 600.0)
        assert (slow.subsidy, fast.subsidy) == (3.125, 1.5625)

    def test_without_halvings_the_subsidy_stays(self):
        network = BitcoinNetwork(1_049_900, DIFFICULTY, halving=False)
        mined = network.advance(on_target(), 300 * 600.0)
        assert network.height >= 1_050_000
        assert mined.btc == mined.blocks * 3.125

    def test_without_hash_time_passes_and_nothing_is_found(self):
        network = BitcoinNetwork(2016 * 450, DIFFICULTY)
        assert network.advance(0.0, MONTH) == Mined(0.0, 0.0, 0, 0.0)
        assert (network.height, network.difficulty, network.epoch_seconds) == (2016 * 450, DIFFICULTY, MONTH)

    def test_no_time_changes_nothing(self):
        network = BitcoinNetwork(924_123, DIFFICULTY)
        assert network.advance(1000.0, 0.0) == Mined(0.0, 0.0, 0, 0.0)

    def test_hash_a_million_times_too_great_is_absorbed_by_capped_retargets(self):
        network = BitcoinNetwork(2016 * 450, DIFFICULTY, halving=False)
        mined = network.advance(1e6 * on_target(), TWO_WEEKS)
        assert mined.retargets >= 10
        assert network.difficulty == pytest.approx(1e6 * DIFFICULTY, rel=0.1)


class TestManyCalls:
    @settings(max_examples=60)
    @given(
        st.integers(1_045_000, 1_051_000),
        st.floats(0.3, 4.0),
        st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30),
    )
    def test_one_call_equals_many_small_ones(self, height, pace, cuts):
        whole, pieces = BitcoinNetwork(height, DIFFICULTY), BitcoinNetwork(height, DIFFICULTY)
        hashrate, times = pace * on_target(), np.diff([0.0, *sorted(cuts), 1.0]) * 3 * MONTH
        once = whole.advance(hashrate, 3 * MONTH, 0.1)
        many = [pieces.advance(hashrate, float(seconds), 0.1) for seconds in times]
        into_epoch = whole.height % 2016 + whole.progress
        assume(1e-3 < into_epoch < 2016 - 1e-3)  # rounding may not decide whether the last retarget has come
        assert sum(mined.blocks for mined in many) == pytest.approx(once.blocks, rel=1e-9)
        assert sum(mined.btc for mined in many) == pytest.approx(once.btc, rel=1e-9)
        assert pieces.difficulty == pytest.approx(whole.difficulty, rel=1e-9)
        assert pieces.height + pieces.progress == pytest.approx(whole.height + whole.progress, abs=1e-3)

    @settings(max_examples=60)
    @given(st.lists(st.floats(0.0, 3.0), min_size=1, max_size=24), st.integers(0, 2015))
    def test_height_counts_the_blocks_mined(self, paces, offset):
        network = BitcoinNetwork(900_000 + offset, DIFFICULTY)
        blocks = sum(network.advance(pace * on_target(), MONTH).blocks for pace in paces)
        assert network.height + network.progress - 900_000 - offset == pytest.approx(blocks, abs=1e-6)
        assert 0.0 <= network.progress < 1.0

    def test_steady_hash_settles_at_its_own_difficulty(self):
        network = BitcoinNetwork(900_000, DIFFICULTY)
        for _ in range(6):
            network.advance(700.0, MONTH)
        assert implied_hashrate(network.difficulty) == pytest.approx(700.0)

    def test_hash_scaled_by_k_at_difficulty_scaled_by_k_mines_the_same(self):
        one, thousand = BitcoinNetwork(900_000, 1e14), BitcoinNetwork(900_000, 1e17)
        assert one.advance(900.0, MONTH).blocks == pytest.approx(thousand.advance(900_000.0, MONTH).blocks)

    def test_a_saved_network_goes_on_as_if_nothing_happened(self):
        network = BitcoinNetwork(924_123, DIFFICULTY)
        network.advance(1100.0, MONTH)
        copy = pickle.loads(pickle.dumps(network))
        assert copy.advance(900.0, MONTH, 0.1) == network.advance(900.0, MONTH, 0.1)


@pytest.mark.parametrize(
    ("act", "culprit"),
    [
        (lambda: retarget(-1.0, TWO_WEEKS), "difficulty"),
        (lambda: retarget(1e14, 0.0), "epoch_seconds"),
        (lambda: retarget(1e14, math.nan), "epoch_seconds"),
        (lambda: subsidy(-1), "height"),
        (lambda: BitcoinNetwork(-1, 1e14), "height"),
        (lambda: BitcoinNetwork(1.5, 1e14), "height"),  # pyright: ignore[reportArgumentType]
        (lambda: BitcoinNetwork(1, -1e14), "difficulty"),
        (lambda: BitcoinNetwork(1, 1e14, epoch_seconds=-1.0), "epoch_seconds"),
        (lambda: BitcoinNetwork(1, 1e14).advance(-1.0, 1.0), "hashrate_eh_s"),
        (lambda: BitcoinNetwork(1, 1e14).advance(math.nan, 1.0), "hashrate_eh_s"),
        (lambda: BitcoinNetwork(1, 1e14).advance(1.0, -1.0), "seconds"),
        (lambda: BitcoinNetwork(1, 1e14).advance(1.0, 1.0, -0.1), "fees_btc_per_block"),
    ],
)
def test_nonsense_is_refused_by_name(act, culprit):
    with pytest.raises(ValueError, match=culprit):
        act()

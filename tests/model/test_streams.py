"""Random numbers belong to a process, a month and an entity."""

import numpy as np
from scipy import stats

from model.streams import Streams, slot_of, slots_of

NAMES = [f"firm {number}" for number in range(400)]


def test_a_draw_depends_on_seed_process_month_and_entity() -> None:
    slots = slots_of("firm", NAMES)
    base = Streams(1).uniform("review", 5, slots)
    assert (Streams(1).uniform("review", 5, slots) == base).all()
    assert (Streams(2).uniform("review", 5, slots) != base).all()
    assert (Streams(1).uniform("slip", 5, slots) != base).all()
    assert (Streams(1).uniform("review", 6, slots) != base).all()
    assert len(np.unique(base)) == len(base)


def test_adding_or_reordering_entities_changes_nobody_elses_draw() -> None:
    slots = slots_of("firm", NAMES)
    alone = Streams(3).uniform("review", 0, slots[:10])
    among = Streams(3).uniform("review", 0, slots)
    backwards = Streams(3).uniform("review", 0, slots[::-1])
    assert (among[:10] == alone).all()
    assert (backwards[::-1] == among).all()


def test_calling_another_process_or_month_first_changes_nothing() -> None:
    slots = slots_of("firm", NAMES)
    busy = Streams(4)
    busy.uniform("other", 2000, slots)
    busy.generator("review", 3).random(17)
    assert (busy.uniform("review", 9, slots) == Streams(4).uniform("review", 9, slots)).all()
    assert busy.generator("price", 7).random() == Streams(4).generator("price", 7).random()


def test_the_partner_is_the_smaller_candidate_whose_pair_draws_the_highest() -> None:
    slots, streams = slots_of("firm", NAMES), Streams(5)
    sizes = streams.uniform("size", 0, slots)
    looking, limits, candidates = np.array([3, 8, 20]), np.array([0.5, np.inf, 0.0]), np.arange(0, 400, 4)
    partners = streams.smaller_partners("partner", 2, slots, sizes, looking, limits, candidates)
    for row, limit, partner in zip(looking, limits, partners, strict=True):
        fit = candidates[(sizes[candidates] < limit) & (candidates != row)]
        drawn = streams.uniform("partner", 2, slots[row] ^ slots[fit])
        assert partner == (fit[drawn.argmax()] if len(fit) else -1)


def test_uniform_draws_are_uniform_across_entities_and_across_months() -> None:
    slots = slots_of("site", [str(number) for number in range(20_000)])
    streams = Streams(11)
    assert stats.kstest(streams.uniform("review", 1, slots), "uniform").pvalue > 0.001
    over_time = np.array([streams.uniform("review", month, slots[:1])[0] for month in range(3000)])
    assert stats.kstest(over_time, "uniform").pvalue > 0.001
    assert abs(np.corrcoef(over_time[1:], over_time[:-1])[0, 1]) < 0.06


def test_normal_draws_are_standard_normal_and_finite() -> None:
    slots = slots_of("site", [str(number) for number in range(20_000)])
    drawn = Streams(12).normal("shock", 1, slots)
    assert np.isfinite(drawn).all()
    assert stats.kstest(drawn, "norm").pvalue > 0.001


def test_two_entities_share_a_slot_only_if_they_share_a_name() -> None:
    assert slot_of("firm", "IREN") == slot_of("firm", "IREN")
    assert slot_of("firm", "IREN") != slot_of("site", "IREN")

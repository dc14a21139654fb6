"""What lenders grant and what a failing firm's estate fetches."""

import numpy as np
import pytest

from agents.economics.credit import (
    blended,
    build_draw,
    debt_capacity,
    default_probability,
    equity_window,
    fire_sale_discount,
    reorganisation_surplus,
)


def test_lenders_look_at_what_project_lenders_leave_and_at_the_treasury():
    assert debt_capacity(100.0, 40.0, 10.0, 0.5, 0.6) == pytest.approx(36.0)
    assert debt_capacity(100.0, 140.0, 0.0, 0.5, 0.6) == 0.0
    assert debt_capacity(-5.0, 0.0, 10.0, 0.5, 0.6) == pytest.approx(6.0)


def test_the_equity_window_shuts_when_it_is_used_up_or_nothing_is_left():
    np.testing.assert_allclose(
        equity_window(np.array([100.0, 100.0, -50.0]), np.array([0.0, 25.0, 0.0]), 0.2), [20, 0, 0]
    )


def test_a_build_is_drawn_evenly_and_all_at_once_when_it_is_late():
    np.testing.assert_allclose(
        build_draw(120.0, np.array([0.0, 110.0, 120.0]), np.array([12, 0, -3])), [10, 10, 0]
    )


def test_the_discount_deepens_with_the_distress_of_the_sector():
    np.testing.assert_allclose(fire_sale_discount(np.array([0.0, 0.5, 1.0]), 0.2, 0.65), [0.2, 0.425, 0.65])
    with pytest.raises(ValueError, match="distressed_share"):
        fire_sale_discount(1.5, 0.2, 0.65)


def test_losses_speak_against_reorganising_and_gains_are_in_the_value_already():
    assert reorganisation_surplus(100.0, 60.0, -2.0, 12) == pytest.approx(16.0)
    assert reorganisation_surplus(100.0, 60.0, 5.0, 12) == pytest.approx(40.0)


def test_terms_of_debt_blend_by_weight():
    assert blended(0.02, 300.0, 0.08, 100.0) == pytest.approx(0.035)
    np.testing.assert_allclose(blended(np.array([7.0, 7.0]), np.zeros(2), 9.0, np.array([0.0, 1.0])), [7, 9])


@pytest.mark.parametrize("formula", [debt_capacity, reorganisation_surplus])
def test_undefined_numbers_are_refused(formula):
    with pytest.raises(ValueError, match="nan"):
        formula(np.nan, 1.0, 1.0, 1.0, *([1.0] if formula is debt_capacity else []))


def test_a_chance_of_two_per_cent_a_month_leaves_48_per_cent_after_three_years():
    hazard = -12.0 * np.log(0.98)
    assert default_probability(hazard, 1) == pytest.approx(0.02, rel=1e-12)
    assert 1.0 - default_probability(hazard, 36) == pytest.approx(0.483213, abs=5e-7)
    assert default_probability(0.0, 36) == default_probability(hazard, 0) == 0.0
    with pytest.raises(ValueError, match="hazard"):
        default_probability(-0.1, 1)

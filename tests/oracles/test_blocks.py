"""The value of a block of megawatts against its limit cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.economics.blocks import (
    ProductTerms,
    lease_line,
    new_mine_value,
    reserve_rent,
)
from agents.economics.leases import lease_annuity


def terms(**changes: object) -> ProductTerms:
    base = ProductTerms(
        capex=np.array([2.0, 10.5, 39.5]),
        hall=np.array([2.0, 10.5, 10.5]),
        margin=np.array([0.95, 0.85, 0.78]),
        years=np.array([15.0, 12.0, 5.0]),
        lead=np.array([0.75, 1.2, 1.3]),
        residual=np.array([1.6, 8.4, 14.2]),
        prepaid=np.array([0.0, 0.0, 0.2]),
        tenant_share=np.zeros(3),
        escalator=0.025,
    )
    return base._replace(**changes)  # type: ignore[arg-type]


NONE = np.zeros(1)
RATE = np.array([0.09])


def test_a_lease_without_delay_capex_or_residual_is_an_annuity() -> None:
    bare = terms(capex=np.zeros(3), residual=np.zeros(3), prepaid=np.zeros(3))
    slope, level = lease_line(bare, np.zeros((1, 3)), RATE, NONE)
    assert slope[0] == pytest.approx(bare.margin * lease_annuity(0.025, 0.09, bare.years))
    assert level[0] == pytest.approx(0.0, abs=1e-12)


def test_delay_costs_interest() -> None:
    now, _ = lease_line(terms(), np.zeros((1, 3)), RATE, NONE)
    later, _ = lease_line(terms(prepaid=np.zeros(3)), np.ones((1, 3)), RATE, NONE)
    assert later[0, :2] == pytest.approx(now[0, :2] * np.exp(-0.09))


def test_an_empty_hall_saves_its_capex() -> None:
    ready = np.zeros((1, 3))
    _, built = lease_line(terms(), ready, RATE, NONE)
    _, fitted = lease_line(terms(), ready, RATE, np.ones(1))
    assert (fitted - built)[0] == pytest.approx([2.0, 10.5, 10.5], rel=1e-6)


def test_a_prepayment_is_worth_the_interest_until_it_is_credited() -> None:
    ready = np.zeros((1, 3))
    with_it, _ = lease_line(terms(), ready, RATE, NONE)
    without, _ = lease_line(terms(prepaid=np.zeros(3)), ready, RATE, NONE)
    gain = (with_it - without)[0]
    assert gain[:2].tolist() == [0.0, 0.0]
    nominal = 0.2 * (np.exp(0.025 * 5) - 1) / 0.025
    assert 0.09 * 2.0 * nominal < gain[2] < 0.09 * 5.0 * nominal


@given(needed=st.floats(0, 20), ready=st.floats(0.1, 4), rate=st.floats(0.03, 0.2), fitted=st.floats(0, 1))
def test_at_its_reserve_rent_a_lease_is_worth_just_what_is_needed(
    needed: float, ready: float, rate: float, fitted: float
) -> None:
    slope, level = lease_line(terms(), np.full((1, 3), ready), np.array([rate]), np.array([fitted]))
    rent = reserve_rent(slope, level, np.array([[needed]]))
    worth = slope * rent + level
    assert worth[rent > 0.0] == pytest.approx(needed, abs=1e-9)
    assert (worth[rent == 0.0] >= needed - 1e-9).all()


def test_a_new_mine_that_does_not_pay_is_worth_nothing() -> None:
    assert new_mine_value(np.array([10.0]), 12.0, 18.0, 0.0, np.array([0.13]), 5.0)[0] == 0.0


def test_a_new_mine_is_an_annuity_of_its_generations() -> None:
    value = new_mine_value(np.array([20.0]), 11.0, 18.0, 0.0, np.array([0.13]), 5.0)[0]
    assert value == pytest.approx(0.5 / (1.0 - np.exp(-0.65)))

"""Half months are the same model with everything that counts months restated."""

import numpy as np
import pytest

from experiments.validation import half_months
from experiments.validation.half_months import in_half_months, restated
from model import baseline_leases, mining, treasury
from model.calendar import Calendar
from model.run import run
from model.scenario import Scenario


def test_what_counts_months_is_restated_and_nothing_else():
    new, usual = restated(), Scenario()
    assert new["leases.shell_lead"] == 2 * usual.leases.shell_lead
    assert (1.0 - new["choice.review"]) ** 2 == pytest.approx(1.0 - usual.choice.review)
    assert new["consolidation.entry_rate"] == usual.consolidation.entry_rate / 2
    assert not {"leases.shell_term", "finance.discount_mining", "horizon.start"} & set(new)


def test_one_tick_a_month_is_the_model_as_it_is(monkeypatch):
    monkeypatch.setattr(half_months, "TICKS", 1)
    monkeypatch.setattr(half_months, "COUNTED", {})
    assert restated() == {}
    usual = run(
        Scenario().with_values(**half_months.CONSTANT_PRICE, **{"horizon.months": 12}), 3, keep="series"
    )
    monkeypatch.setattr(half_months, "CONSTANT_PRICE", half_months.CONSTANT_PRICE | {"horizon.months": 12})
    np.testing.assert_array_equal(in_half_months(3).to_numpy(), usual.series.to_numpy())


def test_half_months_reach_the_same_places_under_the_audit_and_leave_the_model_as_it_was():
    constants = treasury.MONTHS, baseline_leases.MONTHS, mining.HOURS_PER_MONTH
    assert Scenario().horizon.audit
    finer = in_half_months(1)
    usual = run(Scenario().with_values(**half_months.CONSTANT_PRICE), 1, keep="series").series
    assert len(finer) == 2 * len(usual)
    for name in ("demand_gw", "network_hashrate_eh_s", "hashprice_usd_ph_day", "lease_rent_usd_kw_month"):
        assert finer[name].iloc[75] == pytest.approx(usual[name].iloc[37], rel=0.15)
    halvings = [np.flatnonzero(np.diff(path["subsidy_btc"]) < 0) for path in (usual, finer)]
    assert halvings[1] == pytest.approx(2 * halvings[0] + 1, abs=1)
    assert constants == (treasury.MONTHS, baseline_leases.MONTHS, mining.HOURS_PER_MONTH)
    assert Calendar("2025-11").month("2026-11") == 12

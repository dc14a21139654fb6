"""Ablations: what each mechanism does to the gap, the rent, the conversions, the exits and concentration.

Also the refinement of the population: the same megawatts in the hands of half and of twice as many firms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from experiments.validation.ensembles import Told, differences, paired, quiet
from model.run import Run

BASE = "reference"
ARMS: Mapping[str, Mapping[str, Any]] = {
    BASE: {},
    "no AI demand": {"ai.demand_gw": 0.0},
    "imitation (J = 0.7)": {"choice.imitation": 0.7},
    "no option value": {"choice.option_weight": 0.0},
    "no debt": {"finance.debt_enabled": False},
    "no hash feedback of conversions": {"row.takes_displaced": True},
    "no grid queue": {"power.connection_scale": 1e3, "power.lead_scale": 0.0},
    "no outside supply": {"power.onsite_enabled": False},
}
"""Each arm switches one mechanism off; imitation, off by default, is switched on at its tipping point."""
SIZES: Mapping[str, Mapping[str, Any]] = {
    "137 private firms": {},
    "68 private firms": {"population.private_firms": 68},
    "274 private firms": {"population.private_firms": 274},
}
OUTCOMES = {
    "gap_2028_gw": "gap at the end of 2028, GW",
    "rent_2028_usd_kw_month": "colocation rent expected at the end of 2028, USD/kW-month of IT",
    "ai_mw_end": "MW building, let or converted at the end",
    "miners_2028_gw": "delivered by miners at the end of 2028, GW",
    "exits": "exits",
    "chapter11": "chapter 11 filings",
    "hashprice_mean": "mean hashprice, USD/PH/day",
    "hhi_hash_end": "HHI of hash at the end",
    "hhi_ai_end": "HHI of AI megawatts at the end",
    "hhi_value_end": "HHI of enterprise value at the end",
}
"""What is compared, and what it is called."""
LOOKED_AT = "2028-12"


def outcomes(run: Run) -> dict[str, float]:
    """Return the outcomes of a run."""
    series = run.series
    then, end = series.loc[pd.Timestamp(LOOKED_AT)], series.iloc[-1]
    return {
        "gap_2028_gw": float(then["gap_gw"]),
        "rent_2028_usd_kw_month": float(then["lease_rent_usd_kw_month"]),
        "ai_mw_end": float(end["ai_mw"]),
        "miners_2028_gw": float(then["delivered_miners_gw"]),
        "exits": float(series["exits"].sum()),
        "chapter11": float(series["chapter11_filings"].sum()),
        "hashprice_mean": float(series["hashprice_usd_ph_day"].mean()),
        "hhi_hash_end": float(end["hhi_hash"]),
        "hhi_ai_end": float(end["hhi_ai"]),
        "hhi_value_end": float(end["hhi_value"]),
    }


def ablations(
    seeds: Sequence[int], workers: int = 2, told: Told = quiet
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return every run and the table of paired differences from the reference."""
    runs = paired(ARMS, seeds, outcomes, workers=workers, told=told, what="ablations")
    return runs, differences(runs, list(OUTCOMES), BASE)


def size_refinement(
    seeds: Sequence[int], workers: int = 2, told: Told = quiet
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the same for half and twice as many private firms with the same megawatts between them."""
    runs = paired(SIZES, seeds, outcomes, workers=workers, told=told, what="sizes of the tail")
    return runs, differences(runs, list(OUTCOMES), "137 private firms")

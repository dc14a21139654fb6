"""The outcome functions that ship: what the series alone does not tell about a run."""

from __future__ import annotations

import numpy as np
import pandas as pd

from agents.economics.discounting import yearly_step
from agents.economics.valuation import risky_lease_value, spread_cost
from experiments.outcomes import ARTICLE_END, Record, outcome_function

NAN = float("nan")
DAYS_A_YEAR = 365.25


@outcome_function("share", needs_fates=True)
def share_gone(record: Record) -> float:
    """Return the share of the miners of the first month that are gone at the end."""
    return _share_gone(_first_miners(record))


@outcome_function("share", needs_fates=True)
def share_gone_small(record: Record) -> float:
    """Return the share gone of the smaller half of the miners, by megawatts energised in the first month."""
    firms = _first_miners(record)
    return _share_gone(firms.loc[firms["energised_mw"] <= firms["energised_mw"].median()])


@outcome_function("share", needs_fates=True)
def share_gone_contracted(record: Record) -> float:
    """Return the share gone of the miners that had an AI contract in the first month."""
    firms = _first_miners(record)
    return _share_gone(firms.loc[firms["contracted_share"] > 0])


@outcome_function("share", needs_fates=True)
def share_gone_grid_only(record: Record) -> float:
    """Return the share gone of the miners that bought all power from the grid in the first month."""
    firms = _first_miners(record)
    return _share_gone(firms.loc[firms["grid_share"] >= 1 - 1e-9])


@outcome_function("USD/MWh", needs_fates=True)
def cost_of_the_gone(record: Record) -> float:
    """Return the all-in cost of the miners gone by the end less that of the others."""
    firms = _first_miners(record)
    gone = firms["gone"].to_numpy(dtype=bool)
    if gone.all() or not gone.any():
        return NAN
    return float(firms.loc[gone, "all_in_cost"].mean() - firms.loc[~gone, "all_in_cost"].mean())


@outcome_function("USD/kW-month of IT")
def mean_rent_signed(record: Record) -> float:
    """Return the rent of the leases signed in the run, weighted by IT load; GPU cloud left out."""
    leases = _signed(record)
    leases = leases.loc[leases["product"] != "cloud"]
    weights = leases["it_mw"].to_numpy()
    return float(np.average(leases["rent_usd_kw_month"], weights=weights)) if weights.sum() > 0 else NAN


@outcome_function("GW")
def shell_gw_signed(record: Record) -> float:
    """Return the gross load of the powered shells signed in the run."""
    leases = _signed(record)
    return float(leases.loc[leases["product"] == "shell", "gross_mw"].sum() / 1e3)


@outcome_function("GW")
def signed_gw(record: Record) -> float:
    """Return the gross load of all leases signed in the run."""
    return float(_signed(record)["gross_mw"].sum() / 1e3)


@outcome_function("share")
def gap_closed_by_miners(record: Record) -> float:
    """Return the part of the AI load due at the end of 2028 that miners deliver."""
    series = record.series
    month = min(pd.Timestamp(ARTICLE_END), series.index[-1])
    demand = float(series["demand_gw"].at[month])
    return float(series["delivered_miners_gw"].at[month]) / demand if demand > 0 else NAN


@outcome_function("ratio")
def value_contracted_over_rest(record: Record) -> float:
    """Return enterprise value per contracted AI megawatt over that per other megawatt, at the end."""
    last = record.series.iloc[-1]
    rest = float(last["ev_per_uncontracted_mw"])
    return float(last["ev_per_contracted_mw"]) / rest if rest > 0 else NAN


@outcome_function("USD/W")
def shell_value(record: Record) -> float:
    """Return what the powered shells signed by the end of 2028 are worth to their owners per gross watt."""
    return _lease_value(record, "shell")


@outcome_function("USD/W")
def shell_value_investment_grade(record: Record) -> float:
    """Return the same for shells let to investment-grade tenants."""
    return _lease_value(record, "shell", risky=False)


@outcome_function("USD/W")
def shell_value_high_yield(record: Record) -> float:
    """Return the same for shells let to high-yield tenants, neoclouds for the most part."""
    return _lease_value(record, "shell", risky=True)


@outcome_function("USD/W")
def colocation_value(record: Record) -> float:
    """Return what the colocation halls signed by the end of 2028 are worth to their owners per gross watt."""
    return _lease_value(record, "colocation")


def _lease_value(record: Record, product: str, risky: bool | None = None) -> float:
    """Return net present value over gross load: income less the hazard of default, less capex, plus residual.

    At the landlord's own cost of capital for leases, on the day of signing; weighted by load.
    """
    if record.scenario is None:
        raise ValueError("the scenario of the run was not given")
    terms, leases = record.scenario.leases, _signed(record)
    leases = leases.loc[(leases["product"] == product) & (leases["signed"] <= ARTICLE_END)]
    if risky is not None:
        # A backstopped high-yield tenant counts by who pays in the end.
        hazard = leases["default_hazard"].where(~leases["backstop"], 0.0)
        doubtful = hazard > record.scenario.ai.default_investment_grade
        leases = leases.loc[doubtful == risky]
    if not leases["gross_mw"].sum() > 0:
        return NAN
    rate = record.firms.drop_duplicates("firm").set_index("firm")["lease_discount_rate"]
    rates = rate.reindex(leases["lessor"]).to_numpy(dtype=float)
    wait = (leases["promised"] - leases["signed"]).dt.days.to_numpy() / DAYS_A_YEAR
    hall = terms.shell_capex if product == "shell" else terms.colocation_capex
    growth = np.log1p(leases["escalator"].to_numpy())
    income = (leases["rent"] * leases["operating_margin"] * leases["it_mw"]).to_numpy() * yearly_step(growth)
    value = risky_lease_value(
        income,
        growth,
        rates,
        leases["default_hazard"].to_numpy(),
        wait,
        leases["term"].to_numpy() / 12.0,
        hall * terms.hall_residual * leases["it_mw"].to_numpy(),
    )
    cost = spread_cost(leases["capex"].to_numpy(), rates, wait)
    return float((value - cost).sum() / leases["gross_mw"].sum())


def _first_miners(record: Record) -> pd.DataFrame:
    if record.fates is None:
        raise ValueError("the fates of the firms were not kept")
    return record.fates.loc[record.fates["entry_month"] == 0]


def _share_gone(firms: pd.DataFrame) -> float:
    return float(firms["gone"].mean()) if len(firms) else NAN


def _signed(record: Record) -> pd.DataFrame:
    leases = record.leases
    return leases.loc[~leases["at_start"]]

"""What a row of each baseline table holds: types, units by name, bounds and enumerations.

The column order of `model/data/*.csv` is the field order here. Empty cells are None where a field allows it.
"""

from __future__ import annotations

import datetime
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints


def _month(text: str) -> str:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        raise ValueError("expected a month such as 2025-11")
    return text


def _flag(text: object) -> object:
    if text not in {"true", "false"}:
        raise ValueError("expected true or false")
    return text == "true"


Text = Annotated[str, StringConstraints(min_length=1)]
Month = Annotated[str, AfterValidator(_month)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Amount = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
Percentile = Annotated[float, Field(gt=0, lt=100)]
Grade = Literal["A", "B", "C"]


class Row(BaseModel):
    """One immutable row, and the line of its file it came from."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    line: int = 0


class Graded(Row):
    """A row with a source and a confidence grade, as every table but the sources has."""

    source: Text
    confidence: Grade


class Source(Row):
    """A key of `source` columns and what it stands for."""

    key: Text
    what: Text
    publisher: Text
    date: Text
    where: str | None
    terms: Text
    note: str | None


class ListedMiner(Graded):
    """A listed miner on the baseline date."""

    ticker: Text
    name: Text
    as_of: datetime.date
    hashrate_eh_s: Amount
    efficiency_j_per_th: Positive
    power_cost_usd_per_mwh: Amount
    btc_held: Amount
    btc_pledged: Amount | None
    cash_musd: Amount
    restricted_cash_musd: Amount
    debt_musd: Amount
    debt_coupon: Share
    shares_m: Positive
    market_cap_musd: Positive
    overhead_musd_per_month: Amount
    self_operated_share: Share
    in_article: Flag
    note: str | None


class ListedSite(Graded):
    """A site of a listed miner, or a cluster of them."""

    ticker: Text
    site: Text
    region: Text
    country: Text
    site_count: Count
    status: Literal["operating", "construction", "approved", "option"]
    energised_mw: Amount
    pipeline_mw: Amount
    pipeline_date: Month | None
    tenure: Literal["owned", "leased", "hosted"]
    power_contract: Literal["hydro", "ppa", "own_generation", "grid", "mixed"]
    power_cost_usd_per_mwh: Amount
    fibre: Flag
    land_expandable: Flag
    ai_status: Literal["contracted", "announced", "none"]
    hashrate_share: Share
    note: str | None


class Contract(Graded):
    """An AI or HPC lease signed before the run begins."""

    date: datetime.date
    miner: Text
    tenant: Text
    tenant_class: Literal["hyperscaler", "neocloud"]
    backstop: str | None
    site: Text
    region: Text
    gross_mw: Positive | None
    critical_it_mw: Positive
    term_years: Positive
    value_musd: Positive
    revenue_musd_per_it_mw_year: Positive
    product: Literal["powered_shell", "colocation", "gpu_cloud"]
    prepaid_share: Share
    capex_musd_per_it_mw: Positive | None
    tenant_capex_share: Share
    start: Month
    note: str | None


class Machine(Graded):
    """A machine model."""

    model: Text
    release: Month
    efficiency_j_per_th: Positive
    hashrate_th_s: Positive
    launch_price_usd_per_th: Positive
    price_nov2025_usd_per_th: Positive


class Region(Graded):
    """A grid region; those outside the US pool have no peak load."""

    region: Text
    operator: Text
    peak_load_gw: Positive | None
    reserve_margin_target: Share | None
    large_load_queue_gw: Amount | None
    firm_addition_gw_per_year: Amount | None
    lead_time_years: Amount
    energy_price_usd_per_mwh: Positive
    energy_price_volatility: Amount
    industrial_price_usd_per_mwh: Positive
    capacity_price_usd_per_mw_day: Amount | None
    demand_response_credit_usd_per_mwh: Amount
    near_term_grid_gw: Amount | None
    under_construction_gw: Amount | None
    note: str | None


class Buyer(Graded):
    """A buyer of AI capacity."""

    firm: Text
    buyer_class: Annotated[Literal["hyperscaler", "neocloud"], Field(alias="class")]
    capex_2023_busd: Amount | None
    capex_2024_busd: Amount | None
    capex_2025_busd: Amount | None
    capex_2026_view_busd: Amount | None
    demand_share_2025_2028: Share
    credit_class: Literal["investment_grade", "high_yield"]
    ai_margin_musd_per_it_mw_year: Amount


class DemandYear(Graded):
    """New and cumulative US data-center demand at the end of a year."""

    year: int
    new_us_demand_gw: Amount
    cumulative_gw: Amount
    extension: Flag


class OutsideSupply(Graded):
    """Another route to power by 2028."""

    technology: Text
    low_gw_2028: Amount
    high_gw_2028: Amount
    cost_usd_per_mwh: Amount
    capex_musd_per_mw: Amount
    lead_time_months: Amount
    note: str | None


class Cost(Graded):
    """A scalar with its range and what it may be used for."""

    name: Text
    value: float
    low: float | None
    high: float | None
    unit: Text
    role: Literal["input", "calibrate", "validate"]
    note: str | None


class CostPercentile(Graded):
    """A percentile of the mining power price over the world."""

    percentile: Percentile
    usd_per_mwh: Positive


class NetworkMonth(Graded):
    """A month of the Bitcoin network."""

    month: Month
    btc_price_avg_usd: Positive
    btc_price_end_usd: Positive
    hashrate_avg_eh_s: Positive
    difficulty_end: Positive
    subsidy_btc: Positive
    fee_share: Share
    hashprice_avg_usd_per_ph_day: Positive


class Epoch(Graded):
    """A difficulty epoch of 2016 blocks."""

    epoch: Annotated[int, Field(ge=0)]
    start_height: Annotated[int, Field(ge=0)]
    start_date: datetime.date
    difficulty: Positive


class TailParameter(Graded):
    """A parameter of the synthetic private tail."""

    parameter: Text
    value: float
    unit: Text
    note: str | None

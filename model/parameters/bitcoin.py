"""Bitcoin: the protocol, its price, and the mining sector of the rest of the world."""

from __future__ import annotations

from typing import Literal

from model.parameters.base import Group, param


class Bitcoin(Group):
    """Protocol, price process and machine market."""

    price_process: Literal["constant", "path", "gbm", "regime", "bootstrap", "jump"] = param(
        "gbm", "-", "how the BTC price moves", "MODEL 5.3; geometric Brownian motion unless said"
    )
    price_start: float = param(
        93000, "USD/BTC", "price in the first month", "derived_network; costs.csv btc_price_baseline", 1, 1e9
    )
    price_path: str | None = param(
        None, "file", "CSV with columns month,btc_price_usd for price_process = path", "given by the user"
    )
    log_drift: float = param(
        0.0,
        "1/year",
        "drift of the log price: 0 keeps the median where it is, so that the mean grows by half the "
        "variance (12.5% a year), about the mining cost of capital",
        "estimate_c; neutral choice",
        -2,
        2,
    )
    volatility: float = param(
        0.50, "1/sqrt(year)", "log volatility of the price (gbm, jump)", "estimate_c; MODEL 5.3", 0, 3
    )
    bull_drift: float = param(
        0.8, "1/year", "log drift in the bull regime", "derived_network; MODEL 5.3", -3, 5
    )
    bull_months: float = param(
        34, "months", "mean length of a bull regime", "derived_network; MODEL 5.3", 1, 240
    )
    bear_drift: float = param(
        -1.3, "1/year", "log drift in the bear regime", "derived_network; MODEL 5.3", -5, 3
    )
    bear_months: float = param(
        11, "months", "mean length of a bear regime", "derived_network; MODEL 5.3", 1, 240
    )
    regime_volatility: float = param(
        0.40, "1/sqrt(year)", "log volatility within a regime", "estimate_c; the regimes carry the rest", 0, 3
    )
    bootstrap_block: int = param(
        9, "months", "length of the history blocks drawn", "MODEL 5.3; 6 to 12", 1, 48
    )
    jump_month: int = param(
        24, "month", "month of the jump (price_process = jump)", "scenario device", 0, 1200
    )
    jump_factor: float = param(0.5, "ratio", "factor the price jumps by", "scenario device", 0.001, 1000)
    halving: bool = param(
        True, "-", "whether the subsidy halves at heights divisible by 210,000", "protocol rule"
    )
    fee_share: float = param(
        0.0065,
        "share of reward",
        "fees over subsidy plus fees, before the next halving",
        "derived_network; October and November 2025",
        0,
        0.9,
    )
    fee_memory: bool = param(
        True,
        "-",
        "fees stay constant in BTC a block, so that their share doubles at a halving",
        "protocol rule",
    )
    frontier_improvement: float = param(
        0.18,
        "share/year",
        "yearly fall of the best machine's J/TH; log-linear fit to the best machine sold, 2020-26",
        "asic_vendor; fit to asic_models.csv",
        0,
        0.5,
    )
    machine_life: float = param(
        5, "years", "technical life of a machine", "estimate_c; costs.csv asic_life", 1, 15
    )
    order_lead_months: int = param(
        5, "months", "from order to running machine", "estimate_c; costs.csv asic_order_lead", 0, 24
    )
    machine_price_mode: Literal["market", "fixed"] = param(
        "market", "-", "machine prices follow the marginal buyer's value, or stay at their start", "MODEL 5.1"
    )
    machine_price_speed: float = param(
        0.25,
        "1/month",
        "speed at which machine prices follow value",
        "estimate_c; most of the way in half a year",
        0,
        1,
    )
    marginal_buyer: float = param(
        0.25,
        "share",
        "part of world mining with cheaper power than the buyer whose value makes machine prices",
        "ccaf_25; power_cost_distribution.csv, 25th percentile",
        0.01,
        0.99,
    )
    machine_cost: float = param(
        0.5,
        "USD/TH per J/TH",
        "cost of making a machine over its J/TH: both fall with the silicon a hash takes",
        "asic_vendor; two thirds of the lowest launch prices over J/TH, 0.72-0.78 from 2019 to 2024",
        0,
        100,
    )
    machine_price_share: float = param(
        0.35,
        "share",
        "part of the marginal buyer's gain over the cost of a machine that goes to its maker",
        "derived_network; calibrated on hash 2020-25",
        0,
        1,
    )
    machine_sale_years: float = param(
        2.0, "years", "how long a machine is made", "asic_vendor; from a model to its successor", 0, 20
    )
    machine_failure: float = param(
        0.10,
        "1/year",
        "machines that break for good; a growing stock of machines that last 5 years loses about this",
        "estimate_c",
        0,
        2,
    )
    machine_resale: float = param(
        0.7, "share of price", "price of a used machine over a new one of its kind", "estimate_c", 0, 1
    )
    expectation: Literal["naive", "adaptive", "trend"] = param(
        "adaptive",
        "-",
        "rule by which hashprice is expected",
        "MODEL 5.3; a declared rule, never the process",
    )
    expectation_speed: float = param(
        0.25,
        "1/month",
        "weight of the newest month in adaptive and trend expectations",
        "estimate_c; a half-life of ten weeks",
        0,
        1,
    )
    expected_decay: float = param(
        0.236,
        "share/year",
        "rate at which firms expect hashprice to decay at the start",
        "derived_network; log fall of the yearly mean hashprice from 2019 to 2025",
        -1,
        3,
    )
    decay_speed: float = param(
        0.02,
        "1/month",
        "weight of the newest month in the expected decay (rule trend)",
        "estimate_c; a memory of about four years, one halving cycle",
        0,
        1,
    )


class RestOfWorld(Group):
    """Mining outside the modelled firms: no AI tenant at its door."""

    enabled: bool = param(
        True, "-", "whether the rest of the world reacts (else its hash is constant)", "switch"
    )
    cost_median: float = param(
        45, "USD/MWh", "median power price", "ccaf_25; power_cost_distribution.csv", 1, 500
    )
    cost_log_sigma: float = param(
        0.355, "log sd", "spread of power prices", "ccaf_25; power_cost_distribution.csv", 0.01, 2
    )
    other_cost: float = param(
        10.5, "USD/MWh", "cash cost besides power", "ccaf_25; costs.csv opex_besides_power_all_in", 0, 100
    )
    shutdown_speed: float = param(
        0.25,
        "1/month",
        "share of the gap between running and paying machines closed in a month",
        "derived_network; two-week elasticity 0.05-0.20",
        0,
        1,
    )
    vintage_log_sigma: float = param(0.28, "log sd", "spread of machine generations", "estimate_c", 0.01, 2)
    uptime: float = param(
        0.92,
        "share",
        "share of nameplate hash realised",
        "riot_q3_25; costs.csv fleet_uptime, high end",
        0.01,
        1,
    )
    hurdle_rate: float = param(
        0.05, "share", "gain over its price that a machine must promise to be ordered", "estimate_c", 0, 5
    )
    full_order_gain: float = param(
        0.15,
        "share",
        "gain over price and hurdle at which a buyer orders all it can",
        "derived_network; calibrated on hash 2020-25",
        0.001,
        10,
    )
    order_rate: float = param(
        0.0825,
        "share/month",
        "orders over running hash when every buyer orders all it can",
        "derived_network; calibrated on hash 2020-25, when it grew by 6-10% in the best months; of the ridge "
        "with row.full_order_gain the point where a year's elasticity still is 0.75",
        0,
        1,
    )
    funding_memory: float = param(
        0.15,
        "1/month",
        "speed at which orders follow profitability",
        "derived_network; bear market of 2022",
        0,
        1,
    )
    retirement: float = param(
        0.30, "share/year", "yearly scrapping of machines that do not pay", "estimate_c", 0, 10
    )
    takes_displaced: bool = param(
        False,
        "-",
        "whether machines that make way for AI tenants go on mining elsewhere, so that conversions leave "
        "hashprice to those who stay as it was",
        "switch; ablation of the hash feedback of conversions",
    )

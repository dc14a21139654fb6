"""Firms: money, choice, consolidation, and who is there at the start."""

from __future__ import annotations

from typing import Literal

from model.parameters.base import Group, param


class Finance(Group):
    """Rates, limits and what happens when money runs out."""

    enabled: bool = param(True, "-", "whether money constrains anybody", "switch")
    debt_enabled: bool = param(True, "-", "whether firms start with and take on debt", "switch")
    discount_mining: float = param(
        0.13, "share/year", "cost of capital for mining", "estimate_c; costs.csv discount_rate_mining", 0, 2
    )
    discount_mining_private: float = param(
        0.18,
        "share/year",
        "the same for private firms",
        "estimate_c; costs.csv discount_rate_mining, high end",
        0,
        2,
    )
    discount_lease: float = param(
        0.09,
        "share/year",
        "cost of capital for lease cash flows",
        "estimate_c; costs.csv discount_rate_lease",
        0,
        2,
    )
    discount_lease_private: float = param(
        0.11,
        "share/year",
        "the same for private firms",
        "estimate_c; costs.csv discount_rate_lease, high end",
        0,
        2,
    )
    loan_to_cost_investment_grade: float = param(
        0.8,
        "share of cost",
        "project loan, investment-grade tenant",
        "glxy_helios_25; costs.csv ltv_investment_grade",
        0,
        1,
    )
    loan_to_cost_high_yield: float = param(
        0.6, "share of cost", "project loan, other tenants", "estimate_c; costs.csv ltv_neocloud", 0, 1
    )
    project_rate: float = param(
        0.0745, "share/year", "rate of project loans", "cifr_q3_25; costs.csv coupon_project_notes", 0, 1
    )
    project_spread_high_yield: float = param(
        0.02, "share/year", "on top for high-yield tenants without backstop", "estimate_c", 0, 1
    )
    debt_years: float = param(
        5, "years", "life of corporate debt at the start", "estimate_c; converts due 2028-32", 0.1, 50
    )
    refinancing_limit: float = param(
        0.5,
        "share of value",
        "corporate debt over enterprise value that lenders roll over",
        "estimate_c; costs.csv ltv_mining, high end",
        0,
        5,
    )
    refinancing_coupon: float = param(
        0.084, "share/year", "coupon after a roll-over", "hut_dev_25; costs.csv coupon_btc_backed", 0, 1
    )
    private_debt_share: float = param(
        0.25, "share of assets", "debt of private firms at the start", "estimate_c; tail.csv", 0, 1
    )
    private_coupon: float = param(
        0.12,
        "share/year",
        "coupon of private firms' equipment loans",
        "minerweekly_25; costs.csv coupon_asic_backed",
        0,
        1,
    )
    private_cash_months: float = param(
        4, "months", "cash of private firms over monthly cost", "estimate_c; tail.csv", 0, 120
    )
    equity_share_per_year: float = param(
        0.2,
        "share of value",
        "equity a listed firm can issue in a year over its equity value",
        "estimate_c; at-the-market programmes",
        0,
        5,
    )
    sector_debt_cap_busd: float = param(
        20,
        "busd/year",
        "new debt lenders give the sector in a year",
        "vaneck_2025_10; 10.6 bn rise in a year, doubled",
        0,
        10000,
    )
    btc_loan_to_value: float = param(
        0.5,
        "share of value",
        "loan against pledged BTC counted as liquidity",
        "estimate_c; costs.csv ltv_btc_collateral",
        0,
        1,
    )
    cash_buffer_months: float = param(
        3, "months", "cash cost kept before BTC is held or growth is paid", "estimate_c", 0, 60
    )
    production_kept: float = param(
        0.0, "share", "mined BTC kept when cash is above the buffer", "estimate_c; sold unless said", 0, 1
    )
    payout: float = param(
        0.5,
        "share/year",
        "part of the cash beyond buffer, signed builds and corporate debt that is paid out in a year",
        "estimate_c; listed miners keep cash, private owners take it",
        0,
        12,
    )
    property_life: float = param(
        20,
        "years",
        "life over which halls and plant are written down, at a constant rate",
        "estimate_c",
        1,
        100,
    )
    chapter11_haircut: float = param(
        0.5,
        "share",
        "debt written off in chapter 11",
        "corz_ch11_24; costs.csv chapter11_creditor_recovery, within range",
        0,
        1,
    )
    chapter11_months: int = param(
        12, "months", "length of a reorganisation", "corz_ch11_24; Dec 2022 to Jan 2024", 1, 60
    )
    site_price: float = param(
        0.3,
        "musd/MW",
        "going-concern price of an energised site",
        "mara_ohio_24; costs.csv site_price_going_concern",
        0,
        100,
    )
    distress_discount: float = param(
        0.65,
        "share",
        "deepest discount of sites auctioned in a sector-wide bust",
        "argo_helios_22; costs.csv distress_discount_site",
        0,
        1,
    )
    distress_discount_single: float = param(
        0.2, "share", "discount when only the seller is distressed", "estimate_c", 0, 1
    )
    mine_capex: float = param(
        0.35,
        "musd/MW",
        "mining infrastructure of a new megawatt",
        "sabre56_24; costs.csv mine_infrastructure_capex",
        0,
        10,
    )
    buyout_fund_musd: float = param(
        500, "musd", "cash of outside site buyers (generators) at the start", "estimate_c", 0, 1e6
    )


class Choice(Group):
    """How a miner decides what a block of megawatts does."""

    strategy: str = param("logit", "-", "rule of every firm without one of its own", "MODEL 5.5")
    mix: dict[str, float] = param(
        {}, "shares", "strategies and the share of firms that follow each", "MODEL 5.5"
    )
    intensity: float = param(
        4.0, "1/V_scale", "lambda: scale of the logit", "estimate_c; calibrated in validation", 0, 1e9
    )
    value_scale: float = param(
        2.0,
        "musd/MW",
        "V_scale: a difference of one utility unit",
        "estimate_c; order of the value of a converted megawatt",
        1e-6,
        1e6,
    )
    imitation: float = param(
        0.0,
        "utility",
        "J: weight of what neighbours did last month",
        "MODEL 5.5; must earn its place",
        0,
        1000,
    )
    review: float = param(
        1 / 6,
        "1/month",
        "q: probability that a site is reviewed",
        "estimate_c; boards decide twice a year",
        0,
        1,
    )
    option_weight: float = param(
        0.5,
        "share",
        "omega: share of the real-option hurdle applied (0 NPV, 1 option-optimal)",
        "estimate_c",
        0,
        2,
    )
    payout: float = param(
        0.30,
        "share/year",
        "decay of the mining value in the option hurdle",
        "MODEL 8; reference case of the conversion threshold",
        0.0001,
        5,
    )
    volatility: float = param(
        0.58,
        "1/sqrt(year)",
        "volatility in the option hurdle",
        "MODEL 8; reference case of the conversion threshold",
        0,
        5,
    )
    window_rate: float = param(
        0.5,
        "1/year",
        "rate at which the AI window is perceived to close",
        "MODEL 8; reference case of the conversion threshold",
        0,
        20,
    )
    convertible_large: float = param(
        0.6,
        "probability",
        "site of 100 MW or more is fit for AI",
        "estimate_c; costs.csv p_convertible_100mw_owned",
        0,
        1,
    )
    convertible_middle: float = param(
        0.22,
        "probability",
        "site of 20-100 MW is fit for AI",
        "estimate_c; costs.csv p_convertible_20_100mw",
        0,
        1,
    )
    convertible_small: float = param(
        0.03,
        "probability",
        "site below 20 MW is fit for AI",
        "estimate_c; costs.csv p_convertible_under_20mw",
        0,
        1,
    )
    eligibility_scale: float = param(1.0, "ratio", "scale of all three", "switch; for sweeps", 0, 2)
    network: Literal["region", "lender", "complete", "watts_strogatz", "barabasi_albert"] = param(
        "region", "-", "who watches whom", "MODEL 5.12"
    )
    network_degree: int = param(6, "firms", "neighbours in generated networks", "estimate_c", 2, 1000)
    network_rewiring: float = param(
        0.1,
        "share",
        "rewiring of the Watts-Strogatz network",
        "Watts and Strogatz 1998; small worlds at 0.1",
        0,
        1,
    )


class Consolidation(Group):
    """Mergers and entry."""

    mergers_enabled: bool = param(True, "-", "whether firms bid for each other", "switch")
    entry_enabled: bool = param(True, "-", "whether new firms appear", "switch")
    bid_probability: float = param(
        0.02,
        "1/month",
        "probability that a firm looks at a target",
        "ma_mining_25; a handful of deals a year",
        0,
        1,
    )
    takeover_premium: float = param(
        0.3,
        "share",
        "premium over the target's equity value",
        "estimate_c; costs.csv takeover_premium",
        0,
        10,
    )
    rejection_probability: float = param(
        0.35,
        "probability",
        "share of listed targets' holders who vote a fair bid down",
        "corz_vote_25; one of about three",
        0,
        1,
    )
    outside_bidders: bool = param(True, "-", "whether AI customers and generators bid", "corz_vote_25")
    synergy: float = param(0.1, "share", "overhead of the target saved by the acquirer", "estimate_c", 0, 1)
    entry_rate: float = param(
        1.0,
        "firms/month",
        "entrants when a new mine returns twice its cost",
        "estimate_c; 0 when it does not pay",
        0,
        1000,
    )
    entry_median_mw: float = param(
        5, "MW", "median size of an entrant's site", "estimate_c; tail.csv", 0.1, 1000
    )


class Population(Group):
    """Who is there at the start."""

    private_firms: int = param(
        137, "firms", "private miners in the US tail", "eia_2024_02; 137 mining sites", 0, 1_000_000
    )
    sites_per_private_firm: float = param(1.5, "sites", "mean sites of a private firm", "estimate_c", 1, 100)
    tail_site_median: float = param(5, "MW", "median site of the tail", "estimate_c; tail.csv", 0.01, 1000)
    tail_site_log_sigma: float = param(
        1.6, "log sd", "spread of the tail's site sizes", "estimate_c; tail.csv", 0, 5
    )
    tail_site_max: float = param(300, "MW", "largest site of the tail", "estimate_c; tail.csv", 1, 10000)
    extra_generations: int = param(
        10,
        "generations",
        "future machine generations, one a year",
        "estimate_c; one new generation a year",
        0,
        60,
    )
    data_folder: str | None = param(
        None, "folder", "own baseline tables instead of the shipped ones", "given by the user"
    )


class Horizon(Group):
    """When the run starts and how long it lasts."""

    start: str = param("2025-11", "month", "first month", "derived_tables; all tables are as of 2025-11-18")
    months: int = param(
        86, "months", "length of a run (to December 2032)", "demand_path.csv; last year of the table", 1, 1200
    )
    audit: bool = param(True, "-", "assert every invariant in every month", "MODEL 8")

"""Money: rates, limits, and what happens when it runs out."""

from __future__ import annotations

from model.parameters.base import Group, param


class Finance(Group):
    """Rates, limits and what happens when money runs out."""

    enabled: bool = param(True, "-", "whether money constrains anybody", "switch")
    debt_enabled: bool = param(True, "-", "whether firms start with and take on debt", "switch")
    discount_mining: float = param(
        0.13,
        "share/year",
        "cost of capital for mining, listed firms",
        "estimate_c; costs.csv discount_rate_mining",
        0.001,
        2,
    )
    discount_mining_private: float = param(
        0.18,
        "share/year",
        "cost of capital for mining, private firms",
        "estimate_c; costs.csv discount_rate_mining, high end",
        0.001,
        2,
    )
    discount_lease: float = param(
        0.09,
        "share/year",
        "cost of capital for lease cash flows, listed firms",
        "estimate_c; costs.csv discount_rate_lease",
        0.001,
        2,
    )
    discount_lease_private: float = param(
        0.11,
        "share/year",
        "cost of capital for lease cash flows, private firms",
        "estimate_c; costs.csv discount_rate_lease, high end",
        0.001,
        2,
    )
    loan_to_cost_investment_grade: float = param(
        0.8,
        "share of cost",
        "project loan over cost, investment-grade tenant or backstop",
        "glxy_helios_25; costs.csv ltv_investment_grade",
        0,
        1,
    )
    loan_to_cost_high_yield: float = param(
        0.6,
        "share of cost",
        "project loan over cost, other tenants",
        "estimate_c; costs.csv ltv_neocloud",
        0,
        1,
    )
    loan_to_value_machines: float = param(
        0.35,
        "share of cost",
        "equipment loan over the price of the machines ordered with it",
        "estimate_c; costs.csv ltv_mining",
        0,
        0.95,
    )
    project_rate: float = param(
        0.0745, "share/year", "rate of project loans", "cifr_q3_25; costs.csv coupon_project_notes", 0, 1
    )
    project_spread_high_yield: float = param(
        0.02,
        "share/year",
        "added to the rate of project loans for high-yield tenants without backstop",
        "estimate_c",
        0,
        1,
    )
    debt_years: float = param(
        5, "years", "life of corporate debt at the start", "estimate_c; converts due 2028-32", 0.1, 50
    )
    refinancing_limit: float = param(
        0.5,
        "share of value",
        "corporate debt over the enterprise value project lenders leave that lenders grant and roll over",
        "estimate_c; costs.csv ltv_mining, high end",
        0,
        5,
    )
    refinancing_coupon: float = param(
        0.084,
        "share/year",
        "coupon of corporate debt after a roll-over",
        "hut_dev_25; costs.csv coupon_btc_backed",
        0,
        1,
    )
    private_debt_share: float = param(
        0.25,
        "share of assets",
        "debt of private firms at the start",
        "estimate_c; tail.csv tail_debt_to_assets_mean",
        0,
        1,
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
        4,
        "months",
        "cash of private firms over monthly cost",
        "estimate_c; tail.csv tail_cash_months_of_opex",
        0,
        120,
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
        "estimate_c; as much a year as the listed miners owe in miners.csv, 21 bn",
        0,
        10000,
    )
    btc_loan_to_value: float = param(
        0.5,
        "share of value",
        "corporate debt over the BTC treasury that lenders grant and roll over besides",
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
    closure_months: int = param(
        12,
        "months",
        "months without a running machine, tenant, pipeline or order after which a miner winds up",
        "estimate_c; the exit of a firm that waits for a price that does not come",
        1,
        1200,
    )
    chapter11_haircut: float = param(
        0.5,
        "share",
        "debt written off in chapter 11",
        "corz_ch11_24; costs.csv chapter11_creditor_recovery, within range",
        0,
        1,
    )
    chapter11_cost: float = param(
        0.06,
        "share of value",
        "cost of a reorganisation, in court and in lost trade, over enterprise value",
        "estimate_c; Altman 1984, direct cost 3% in Weiss 1990",
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
    probability_construction: float = param(
        0.9,
        "probability",
        "chance, to an appraiser, that pipeline megawatts under construction energise",
        "estimate_c; the model itself only delays them",
        0,
        1,
    )
    probability_approved: float = param(
        0.6, "probability", "the chance for approved pipeline megawatts", "estimate_c", 0, 1
    )
    probability_option: float = param(
        0.25, "probability", "the chance for pipeline megawatts under option", "estimate_c", 0, 1
    )
    buyout_fund_musd: float = param(
        500, "musd", "cash of outside site buyers (generators) at the start", "estimate_c", 0, 1e6
    )
    ai_buyout_share: float = param(
        0.02,
        "share of a year",
        "part of a year's capital spending that an AI customer may put into buying sites",
        "estimate_c; capex_2026_view_busd of hyperscalers.csv, customers without a published budget buy none",
        0,
        1,
    )

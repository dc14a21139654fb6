"""AI demand and the leases it signs."""

from __future__ import annotations

from model.parameters.base import Group, param


class ArtificialIntelligence(Group):
    """Buyers of AI capacity and what power now is worth to them."""

    demand_gw: float = param(
        65,
        "GW",
        "US data-center demand due from 2025 to 2028 (scales the whole path)",
        "msx_article; costs.csv claim_us_dc_demand_2025_28",
        0,
        1000,
    )
    demand_after_2028: float = param(
        1.0, "ratio", "scale of the demand added after 2028", "estimate_c; demand_path.csv", 0, 10
    )
    bust_month: int | None = param(
        None, "month", "month demand collapses (none: never)", "scenario device", 0, 1200
    )
    bust_share: float = param(
        0.5, "share", "part of the load due that vanishes in the bust", "scenario device", 0, 1
    )
    bust_default_factor: float = param(
        10, "ratio", "hazard of tenant defaults after the bust over before", "scenario device", 0, 1000
    )
    margin_scale: float = param(
        1.0,
        "ratio",
        "scale of every buyer's AI margin",
        "estimate_c; column ai_margin of hyperscalers.csv at 1",
        0,
        10,
    )
    planning_months: int = param(
        24,
        "months",
        "how far ahead a buyer secures power",
        "cifr_q3_25; costs.csv conversion_lead_colocation, high end",
        1,
        120,
    )
    deals_per_month: int = param(
        1,
        "deals/month",
        "blocks one buyer can negotiate at a time",
        "deal_tally_25; about 15 deals in 18 months",
        0,
        20,
    )
    discount_investment_grade: float = param(
        0.09,
        "share/year",
        "cost of capital of investment-grade buyers",
        "estimate_c; costs.csv discount_rate_lease",
        0,
        1,
    )
    discount_high_yield: float = param(
        0.11,
        "share/year",
        "cost of capital of high-yield buyers",
        "estimate_c; costs.csv discount_rate_lease, high end",
        0,
        1,
    )
    default_investment_grade: float = param(
        0.002,
        "1/year",
        "hazard that an investment-grade tenant defaults on its lease",
        "estimate_c; costs.csv tenant_default_hyperscaler",
        0,
        5,
    )
    default_high_yield: float = param(
        0.03,
        "1/year",
        "hazard that a high-yield tenant defaults on its lease",
        "estimate_c; costs.csv tenant_default_neocloud",
        0,
        5,
    )
    default_exclusion_months: int = param(
        24,
        "months",
        "months after a default in which no landlord lets to the tenant",
        "estimate_c; the usual length of a reorganisation and of rebuilding credit",
        0,
        600,
    )
    minimum_block_mw: float = param(
        10,
        "MW",
        "smallest block a buyer considers",
        "bitf_q3_25; a hall of 18 MW is the smallest announced",
        0.1,
        5000,
    )
    region_taste: float = param(
        0.05, "log sd", "how much buyers differ in what a region is worth to them", "estimate_c", 0, 1
    )
    fit_out_months: int = param(
        5, "months", "tenant's own work in a powered shell", "estimate_c; 14 less 9 months", 0, 60
    )
    pue: float = param(1.25, "ratio", "operating PUE of AI halls", "apld_25; costs.csv pue_ai", 1, 3)
    normal_power: float = param(
        77,
        "USD/MWh",
        "power price that the buyers' margins are net of",
        "regions.csv; industrial price, mean over near-term grid access",
        0,
        1000,
    )


class Leases(Group):
    """Products, costs, lead times and the market for leases."""

    theta: float = param(
        0.59,
        "share",
        "bargaining: 0 buyer-optimal, 1 seller-optimal core price",
        "calibrated; median of the posterior on the leases signed by 2025-11-20",
        0,
        1,
    )
    block_mw: float = param(
        286,
        "MW",
        "largest block offered at once",
        "estimate_c; mean of 195 IT MW in ai_contracts.csv over 0.68",
        1,
        5000,
    )
    it_to_gross: float = param(
        0.68,
        "ratio",
        "critical IT load over gross megawatts",
        "cifr_q3_25; costs.csv it_to_gross_ratio",
        0.1,
        1,
    )
    shell_capex: float = param(
        2.0, "musd/IT MW", "cost of a powered shell", "riot_q3_25; costs.csv shell_capex_it", 0, 100
    )
    colocation_capex: float = param(
        10.5, "musd/IT MW", "cost of a colocation hall", "cw_cost_25; costs.csv colocation_capex_it", 0, 100
    )
    gpu_capex: float = param(
        29, "musd/IT MW", "cost of the GPUs", "iren_msft_25; costs.csv gpu_capex_it", 0, 200
    )
    shell_margin: float = param(
        0.95,
        "share",
        "net operating income over rent, shell",
        "estimate_c; costs.csv shell_noi_margin",
        0.01,
        1,
    )
    colocation_margin: float = param(
        0.85,
        "share",
        "net operating income over rent, colocation",
        "cifr_q3_25; costs.csv colocation_noi_margin",
        0.01,
        1,
    )
    cloud_margin: float = param(
        0.78,
        "share",
        "EBITDA over rent, cloud; middle of 0.70-0.85, the upper end is a company claim",
        "iren_msft_25; costs.csv gpu_cloud_ebitda_margin, within range",
        0.01,
        1,
    )
    shell_rent: float = param(
        0.92,
        "musd/IT MW-year",
        "shell rent expected at the start, mean over the term (0.87 of income over 0.95)",
        "estimate_c; shell_noi_it over shell_noi_margin of costs.csv",
        0,
        50,
    )
    colocation_rent: float = param(
        1.73,
        "musd/IT MW-year",
        "colocation rent expected at the start, mean over the term",
        "deal_tally_25; costs.csv colocation_revenue_it",
        0,
        50,
    )
    cloud_rent: float = param(
        9.7,
        "musd/IT MW-year",
        "cloud rent expected at the start, mean over the term",
        "iren_msft_25; costs.csv gpu_cloud_revenue_it",
        0,
        100,
    )
    shell_term: int = param(
        15, "years", "length of a shell lease", "estimate_c; costs.csv lease_term_shell", 1, 50
    )
    colocation_term: int = param(
        12, "years", "length of a colocation lease", "deal_tally_25; costs.csv lease_term_colocation", 1, 50
    )
    cloud_term: int = param(
        5, "years", "length of a cloud contract", "iren_msft_25; costs.csv lease_term_gpu_cloud", 1, 50
    )
    shell_lead: int = param(
        9, "months", "from signing to delivery, shell", "estimate_c; costs.csv conversion_lead_shell", 0, 120
    )
    colocation_lead: int = param(
        14,
        "months",
        "from signing to delivery, colocation",
        "cifr_q3_25; costs.csv conversion_lead_colocation",
        0,
        120,
    )
    cloud_lead: int = param(
        16,
        "months",
        "from signing to delivery, cloud",
        "estimate_c; costs.csv conversion_lead_gpu_cloud",
        0,
        120,
    )
    escalator: float = param(
        0.025, "share/year", "yearly rise of the rent", "estimate_c; costs.csv rent_escalator", -0.5, 1
    )
    prepaid_cloud: float = param(
        0.2,
        "share of contract",
        "prepayment of a cloud contract, credited back from year three",
        "iren_msft_25; costs.csv prepaid_share_gpu_cloud",
        0,
        1,
    )
    prepaid_colocation: float = param(
        0.0,
        "share of contract",
        "prepayment of a colocation lease, credited back from year three",
        "deal_tally_25; costs.csv prepaid_share_colocation",
        0,
        1,
    )
    tenant_capex_share: float = param(
        0.0,
        "share",
        "part of a colocation hall the tenant pays (0.8 at one landlord, 0 elsewhere)",
        "corz_q3_25",
        0,
        1,
    )
    hall_residual: float = param(
        0.8,
        "share of cost",
        "worth of a hall after the term",
        "estimate_c; costs.csv hall_residual_share_after_term",
        0,
        1,
    )
    gpu_residual: float = param(
        0.2,
        "share of cost",
        "worth of the GPUs after the term",
        "estimate_c; costs.csv gpu_residual_share_after_term",
        0,
        1,
    )
    backstop_share: float = param(
        0.0,
        "share",
        "share of new high-yield leases that get an investment-grade backstop",
        "cifr_q3_25; five of fifteen deals had one, none assumed",
        0,
        1,
    )
    slip_probability: float = param(
        0.10,
        "1/month",
        "probability in each month of a build that delivery slips by one more quarter",
        "estimate_c; 14 planned months become 20, within the 8-24 of conversion_lead_colocation in costs.csv",
        0,
        1,
    )
    slip_months: int = param(3, "months", "length of one slip", "estimate_c", 0, 60)
    construction_capacity_gw: float = param(
        6,
        "GW",
        "most that miners can have under construction at once",
        "msx_article; all US building at the start",
        0,
        1000,
    )
    rent_memory: float = param(
        0.2, "1/month", "weight of this month's signed rents in the expected rent", "estimate_c", 0, 1
    )
    market_enabled: bool = param(True, "-", "whether a lease market exists at all", "switch")

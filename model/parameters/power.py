"""The power that AI and miners compete for: grid, prices and supply behind the meter."""

from __future__ import annotations

from typing import Literal

from model.parameters.base import Group, param


class Power(Group):
    """Grid operators, queues, adequacy, prices and supply behind the meter."""

    queue_mode: Literal["batch", "fcfs", "entry_fee", "auction"] = param(
        "batch", "-", "how the interconnection queue is served", "MODEL 5.8"
    )
    batch_months: int = param(
        6, "months", "length of a batch study; deposits and bids fall due with it", "estimate_c", 1, 60
    )
    study_scale: float = param(
        5.0,
        "ratio",
        "megawatts an operator can study over those it can connect, when it studies one by one (mode fcfs)",
        "lbnl_queue_25; about one in five requests is built",
        0,
        1000,
    )
    entry_fee: float = param(
        0.05,
        "musd/MW",
        "deposit per queued megawatt (mode entry_fee): drives out speculation and whoever values a year less",
        "estimate_c; costs.csv queue_deposit",
        0,
        100,
    )
    withdrawal: float = param(
        0.36,
        "1/year",
        "hazard of leaving the queue",
        "lbnl_queue_25; costs.csv queue_withdrawal_hazard",
        0,
        10,
    )
    serious_share: float = param(
        0.097,
        "share",
        "part of the published queue that is approved or studied (22 of 226 GW in ERCOT)",
        "ercot_ll_25",
        0,
        1,
    )
    speculation: float = param(
        1.0,
        "ratio",
        "speculative megawatts filed per megawatt of real need",
        "estimate_c; duplicates across regions",
        0,
        50,
    )
    connection_scale: float = param(
        1.0,
        "ratio",
        "scale of what operators can connect; 15 GW near term and 6 GW under construction at 1",
        "msx_article",
        0,
        1e6,
    )
    connection_growth: float = param(
        0.05, "share/year", "yearly growth of what operators can connect after 2028", "estimate_c", -1, 2
    )
    lead_scale: float = param(
        1.0,
        "ratio",
        "scale of the physical lead time from request to power",
        "regions.csv; column lead_time_years at 1",
        0,
        10,
    )
    ai_priority: float = param(
        0.0,
        "share",
        "probability that a miner's due energisation gives way to AI requests for a quarter",
        "scenario device",
        0,
        1,
    )
    other_load_growth: float = param(
        0.015, "share/year", "growth of peak load other than data centers", "estimate_c", -0.1, 0.2
    )
    capacity_price_slope: float = param(
        0.25,
        "log per point",
        "rise of the capacity price per percentage point of shortage",
        "estimate_c; PJM auctions 2024-27",
        0,
        5,
    )
    capacity_price_cap: float = param(
        666.5, "USD/MW-day", "highest capacity price (MISO summer 2025/26)", "miso_pra_2526", 0, 1e5
    )
    shortage_connection_slope: float = param(
        0.05,
        "log per point",
        "fall of what an operator connects per percentage point of shortage that miners' leases cause",
        "estimate_c; nothing published, sweep from 0",
        0,
        5,
    )
    scarcity_energy_slope: float = param(
        0.03, "log per point", "rise of the energy price per percentage point of shortage", "estimate_c", 0, 1
    )
    energy_month_volatility: float = param(
        0.08, "log sd/month", "monthly shock to a region's mean energy price", "estimate_c", 0, 2
    )
    energy_reversion: float = param(
        0.15, "1/month", "speed at which the mean energy price returns", "estimate_c", 0, 1
    )
    energy_scale: float = param(
        1.0, "ratio", "scale of every site's power price", "switch; for sweeps", 0, 10
    )
    onsite_position: float = param(
        0.5,
        "share",
        "where supply behind the meter falls between its low and high case",
        "ms_ttp_25; outside_supply.csv, neutral between low and high",
        0,
        1,
    )
    onsite_enabled: bool = param(True, "-", "whether supply behind the meter exists", "switch")
    onsite_scale: float = param(
        1.0, "ratio", "scale of supply behind the meter", "ms_ttp_25; outside_supply.csv at 1", 0, 1000
    )
    pipeline_slip_construction: float = param(
        0.15,
        "1/quarter",
        "probability that a due energisation slips a quarter, under construction",
        "estimate_c",
        0,
        1,
    )
    pipeline_slip_approved: float = param(
        0.40,
        "1/quarter",
        "probability that a due energisation slips a quarter, approved megawatts",
        "estimate_c",
        0,
        1,
    )
    pipeline_slip_option: float = param(
        0.75, "1/quarter", "probability that a due energisation slips a quarter, options", "estimate_c", 0, 1
    )
    hosting_notice_months: int = param(
        6,
        "months",
        "months without a running machine after which a hosting contract ends",
        "estimate_c; contracts run for one to three years with notice",
        1,
        120,
    )
    availability: float = param(
        0.91,
        "share",
        "technical availability of machines (fleet uptime 0.88 plus 0.03 curtailed)",
        "riot_q3_25; costs.csv fleet_uptime, within range",
        0,
        1,
    )
    pue_mining: float = param(
        1.05, "ratio", "gross power over machine power at a mine", "estimate_c; costs.csv pue_mining", 1, 3
    )

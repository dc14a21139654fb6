"""The columns of the series: name, unit and meaning of every number a month is summed up in.

Stocks are those at the end of the month, flows those of the month. Totals cover all modelled firms; `us_`
marks the US pool. A share or ratio whose denominator is zero is not a number. Columns beyond these are totals
posted by a phase under their own name.
"""

from __future__ import annotations

from agents.columns import Column
from agents.tables import USES
from model.measures import BASES, RATIOS, measure_names

_USE_DOCS = {
    "mining_mw": "running or runnable machines",
    "idle_mw": "energised without machines that pay",
    "building_mw": "signed for a tenant, not yet delivering",
    "subleased_mw": "delivering as powered shell",
    "converted_mw": "delivering as colocation or GPU cloud",
    "pipeline_mw": "not energised, not signed away",
    "secured_mw": "all megawatts, pipeline included",
    "energised_mw": "megawatts the grid can deliver now",
}
_BASIS_DOCS = {
    "hash": "running hash",
    "mw": "energised megawatts",
    "ai": "contracted AI megawatts (building, subleased, converted; gross)",
    "value": "enterprise value (nothing below zero)",
}
_MEASURE_DOCS = (
    ("sum of squared shares", "hhi"),
    *((f"share of the {k} largest", f"cr{k}") for k in RATIOS),
    ("Gini coefficient over the firms present", "gini"),
    ("entropy in nats", "entropy"),
    ("equal firms of the same entropy", "numbers"),
    ("sum of absolute share changes since a year before (the first month until then)", "instability"),
)


def _column(name: str, unit: str, doc: str) -> Column:
    return Column(name, "float64", unit, doc)


BITCOIN = (
    _column("btc_price_usd", "USD/BTC", "price of the month"),
    _column("hashprice_usd_ph_day", "USD/PH/day", "mining revenue of a unit of hash, fees included"),
    _column("network_hashrate_eh_s", "EH/s", "mean hash rate of the whole network"),
    _column("difficulty", "-", "difficulty at the end of the month"),
    _column("modelled_hashrate_eh_s", "EH/s", "running hash of the modelled firms"),
    _column("rest_of_world_hashrate_eh_s", "EH/s", "running hash of the rest of the world"),
    _column("height", "blocks", "height at the end of the month"),
    _column("blocks", "blocks/month", "blocks found"),
    _column("retargets", "1/month", "difficulty adjustments"),
    _column("subsidy_btc", "BTC/block", "subsidy at the start of the month"),
    _column("btc_mined", "BTC/month", "subsidies and fees"),
    _column("fees_btc", "BTC/month", "part of them that was fees"),
    _column("rest_of_world_btc", "BTC/month", "part of them that went to the rest of the world"),
    _column("nameplate_eh_s", "EH/s", "nameplate hash of the modelled firms"),
    _column("off_share", "share", "nameplate hash that did not run: under water, curtailed or unavailable"),
    _column("under_water_share", "share", "machine load that never paid for its power in the month"),
    _column("frontier_j_th", "J/TH", "best machine that can be ordered"),
    _column("machine_price_usd_th", "USD/TH", "price of that machine"),
    _column("orders_eh_s", "EH/s", "machines on order"),
)
MEGAWATTS = (
    *(_column(name, "MW", doc) for name, doc in _USE_DOCS.items()),
    *(_column(f"us_{name}", "MW", f"{doc}, US pool") for name, doc in _USE_DOCS.items() if name in USES),
    _column("us_secured_mw", "MW", "all megawatts of the US pool"),
    _column("us_energised_mw", "MW", "megawatts energised in the US pool"),
    _column("ai_mw", "MW", "building, subleased and converted"),
)
POWER = (
    _column("demand_gw", "GW", "US AI load due by now (gross)"),
    _column("delivered_grid_gw", "GW", "part of it the grid delivers"),
    _column(
        "delivered_miners_gw", "GW", "part of it miners deliver: gross load of delivering leases at US sites"
    ),
    _column("delivered_onsite_gw", "GW", "part of it supplied behind the meter"),
    _column("gap_gw", "GW", "demand less the three deliveries, buyers together; zero when they exceed it"),
    _column("stranded_gw", "GW", "the three deliveries beyond demand, zero when they fall short"),
    _column(
        "committed_gw",
        "GW",
        "on order from any source at the start of the month, and leases signed in it",
    ),
    _column(
        "unsecured_need_gw",
        "GW",
        "due within the planning horizon and covered neither then nor by leases signed since",
    ),
    _column("queue_gw", "GW", "serious requests waiting for the grid, US"),
    _column("queue_speculative_gw", "GW", "speculative requests waiting, US"),
    _column(
        "queue_wait_years",
        "years",
        "wait of a request filed now, US mean by near-term access where there is any",
    ),
    _column("queue_arrived_gw", "GW/month", "requests filed, US"),
    _column("queue_withdrawn_gw", "GW/month", "requests withdrawn, US"),
    _column("queue_connected_gw", "GW/month", "requests connected, US"),
    _column(
        "capacity_price_usd_mw_day", "USD/MW-day", "capacity price, mean by peak of US regions that have one"
    ),
    _column("energy_index", "ratio", "mean energy price over its start, US mean by peak"),
    _column("response_credit_usd_mwh", "USD/MWh", "demand-response credit, US mean by peak"),
)
RENT = "USD/kW-month of IT"

LEASES = (
    _column(
        "lease_rent_usd_kw_month",
        "USD/kW-month of IT",
        "colocation rent the market expects, mean over the term",
    ),
    _column("shell_rent_usd_kw_month", RENT, "the same, powered shell"),
    _column("cloud_rent_usd_kw_month", RENT, "the same, GPU cloud (GPUs included)"),
    _column(
        "deal_rent_space_usd_kw_month",
        "USD/kW-month of IT",
        "mean rent over the term of the last shells or halls signed",
    ),
    _column("deal_rent_cloud_usd_kw_month", RENT, "mean rent over the term of the last GPU cloud signed"),
    _column("core_width_usd_kw_month", RENT, "highest less lowest rent in the core, mean over the term"),
    _column("contracted_mw", "MW", "gross load of leases in force, building or delivering"),
    _column("contracted_it_mw", "MW of IT", "critical IT load of those leases"),
    _column("delivered_mw", "MW", "gross load of delivering leases"),
    _column("delivered_over_contracted", "share", "delivering part of the leases in force"),
    _column("delivered_over_due", "share", "part of the load promised by now that was ever delivered"),
    _column("on_time_over_due", "share", "part of the load promised by now that came on time"),
    _column("leases_signed", "leases/month", "leases signed"),
    _column("signed_mw", "MW/month", "gross load signed"),
    _column("signed_it_mw", "MW of IT/month", "critical IT load signed"),
    _column("lease_offers", "blocks/month", "blocks offered to tenants"),
    _column("eligible_mw", "MW", "load that owners could offer"),
    _column("signing_rate_per_year", "1/year", "rate at which an eligible megawatt finds a tenant"),
)
FIRMS = (
    _column("firms_alive", "firms", "miners that have not been acquired, liquidated or closed"),
    _column("firms_distressed", "firms", "of these, in distress"),
    _column("firms_in_chapter11", "firms", "of these, in chapter 11"),
    _column("exits", "firms/month", "miners gone this month: mergers, liquidations and closures"),
    _column("mergers", "firms/month", "miners acquired"),
    _column("liquidations", "firms/month", "miners liquidated: they defaulted, or wound up owing"),
    _column("closures", "firms/month", "miners that wound up by themselves with all they owed paid"),
    _column("chapter11_filings", "firms/month", "miners that filed for chapter 11"),
    _column("entries", "firms/month", "new miners"),
    _column("bids", "bids/month", "bids for miners, appraisals after which nobody bid apart"),
    _column("bids_failed", "bids/month", "bids that came to nothing"),
    *(
        _column(f"{name}_total", "firms", f"{name.replace('_', ' ')} since the start")
        for name in ("exits", "mergers", "liquidations", "closures", "chapter11_filings", "entries")
    ),
)
VALUE = (
    _column("corporate_debt_musd", "musd", "corporate debt of all miners"),
    _column("project_debt_musd", "musd", "project loans of all miners"),
    _column("cash_musd", "musd", "free and restricted cash of all miners"),
    _column("treasury_btc", "BTC", "coins held by all miners"),
    _column("enterprise_value_musd", "musd", "sum of parts of all miners before debt and treasury"),
    _column("equity_value_musd", "musd", "sum of parts of all miners after debt and treasury"),
    _column("value_leases_share", "share", "contracted leases in the enterprise value"),
    _column("ev_per_mw", "musd/MW", "enterprise value over energised megawatts"),
    _column("ev_per_secured_mw", "musd/MW", "enterprise value over all megawatts"),
    _column("ev_per_contracted_mw", "musd/MW", "value of leases over contracted AI megawatts"),
    _column("ev_per_uncontracted_mw", "musd/MW", "the rest of the value over the rest of the megawatts"),
    _column("ev_per_eh", "musd/(EH/s)", "enterprise value over nameplate hash"),
)
CONCENTRATION = tuple(
    _column(name, "firms" if name.startswith("numbers") else "-", f"{doc}; {_BASIS_DOCS[basis]}")
    for basis in BASES
    for name, (doc, _) in zip(measure_names(basis), _MEASURE_DOCS, strict=True)
)
SERIES = (*BITCOIN, *MEGAWATTS, *POWER, *LEASES, *FIRMS, *VALUE, *CONCENTRATION)

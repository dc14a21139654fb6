"""The columns behind the agents: what is known of a firm, a site, a lease, a buyer, a region, a request.

Every column is declared here once, with unit and meaning. Money is million USD (musd) unless said, power is
gross MW at the meter unless the name says `it_mw`, hash is nameplate EH/s, months are ticks since the start.
"""

from __future__ import annotations

from enum import IntEnum

from agents.columns import Column

F, I, B = "float64", "int64", "bool"  # noqa: E741
NEVER = 1 << 30
"""A month that never comes."""


class Kind(IntEnum):
    """What sort of firm a row is."""

    LISTED = 0
    PRIVATE = 1
    AI_CUSTOMER = 2
    GENERATOR = 3


class Status(IntEnum):
    """Where a firm stands; those from `ACQUIRED` on are gone and own nothing.

    A firm is liquidated when it defaults, and closed when it winds up by itself with all it owes paid.
    """

    ACTIVE = 0
    DISTRESSED = 1
    CHAPTER11 = 2
    ACQUIRED = 3
    LIQUIDATED = 4
    CLOSED = 5


GONE = tuple(status.name.lower() for status in Status if status >= Status.ACQUIRED)
"""What recorded tables call firms that are gone."""


class Product(IntEnum):
    """What a block of megawatts does: mine, or one of three things for an AI tenant."""

    MINE = 0
    SHELL = 1
    COLOCATION = 2
    CLOUD = 3


class Tenure(IntEnum):
    """How the firm holds the site."""

    OWNED = 0
    LEASED = 1
    HOSTED = 2


class Contract(IntEnum):
    """How the site buys power: at a fixed price (with or without resale), from the grid, or its own."""

    FIXED = 0
    FIXED_RESALE = 1
    GRID = 2
    OWN = 3


class Stage(IntEnum):
    """How far a site's pipeline megawatts are."""

    OPERATING = 0
    CONSTRUCTION = 1
    APPROVED = 2
    OPTION = 3


class LeaseStatus(IntEnum):
    """Where a lease stands."""

    BUILDING = 0
    DELIVERING = 1
    ENDED = 2
    TENANT_DEFAULT = 3
    LANDLORD_DEFAULT = 4


class Outcome(IntEnum):
    """What became of a review of a block, and what stopped the alternative."""

    SIGNED = 0
    PREFERS_MINING = 1
    HURDLE = 2
    NOT_ELIGIBLE = 3
    NO_FINANCE = 4
    NO_CONSTRUCTION_SLOT = 5
    NO_TENANT = 6


USES = ("mining_mw", "idle_mw", "building_mw", "subleased_mw", "converted_mw", "pipeline_mw")
"""The six uses that always add up to a site's secured megawatts."""

FIRM = (
    Column("slot", "uint64", "-", "stable identity, keys the firm's random draws"),
    Column("kind", I, "Kind", "listed or private miner, or the arm of an AI customer or generator"),
    Column("status", I, "Status", "active, distressed, chapter 11, acquired, liquidated, closed"),
    Column("strategy", I, "-", "index of the strategy in the scenario's list"),
    Column("listed", B, "-", "can issue equity to the public"),
    Column("entry_month", I, "month", "month the firm appeared", 0),
    Column("exit_month", I, "month", "month the firm was acquired, liquidated or closed", NEVER),
    Column("exit_reason", I, "Status", "ACQUIRED, LIQUIDATED or CLOSED once gone", 0),
    Column("owner", I, "firm row", "firm that took it over, -1 while independent", -1),
    Column("cash", F, "musd", "account: free cash"),
    Column("restricted_cash", F, "musd", "account: cash reserved for builds already financed"),
    Column("bitcoin", F, "musd", "account: BTC treasury at market"),
    Column("machines", F, "musd", "account: machines and machine orders at depreciated cost"),
    Column("property", F, "musd", "account: sites, plant and halls at depreciated cost"),
    Column("corporate_debt", F, "musd", "account: face of the corporate debt"),
    Column("project_debt", F, "musd", "account: project loans outstanding"),
    Column("prepayment", F, "musd", "account: prepayments received and not yet credited"),
    Column("capital", F, "musd", "account: capital paid in, net of distributions"),
    Column("earnings", F, "musd", "account: retained earnings, revaluations included"),
    Column("btc", F, "BTC", "treasury, in coins"),
    Column("coupon", F, "share/year", "coupon of the corporate debt"),
    Column("maturity", I, "month", "month the corporate debt falls due", NEVER),
    Column("overhead", F, "musd/month", "general and administrative cost"),
    Column("pool_fee", F, "share", "share of mining revenue paid to the pool"),
    Column("discount_rate", F, "share/year", "the firm's own cost of capital for mining"),
    Column("lease_discount_rate", F, "share/year", "the firm's own cost of capital for lease cash flows"),
    Column("expected_hashprice", F, "USD/PH/day", "hashprice the firm reckons with"),
    Column("expected_decay", F, "share/year", "rate at which the firm expects hashprice to decay"),
    Column("review_probability", F, "1/month", "probability that a site of the firm is reviewed in a month"),
    Column(
        "equity_issued", F, "musd", "equity issued over the trailing year (decays at one twelfth a month)"
    ),
    Column("enterprise_value", F, "musd", "sum of parts before debt and treasury, last month"),
    Column("equity_value", F, "musd", "sum of parts after debt and treasury, last month"),
    Column("value_mining", F, "musd", "mining part of the enterprise value"),
    Column("value_leases", F, "musd", "contracted-lease part of the enterprise value"),
    Column("value_pipeline", F, "musd", "pipeline and option part of the enterprise value"),
    Column("all_in_cost", F, "USD/MWh", "power, operation and overhead per MWh mined, at the start of life"),
    Column("distress_month", I, "month", "first month of the present distress", NEVER),
    Column("months_idle", F, "months", "months in a row without machine, tenant, pipeline or order"),
    Column("chapter11_month", I, "month", "month of filing", NEVER),
)

SITE = (
    Column("slot", "uint64", "-", "stable identity, keys the site's random draws"),
    Column("owner", I, "firm row", "firm that holds the megawatts, -1 when released", -1),
    Column("host_site", I, "site row", "site whose owner hosts these machines, -1 when not hosted", -1),
    Column("region", I, "region row", "grid region"),
    Column("us", B, "-", "lies in the US pool"),
    Column("tenure", I, "Tenure", "owned, leased or hosted"),
    Column("contract", I, "Contract", "power contract"),
    Column("stage", I, "Stage", "stage of the pipeline megawatts"),
    Column("site_count", F, "count", "physical sites behind the row"),
    Column("power_cost", F, "USD/MWh", "power (or all-in hosting) price at the start", 0),
    Column("fixed_price", F, "USD/MWh", "part of the power price that does not move by the hour"),
    Column("operating_cost", F, "USD/MWh", "labour, repairs and other cash cost besides power"),
    Column("fibre", B, "-", "has fibre"),
    Column("land", B, "-", "land can be expanded"),
    Column("convertible", B, "-", "fit for AI: size, fibre, land and a draw at the start"),
    Column("secured_mw", F, "MW", "all megawatts of the site, pipeline included"),
    Column("energised_mw", F, "MW", "megawatts the grid can deliver now"),
    Column("mining_mw", F, "MW", "running or runnable machines"),
    Column("idle_mw", F, "MW", "energised without machines that pay"),
    Column("building_mw", F, "MW", "signed for a tenant, not yet delivering"),
    Column("subleased_mw", F, "MW", "delivering as powered shell"),
    Column("converted_mw", F, "MW", "delivering as colocation or GPU cloud"),
    Column("pipeline_mw", F, "MW", "not energised, not signed away"),
    Column("pipeline_start_mw", F, "MW", "megawatts that energise together at the energisation month"),
    Column("energisation", I, "month", "month the pipeline energises", NEVER),
    Column("gave_way", B, "-", "the pipeline's connection work was lent to AI requests"),
    Column("fitted_it_mw", F, "MW of IT", "finished hall space that stands empty after a tenant left"),
    Column("hosting_margin", F, "USD/MWh", "part of the hosting price that is the host's margin"),
    Column("new_mine_value", F, "musd/MW", "value of filling an empty megawatt with machines, last month"),
    Column(
        "machine_value", F, "musd/MW", "value of a megawatt of new machines, their price apart, last month"
    ),
    Column("months_off", F, "months", "months in a row without a running machine"),
    Column("uptime", F, "share", "realised share of nameplate hash, last month"),
    Column("running_eh_s", F, "EH/s", "hash that ran, last month"),
    Column("margin", F, "musd/month", "mining margin after power and operation, last month"),
    Column("last_choice", I, "Product", "what the last move of the site was", 0),
    Column("last_move", I, "month", "month of the last move", -NEVER),
)
"""Sites also carry `hash`, a matrix column with one entry per machine generation."""

LEASE = (
    Column("tenant", I, "hyperscaler row", "who rents"),
    Column("site", I, "site row", "where"),
    Column("landlord", I, "firm row", "who lets (follows the site's owner)"),
    Column("product", I, "Product", "shell, colocation or cloud"),
    Column("status", I, "LeaseStatus", "building, delivering, ended or broken"),
    Column("gross_mw", F, "MW", "load at the meter"),
    Column("it_mw", F, "MW of IT", "critical IT load"),
    Column("rent", F, "musd/IT MW-year", "rent in the first year"),
    Column("rent_now", F, "musd/IT MW-year", "rent in force"),
    Column("escalator", F, "share/year", "yearly rise of the rent"),
    Column("operating_margin", F, "share", "net operating income over rent"),
    Column("term", I, "months", "length from delivery"),
    Column("signed", I, "month", "month of signing"),
    Column("promised", I, "month", "month delivery was promised"),
    Column("delivery", I, "month", "month delivery is now expected or happened"),
    Column("capex", F, "musd", "landlord's share of the build"),
    Column("capex_spent", F, "musd", "part of it spent"),
    Column("tenant_capex_share", F, "share", "part of the build the tenant pays"),
    Column("prepaid", F, "musd", "prepayment received and not yet credited"),
    Column("project_debt", F, "musd", "project loan outstanding"),
    Column("project_rate", F, "share/year", "rate of the project loan"),
    Column("loan_share", F, "share", "share of the capex drawn as project loan"),
    Column("backstop", B, "-", "guaranteed by an investment-grade third party"),
    Column("default_hazard", F, "1/year", "tenant default hazard"),
    Column("lower", F, "musd/IT MW-year", "lowest core rent when signed"),
    Column("upper", F, "musd/IT MW-year", "highest core rent when signed"),
    Column("at_start", B, "-", "signed before the run begins"),
    Column("ever_delivered", B, "-", "has been delivered, whatever became of it"),
    Column("on_pipeline", B, "-", "needs megawatts that are still to be energised when signed"),
)

HYPERSCALER = (
    Column("slot", "uint64", "-", "stable identity, keys the buyer's random draws"),
    Column("investment_grade", B, "-", "credit class: investment grade or high yield"),
    Column("neocloud", B, "-", "tenant class: neocloud or hyperscaler"),
    Column("demand_share", F, "share", "part of US demand it contracts for"),
    Column("margin", F, "musd/IT MW-year", "yearly margin before site rent: the most it can pay"),
    Column("discount_rate", F, "share/year", "its cost of capital"),
    Column("default_hazard", F, "1/year", "hazard of defaulting on a lease"),
    Column("demand_mw", F, "MW", "load due by now"),
    Column("grid_mw", F, "MW", "delivered from the grid"),
    Column("onsite_mw", F, "MW", "delivered behind the meter"),
    Column("leased_mw", F, "MW", "delivered by miners"),
    Column("committed_mw", F, "MW", "on order from any source, not yet delivered"),
    Column("barred_until", I, "month", "month until which nobody lets to it, after a default", -NEVER),
    Column("need_mw", F, "MW", "load due within the planning horizon and covered by nothing yet"),
)

REGION = (
    Column("us", B, "-", "lies in the US pool"),
    Column("peak_mw", F, "MW", "peak load at the start"),
    Column("reserve_margin", F, "share", "reserve margin target"),
    Column("near_term_mw", F, "MW", "grid access for data centres 2025-28"),
    Column("under_construction_mw", F, "MW", "data-centre load under construction at the start"),
    Column("firm_addition_mw", F, "MW/year", "firm capacity the region adds"),
    Column("lead_time", F, "years", "least time from request to power"),
    Column("energy_price_start", F, "USD/MWh", "mean energy price at the start"),
    Column("energy_volatility", F, "log sd", "standard deviation of the log hourly price"),
    Column("energy_index", F, "ratio", "mean energy price over its start", 1.0),
    Column("capacity_price_start", F, "USD/MW-day", "capacity price at the start (0 where there is none)"),
    Column("capacity_price", F, "USD/MW-day", "capacity price now"),
    Column("response_credit_start", F, "USD/MWh", "demand-response credit at the start"),
    Column("response_credit", F, "USD/MWh", "demand-response credit now"),
    Column("accredited_mw", F, "MW", "firm capacity accredited"),
    Column("promised_mw", F, "MW", "firm load promised, reserve margin included"),
    Column("connected_mw", F, "MW", "data-centre load connected since the start of 2025"),
    Column("capacity_mw_month", F, "MW/month", "load the operator can connect this month"),
    Column("queue_mw", F, "MW", "serious requests waiting"),
    Column("speculative_mw", F, "MW", "speculative requests waiting"),
    Column("wait_years", F, "years", "expected wait of a request filed now"),
    Column("arrived_mw", F, "MW", "requests filed this month"),
    Column("withdrawn_mw", F, "MW", "requests withdrawn this month"),
    Column("connected_now_mw", F, "MW", "requests connected this month"),
)

REQUEST = (
    Column("region", I, "region row", "where"),
    Column("buyer", I, "hyperscaler row", "who"),
    Column("filed", I, "month", "when"),
    Column("studied", B, "-", "has left its study"),
    Column("mw", F, "MW", "still waiting"),
    Column("bid", F, "musd/IT MW-year", "what the buyer would pay for a year without waiting"),
)


def site_columns(generations: int) -> tuple[Column, ...]:
    """Return the site columns with the hash matrix for that many machine generations."""
    return (*SITE, Column("hash", F, "EH/s", "nameplate hash by machine generation", width=generations))

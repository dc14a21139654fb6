"""Firms: how they choose, consolidate and enter, who is there at the start, and for how long."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from model.parameters.base import Group, param


class Choice(Group):
    """How a miner decides what a block of megawatts does."""

    strategy: str = param("logit", "-", "rule of every firm without one of its own", "MODEL 5.5")
    mix: dict[str, float] = param(
        {}, "shares", "strategies and the share of firms that follow each", "MODEL 5.5"
    )
    intensity: float = param(
        4.1,
        "1/V_scale",
        "lambda: how sharply the logit prefers the better option",
        "calibrated; median of the posterior on the leases signed by 2025-11-20",
        0,
        1e9,
    )
    value_scale: float = param(
        2.0,
        "musd/MW",
        "V_scale: value that counts as one unit of utility",
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
        0.066,
        "1/month",
        "q: probability that a site is reviewed",
        "calibrated; median of the posterior on the leases signed by 2025-11-20",
        0,
        1,
    )
    option_weight: float = param(
        0.45,
        "share",
        "omega: share of the real-option hurdle applied (0 NPV, 1 option-optimal)",
        "calibrated; median of the posterior on the leases signed by 2025-11-20",
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
        "probability that a site of 100 MW or more is fit for AI",
        "estimate_c; costs.csv p_convertible_100mw_owned",
        0,
        1,
    )
    convertible_middle: float = param(
        0.22,
        "probability",
        "probability that a site of 20-100 MW is fit for AI",
        "estimate_c; costs.csv p_convertible_20_100mw",
        0,
        1,
    )
    convertible_small: float = param(
        0.03,
        "probability",
        "probability that a site below 20 MW is fit for AI",
        "estimate_c; costs.csv p_convertible_under_20mw",
        0,
        1,
    )
    eligibility_scale: float = param(
        0.96,
        "ratio",
        "scale of the three probabilities that a site is fit for AI",
        "calibrated; median of the posterior on the leases signed by 2025-11-20",
        0,
        2,
    )
    upgrade_rate: float = param(
        0.1,
        "1/year",
        "rate at which a site of 20 MW or more that is not fit for AI becomes so (fibre, land, permits)",
        "estimate_c; the shares fit today are a snapshot and shortage pays for fibre; 0 freezes them",
        0,
        10,
    )
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

    @field_validator("mix")
    @classmethod
    def _sorted(cls, mix: dict[str, float]) -> dict[str, float]:
        """Put the strategies in the order of their names, so that equal mixes are one scenario."""
        return dict(sorted(mix.items()))


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
        "premium offered over the target's equity value",
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
    generator_saving: float = param(
        0.5,
        "share",
        "part of a grid site's price beyond energy that a power generator that owns it need not pay",
        "estimate_c; delivery and supplier's margin behind the meter",
        0,
        1,
    )
    entry_rate: float = param(
        1.0,
        "firms/month",
        "entrants when a new mine returns twice its cost",
        "estimate_c; 0 when it does not pay",
        0,
        1000,
    )
    entry_median_mw: float = param(
        5, "MW", "median size of an entrant's site", "estimate_c; tail.csv tail_site_size_median", 0.1, 1000
    )
    entry_build_months: int = param(
        9,
        "months",
        "time an entrant needs to build a mine",
        "estimate_c; costs.csv mine_build_lead",
        0,
        120,
    )


class Population(Group):
    """Who is there at the start."""

    private_firms: int = param(
        137,
        "firms",
        "number of private miners in the US tail",
        "estimate_c; tail.csv tail_us_firms, 50-150: with the listed ones about 150 firms",
        0,
        1_000_000,
    )
    sites_per_private_firm: float = param(1.5, "sites", "mean sites of a private firm", "estimate_c", 1, 100)
    tail_site_median: float = param(
        5, "MW", "median site of the tail", "estimate_c; tail.csv tail_site_size_median", 0.01, 1000
    )
    tail_site_log_sigma: float = param(
        1.6,
        "log sd",
        "spread of the tail's site sizes",
        "estimate_c; tail.csv tail_site_size_log_sigma",
        0,
        5,
    )
    tail_site_max: float = param(
        300, "MW", "largest site of the tail", "estimate_c; tail.csv tail_site_size_max", 1, 10000
    )
    fleet_log_sigma: float = param(
        0.15,
        "log sd",
        "spread of machine generations within one firm's fleet",
        "estimate_c; about half of the spread between firms in tail.csv, as a fleet comes from few orders",
        0.01,
        2,
    )
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

    start: str = param(
        "2025-11", "month", "first month of the run", "derived_tables; all tables are as of 2025-11-18"
    )
    months: int = param(
        86,
        "months",
        "length of a run; 86 months end in December 2032",
        "demand_path.csv; last year of the table",
        1,
        1200,
    )
    audit: bool = param(True, "-", "assert every invariant in every month", "MODEL 8")

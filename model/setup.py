"""The first day: a scenario and a seed turned into the state of the industry."""

from __future__ import annotations

import numpy as np

import agents.strategies.rules
from agents.economics.blocks import ProductTerms
from agents.economics.network import BitcoinNetwork
from agents.strategies.base import find_strategy
from model.baseline import Baseline, build_baseline
from model.bitcoin_price import PriceProcess
from model.demand import start_demand
from model.errors import ScenarioError
from model.expectations import expected_at_start, hashprice_record
from model.grid import start_grid
from model.ledger import Ledger
from model.machine_market import start_rest_of_world
from model.mining import dispatch, set_fixed_prices
from model.onsite import OnsiteSupply
from model.options import BlockTable, average_over_first, product_terms, value_options
from model.recording import Keep, Recorder
from model.scenario import Scenario
from model.state import State
from model.streams import Streams
from model.valuation import value_firms
from model.watching import Watching

MONTHS = 12
FROM_BASELINE = (
    *("firms", "sites", "leases", "hyperscalers", "regions", "requests"),
    *("firm_names", "site_names", "hyperscaler_names", "region_names"),
    *("generations", "generation_month", "hashprice"),
)
"""What the state takes over from the baseline as it is."""
SHIPPED_STRATEGIES = agents.strategies.rules
"""Imported for its effect: the shipped strategies register themselves."""


def build_state(scenario: Scenario, seed: int, keep: Keep = "everything") -> State:
    """Return the industry before its first month.

    Raises:
        ScenarioError: If the scenario names a strategy that is not registered.
        BaselineError: If the baseline tables break a rule.
    """
    streams = Streams(seed)
    baseline = build_baseline(scenario, streams)
    state = _assemble(scenario, streams, baseline, keep)
    _assign_strategies(state)
    start_demand(state)
    start_grid(state)
    record = hashprice_record(scenario, state.hashprice)
    state.firms.expected_hashprice = expected_at_start(scenario.bitcoin, record)
    set_fixed_prices(state)
    dispatch(state)
    start_rest_of_world(state, _hash_elsewhere(state, baseline))
    if scenario.choice.imitation > 0.0 or "imitator" in _strategy_names(scenario):
        state.watching = Watching.build(state)
    _value_first_day(state)
    return state


def _hash_elsewhere(state: State, baseline: Baseline) -> float:
    """Return the hash that the network has on the first day beyond what the modelled firms run, EH/s."""
    network = baseline.tables.tail_value("network_hashrate_2025_11")
    return max(network - float(state.scratch["running_hash"].sum()), 0.0)


def _value_first_day(state: State) -> None:
    """Value firms before anything happens, with the rate of signing of the year before."""
    value_options(state)
    blocks: BlockTable = state.scratch["blocks"]
    recent = state.leases.signed >= -MONTHS
    signed = float(state.leases.gross_mw[recent].sum())
    eligible = float(blocks.mw.sum()) + signed
    state.signing_rate = signed / eligible if eligible > 0.0 else 0.0
    value_firms(state)


def _assemble(scenario: Scenario, streams: Streams, baseline: Baseline, keep: Keep) -> State:
    network = BitcoinNetwork(
        baseline.network.height,
        baseline.network.difficulty,
        epoch_seconds=baseline.network.epoch_seconds,
        halving=scenario.bitcoin.halving,
    )
    lead = max(scenario.bitcoin.order_lead_months, 1)
    terms = product_terms(scenario)
    return State(
        scenario=scenario,
        streams=streams,
        month=0,
        **{name: getattr(baseline, name) for name in FROM_BASELINE},
        machine_price=baseline.machine_price.copy(),
        network=network,
        price_process=PriceProcess(scenario, streams),
        rest_of_world=None,  # type: ignore[arg-type]
        demand=None,  # type: ignore[arg-type]
        grid=None,  # type: ignore[arg-type]
        onsite=OnsiteSupply(scenario, baseline.tables),
        ledger=Ledger(baseline.firms),
        recorder=Recorder(keep),
        orders=np.zeros((lead, len(baseline.sites))),
        order_generation=np.zeros(lead, dtype=np.int64),
        btc_price=scenario.bitcoin.price_start,
        start_subsidy=network.subsidy,
        expected_rent=_rents_at_start(scenario, terms),
        terms=terms,
        strategies=[],
        watching=None,
        landlord_share=scenario.leases.theta,
        signing_rate=0.0,
    )


def _rents_at_start(scenario: Scenario, terms: ProductTerms) -> np.ndarray:
    """Return the first-year rent expected for each `Product`; published rents are means over the term."""
    leases = scenario.leases
    rent = np.array([leases.shell_rent, leases.colocation_rent, leases.cloud_rent])
    return np.append(0.0, rent / average_over_first(terms))


def _strategy_names(scenario: Scenario) -> list[str]:
    """Return the strategies in use: the mix in alphabetical order, or the one of every firm."""
    return sorted(scenario.choice.mix) or [scenario.choice.strategy]


def _assign_strategies(state: State) -> None:
    """Give each firm its strategy, drawn by its slot when there is a mix."""
    choice = state.scenario.choice
    names = _strategy_names(state.scenario)
    try:
        state.strategies = [find_strategy(name) for name in names]
    except ValueError as error:
        raise ScenarioError(f"choice.{'mix' if choice.mix else 'strategy'}: {error}") from None
    if choice.mix:
        state.firms.strategy = draw_strategies(state, state.firms.slot)


def draw_strategies(state: State, slots: np.ndarray) -> np.ndarray:
    """Return the strategy of firms with the given slots, by the shares of the mix."""
    mix = state.scenario.choice.mix
    if not mix:
        return np.zeros(len(slots), dtype=np.int64)
    bounds = np.cumsum([mix[name] for name in sorted(mix)])
    drawn = state.streams.uniform("strategy", 0, slots)
    return np.minimum(np.searchsorted(bounds / bounds[-1], drawn), len(bounds) - 1)

"""The industry: the Mesa model that miners, hyperscalers and grid operators live in."""

from __future__ import annotations

from typing import Any

import mesa
import networkx as nx
import pandas as pd

from agents.grid_operator import GridOperator
from agents.hyperscaler import Hyperscaler
from agents.miner import Miner
from model.collector import collector
from model.relations import relations
from model.scenario import Scenario
from model.scenario_files import load_scenario
from model.setup import build_state
from model.tick import TICK, run_month


class Industry(mesa.Model):
    """Bitcoin miners, AI customers and grid operators competing for US power, month by month.

    `state` holds the columns the tick computes on; `agents` are views of them. One step is one month.
    """

    def __init__(
        self,
        scenario: Scenario | str | None = None,
        *,
        rng: int | None = None,
        **overrides: Any,  # noqa: ANN401
    ) -> None:
        """Build the industry as of the first month.

        Args:
            scenario: A scenario, the name of a shipped one or a file; the reference case by default.
            rng: Seed of all random numbers, a non-negative integer; 0 by default.
            **overrides: Values by dotted key, checked like a scenario file:
                `Industry("no_ai", **{"choice.imitation": 1.0})`.

        Raises:
            ScenarioError: If the scenario does not exist, misspells a key or contradicts itself.
        """
        seed = _seed(rng)
        if not isinstance(scenario, Scenario):
            scenario = load_scenario(scenario or "reference", **overrides)
        elif overrides:
            scenario = scenario.with_values(**overrides)
        super().__init__(rng=seed)
        self.seed = seed
        self.state = build_state(scenario, seed)
        self._add_agents()

    # Mesa attaches a Scenario of its own, which accepts any key; and its viewer, where it finds a scenario on
    # a model, puts a blank one in the place of the scenario a Reset asks for. So there is none to be found.
    @property
    def scenario(self) -> None:  # type: ignore[override]
        """Not kept here: the scenario of an industry is `state.scenario`."""
        raise AttributeError("the scenario of an industry is industry.state.scenario")

    @scenario.setter
    def scenario(self, scenario: object) -> None:
        """Ignore the blank scenario Mesa sets when it starts."""

    def step(self) -> None:
        """Compute one month."""
        run_month(self.state)
        self._add_agents()
        self.running = self.state.month < self.state.scenario.horizon.months

    @property
    def tick_order(self) -> list[tuple[int, str, str]]:
        """Return number, name and summary of each phase of a month."""
        return [(phase.number, phase.name, phase.summary) for phase in TICK]

    @property
    def series(self) -> pd.DataFrame:
        """Return the record of the run so far, a row a month."""
        return self.state.recorder.series()

    @property
    def datacollector(self) -> mesa.DataCollector:
        """Return the series as Mesa's own collector, which `mesa.batch_run` and Mesa's plots ask for."""
        return collector(self.series if self.state.month else None)

    @property
    def firms(self) -> pd.DataFrame:
        """Return the panel of firms, a row a month and firm."""
        return self.state.recorder.firms(self.state)

    @property
    def sites(self) -> pd.DataFrame:
        """Return the panel of sites, a row a month and site."""
        return self.state.recorder.sites(self.state)

    @property
    def leases(self) -> pd.DataFrame:
        """Return all leases as they stand now."""
        return self.state.recorder.leases(self.state)

    @property
    def events(self) -> pd.DataFrame:
        """Return everything that happened, with the numbers it was decided on."""
        return self.state.recorder.events(self.state)

    @property
    def relations(self) -> nx.MultiDiGraph:
        """Return who leases to whom, who bought whom and who sits where, as of now."""
        return relations(self.state)

    def _add_agents(self) -> None:
        """Give every row that has none an agent: all at the start, later the new entrants."""
        state = self.state
        first = not hasattr(self, "_miners")
        known = 0 if first else self._miners
        if not first and known == len(state.firms):
            return
        if first:
            for row, name in enumerate(state.hyperscaler_names):
                Hyperscaler(self, state.hyperscalers, row, name)
            for row, name in enumerate(state.region_names):
                GridOperator(self, state.regions, row, name)
        for row in range(known, len(state.firms)):
            Miner(self, state.firms, state.sites, row, state.firm_names[row])
        self._miners = len(state.firms)


def _seed(rng: int | None) -> int:
    if rng is None:
        return 0
    if isinstance(rng, bool) or not hasattr(rng, "__index__") or int(rng) < 0:
        raise ValueError(f"rng must be a non-negative integer (the seed), got {rng!r}")
    return int(rng)

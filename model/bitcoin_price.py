"""The price of bitcoin, month by month, under six declared processes.

- `constant`: the starting price for ever.
- `path`: the file of `bitcoin.price_path`; after its last month the price stays.
- `gbm`: geometric Brownian motion, discretised exactly.
- `regime`: a Markov chain of bull and bear months; the regime of the first month is drawn from the chain's
  stationary law, so that no month is special. The drifts of the regimes replace `log_drift`.
- `bootstrap`: circular blocks of historic monthly log returns, from any month of the record to any, with the
  mean return of the record taken out and `log_drift` put in: history gives the shape, not the trend.
- `jump`: `gbm` with one jump, a scenario and no claim about likelihood.

Every draw is keyed by seed and month alone: paths of two scenarios differ only by what their parameters do to
the same shocks. Sources: Hamilton 1989 (regimes); Politis and Romano 1992 (circular block bootstrap).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from model.baseline_tables import load_tables
from model.scenario_inputs import price_path

if TYPE_CHECKING:
    from model.scenario import Scenario
    from model.streams import Streams

MONTHS = 12.0
STREAM = "btc price"
SHOCK, SWITCH = np.zeros(1, dtype=np.uint64), np.ones(1, dtype=np.uint64)
"""Slots of the two numbers a month may need: its shock (or block), and whether the regime ends."""


class PriceProcess:
    """One path of the bitcoin price; months are computed when first asked for."""

    def __init__(self, scenario: Scenario, streams: Streams) -> None:
        """Start the process the scenario names.

        Raises:
            ScenarioFileError: If a price path cannot be read or does not cover the run.
            BaselineError: If the price history cannot be read (bootstrap).
        """
        self.parameters = scenario.bitcoin
        self.streams = streams
        self._bull: list[bool] = []
        self._history = np.zeros(0)
        kind = self.parameters.price_process
        if kind == "bootstrap":
            self._history = _historic_returns(scenario)
        self._path = price_path(scenario) if kind == "path" else [self.parameters.price_start]
        if kind == "jump" and self.parameters.jump_month == 0:
            self._path[0] *= self.parameters.jump_factor

    def price(self, month: int) -> float:
        """Return the price in a month, USD; month 0 has the starting price."""
        if len(self._path) <= month:
            # A year at once: the shocks of a month are the same whenever they are drawn.
            for later in range(len(self._path), month + 12):
                self._path.append(self._path[-1] * math.exp(self._log_return(later)))
        return self._path[month]

    def _log_return(self, month: int) -> float:
        match self.parameters.price_process:
            case "gbm":
                return self._diffusion(month)
            case "jump":
                jumps = month == self.parameters.jump_month
                return self._diffusion(month) + (math.log(self.parameters.jump_factor) if jumps else 0.0)
            case "regime":
                return self._regime_return(month)
            case "bootstrap":
                return self._block_return(month)
            case _:
                return 0.0

    def _diffusion(self, month: int) -> float:
        parameters = self.parameters
        return parameters.log_drift / MONTHS + parameters.volatility * self._shock(month)

    def _shock(self, month: int) -> float:
        """Return the month's standard normal shock, for a volatility per year."""
        return float(self.streams.normal(STREAM, month, SHOCK)[0]) / math.sqrt(MONTHS)

    def _regime_return(self, month: int) -> float:
        parameters = self.parameters
        while len(self._bull) <= month:
            self._bull.append(self._next_regime(len(self._bull)))
        drift = parameters.bull_drift if self._bull[month] else parameters.bear_drift
        return drift / MONTHS + parameters.regime_volatility * self._shock(month)

    def _next_regime(self, month: int) -> bool:
        parameters = self.parameters
        drawn = float(self.streams.uniform(STREAM, month, SWITCH)[0])
        if month == 0:
            return drawn < parameters.bull_months / (parameters.bull_months + parameters.bear_months)
        if self._bull[-1]:
            return drawn >= 1.0 / parameters.bull_months
        return drawn < 1.0 / parameters.bear_months

    def _block_return(self, month: int) -> float:
        offset = (month - 1) % self.parameters.bootstrap_block
        first = int(self.streams.uniform(STREAM, month - offset, SHOCK)[0] * len(self._history))
        drawn = self._history[(first + offset) % len(self._history)]
        return float(drawn) + self.parameters.log_drift / MONTHS


def _historic_returns(scenario: Scenario) -> np.ndarray:
    """Return monthly log returns of the record up to the start of the run, less their mean."""
    history = load_tables(scenario.population.data_folder).network_history
    known = [row.btc_price_end_usd for row in history if row.month <= scenario.horizon.start]
    returns = np.diff(np.log(known))
    return returns - returns.mean()

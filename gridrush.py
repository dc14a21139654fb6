"""Gridrush: an agent-based model of Bitcoin miners meeting AI demand for electricity.

Everything a user's script needs is a name of this module; each is loaded when it is first used. Gridrush is
made for explanation and the exploration of scenarios; it is never a forecast of a named company.
"""

# The imports are for type checkers, and `__all__` is derived from the table of homes: ruff sees neither.
# ruff: noqa: F401, F822

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agents.economics.assignment import Clearing, clear_leases
    from agents.economics.concentration import (
        concentration_ratio,
        entropy,
        gini,
        hhi,
        instability,
        number_equivalent,
    )
    from agents.economics.dispatch import optimal_dispatch
    from agents.economics.leases import lease_value, time_to_power_value
    from agents.economics.mining import (
        breakeven_power_price,
        cash_margin,
        hashprice,
        implied_hashrate,
        machine_life,
        machine_value,
    )
    from agents.economics.network import BitcoinNetwork, Mined, retarget
    from agents.economics.options import entry_exit_thresholds, switching_threshold
    from agents.economics.queues import queue_backlog, queue_wait
    from agents.strategies.base import Blocks, Strategy, register_strategy, strategy_names
    from model.errors import GridrushError, ScenarioError
    from model.industry import Industry
    from model.run import Run, run
    from model.scenario import Scenario
    from model.scenario_files import load_scenario

_HOMES = {
    "agents.economics.assignment": ("Clearing", "clear_leases"),
    "agents.economics.concentration": (
        *("concentration_ratio", "entropy", "gini", "hhi", "instability", "number_equivalent"),
    ),
    "agents.economics.dispatch": ("optimal_dispatch",),
    "agents.economics.leases": ("lease_value", "time_to_power_value"),
    "agents.economics.mining": (
        *("breakeven_power_price", "cash_margin", "hashprice", "implied_hashrate"),
        *("machine_life", "machine_value"),
    ),
    "agents.economics.network": ("BitcoinNetwork", "Mined", "retarget"),
    "agents.economics.options": ("entry_exit_thresholds", "switching_threshold"),
    "agents.economics.queues": ("queue_backlog", "queue_wait"),
    "agents.strategies.base": ("Blocks", "Strategy", "register_strategy", "strategy_names"),
    "model.errors": ("GridrushError", "ScenarioError"),
    "model.industry": ("Industry",),
    "model.run": ("Run", "run"),
    "model.scenario": ("Scenario",),
    "model.scenario_files": ("load_scenario",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [*_HOME, "__version__"]  # pyright: ignore[reportUnsupportedDunderAll]


def _check_packages() -> None:
    """Say in one line that somebody else's module hides one of Gridrush's packages."""
    here = Path(__file__).resolve().parent
    for name in ("agents", "model", "experiments", "viz"):
        spec = importlib.util.find_spec(name)
        ours = here / name / "__init__.py"
        if spec is None or spec.origin is None or Path(spec.origin).resolve() != ours:
            found = "nothing" if spec is None else spec.origin or "a folder without __init__.py"
            raise ImportError(
                f"Gridrush needs its own package '{name}' but Python finds {found}; rename that file, "
                f"or start Python in another folder"
            )


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Load a public name when it is first used."""
    if name == "__version__":
        return importlib.metadata.version("gridrush")
    if name not in _HOME:
        raise AttributeError(f"module 'gridrush' has no attribute '{name}'")
    value = globals()[name] = getattr(importlib.import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


_check_packages()

if __name__ == "__main__":
    importlib.import_module("experiments.cli").main()

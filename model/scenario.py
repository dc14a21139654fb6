"""A scenario: every number a run depends on, checked before the first month.

`Scenario()` is the reference case. A scenario never changes; `with_values` makes another one.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from model.parameters.base import Group, param
from model.parameters.bitcoin import Bitcoin, RestOfWorld
from model.parameters.demand import ArtificialIntelligence, Leases, Power
from model.parameters.firms import Choice, Consolidation, Finance, Horizon, Population


class Scenario(Group):
    """Groups of parameters; the defaults are the reference case as of 2025-11."""

    name: str = param("reference", "-", "what the scenario is called", "given by the user")
    description: str = param("as of November 2025", "-", "the scenario in one line", "given by the user")
    bitcoin: Bitcoin = Bitcoin()
    row: RestOfWorld = RestOfWorld()
    power: Power = Power()
    ai: ArtificialIntelligence = ArtificialIntelligence()
    leases: Leases = Leases()
    finance: Finance = Finance()
    choice: Choice = Choice()
    consolidation: Consolidation = Consolidation()
    population: Population = Population()
    horizon: Horizon = Horizon()

    def __hash__(self) -> int:
        """Hash by content, so that equal scenarios are one key."""
        return int(self.parameter_hash()[:15], 16)

    def parameter_hash(self) -> str:
        """Return the SHA-256 of the resolved parameters; name and description do not count."""
        values = self.model_dump(mode="json", exclude={"name", "description"})
        text = json.dumps(values, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def with_values(self, **dotted: Any) -> Scenario:  # noqa: ANN401
        """Return a new, checked scenario with some values replaced: `with_values(**{"ai.demand_gw": 80})`."""
        tree = self.model_dump()
        for key, value in dotted.items():
            *groups, field = key.split(".")
            branch = tree
            for group in groups:
                branch = branch[group]
            branch[field] = value
        return Scenario(**tree)

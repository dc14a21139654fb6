"""The two studies behind the claims: the paired runs, and the same arms over shared uncertainties."""

from __future__ import annotations

import tomllib
from pathlib import Path

from experiments.plans import Plan, make_plan
from experiments.study_files import SHIPPED, load_study, parse_study

RUNS, SPREAD = "runs", "spread"
REPLICATIONS = 40
SAMPLES_A_REPLICATION = 1.5
SPREAD_FILE = Path(__file__).with_name("spread.toml")
SHARED = ("arms", "outcomes", "strategies", "fates")
"""What the second study takes from the first."""


def plans(replications: int | None = None) -> dict[str, Plan]:
    """Return the plans of both studies, by the folder of their store."""
    study = load_study("claims")
    count = replications or study.replications
    first = study.model_copy(update={"replications": count})
    samples = max(round(SAMPLES_A_REPLICATION * count), 2)
    return {RUNS: make_plan(first), SPREAD: make_plan(parse_study(_spread(samples), SPREAD, SHIPPED))}


def _spread(samples: int) -> dict[str, object]:
    claims = tomllib.loads((SHIPPED / "claims.toml").read_text(encoding="utf-8"))
    document = tomllib.loads(SPREAD_FILE.read_text(encoding="utf-8"))
    design = document["design"] | {"samples": samples}
    return document | {name: claims[name] for name in SHARED} | {"name": "claims spread", "design": design}

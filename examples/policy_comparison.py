"""A paired comparison of policies: the same luck with and without a reform of the grid queue.

    python examples/policy_comparison.py [FOLDER]

Pairs of runs share their seed, so that their difference is what the reform does and not the luck of the draw.
"""

import sys
from pathlib import Path

from experiments.analysis.intervals import paired_differences
from experiments.analysis.material import material_of
from experiments.executors import crew_of
from experiments.plans import make_plan
from experiments.runner import run_store
from experiments.store import make_store
from experiments.study_files import parse_study


def main(folder: str = "runs/policy_comparison", months: int = 38, replications: int = 10) -> None:
    study = parse_study(
        {
            "name": "queue reform",
            "set": {"horizon.months": months},
            "arms": {"reference": {}, "queue_reform": {"scenario": "queue_reform"}},
            "outcomes": {
                "gap_gw": {"series": "gap_gw"},
                "rent": {"series": "lease_rent_usd_kw_month", "reduce": "mean"},
            },
            "design": {"kind": "paired"},
            "replications": replications,
        }
    )
    store = make_store(Path(folder), make_plan(study))
    crew = crew_of(workers=None, cluster=None, runs=store.plan.runs)
    try:
        run_store(store, crew)
    finally:
        crew.leave()
    print(f"What the reform changes, over {replications} pairs ({folder}):")
    for row in paired_differences(material_of(store)).to_dict("records"):
        print(f"  {row['outcome']}: {row['mean']:+.2f} ({row['low']:+.2f} to {row['high']:+.2f})")


if __name__ == "__main__":  # worker processes import this file, and must not start studies of their own
    main(*sys.argv[1:])

"""Calibrate the behavioural parameters anew and store what came out beside the code that uses it."""

import argparse
import os
from pathlib import Path

from experiments.cli_validate import progress
from experiments.validation.calibration import calibrate, save

FOLDER = Path(__file__).resolve().parents[1] / "experiments" / "validation"


def main() -> None:
    """Run the samples and write posterior, identification, reach and correlations."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--samples", type=int, default=1200)
    asked.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = asked.parse_args()
    with progress("calibration") as told:
        found = calibrate(options.samples, options.workers, told)
    save(found, FOLDER)
    print(found.reach.to_string(index=False))
    print(found.identification.to_string(index=False))


if __name__ == "__main__":
    main()

"""A short industry, a stored run and a study: what the view is shown in its tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from model.run import run
from model.scenario_files import load_scenario
from viz.record import LiveRecord, Moment, StoredRecord

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MONTHS = 40
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def live():
    """Return a live run of the reference case over its first forty months."""
    record = LiveRecord(load_scenario("reference"), 0)
    while record.months < MONTHS:
        record.step()
    return record


@pytest.fixture(scope="session")
def moment(live):
    """Return its last month."""
    return Moment(live, MONTHS - 1)


@pytest.fixture(scope="session")
def stored_run(tmp_path_factory):
    """Return the folder of a run of forty months, and the run."""
    result = run(load_scenario("btc_bull", **{"horizon.months": MONTHS}), 3)
    return result.save(tmp_path_factory.mktemp("stored") / "run"), result


@pytest.fixture(scope="session")
def stored(stored_run):
    """Return the record of that run."""
    return StoredRecord(stored_run[1])


STUDY = """
description = "demand under two bargaining rules"
replications = 2
keep = "series"
set = { "horizon.months" = 18 }
uncertainties = { "ai.demand_gw" = { low = 40, high = 90 } }
design = { kind = "lhs", samples = 3 }

[levers.bargaining]
low = { "leases.theta" = 0.2 }
high = { "leases.theta" = 0.8 }

[outcomes]
gap = { series = "gap_gw", label = "gap at the end", unit = "GW" }
ai = { series = "ai_mw", unit = "MW" }
"""


@pytest.fixture(scope="session")
def study_folder(tmp_path_factory):
    """Return the store of a study of twelve short runs, made as a user makes one."""
    place = tmp_path_factory.mktemp("studies")
    file, folder = place / "bargaining.toml", place / "study"
    file.write_text(STUDY)
    code = "from experiments.cli import main; main()"
    asked = ["study", str(file), "--out", str(folder), "--workers", "1"]
    subprocess.run([sys.executable, "-c", code, *asked], check=True, capture_output=True, cwd=ROOT)
    return folder


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Return the Chromium of this machine; skip where there is none, but fail where tests run unattended."""
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if found is None:
        assert not os.environ.get("CI"), "the browser tests need Chromium"
        pytest.skip("no Chromium: install the package 'chromium'")
    return Path(found)

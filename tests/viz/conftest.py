"""A short industry, a stored run and a study: what the view is shown in its tests."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlparse

import pytest
from browsing import SMALL

from model.run import run
from model.scenario_files import load_scenario
from viz.record import LiveRecord, Moment, StoredRecord

MONTHS = 40
ROOT = Path(__file__).resolve().parents[2]


WAIT = 30_000
"""Milliseconds until a browser that waits for something gives up."""


class Served(NamedTuple):
    """Where the view is, and the process that serves it."""

    address: str
    process: int


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
def server():
    """Serve the view at a free port, and say where."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "viz", "--port", str(port)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert "Gridrush is at" in process.stdout.readline()
    address = f"http://127.0.0.1:{port}"
    yield Served(address, process.pid)
    process.terminate() if os.name == "nt" else process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


@pytest.fixture
def visit(browser, server):
    """Open pages; afterwards, no request may have failed or gone elsewhere, and no script stumbled."""
    faults, contexts = [], []

    def watch(page):
        page.on("requestfailed", lambda request: faults.append(f"failed: {request.url}"))
        page.on(
            "response",
            lambda answer: answer.status >= 400 and faults.append(f"{answer.status}: {answer.url}"),
        )
        page.on("pageerror", lambda error: faults.append(f"script: {error}"))
        page.on(
            "request", lambda request: _is_here(request.url) or faults.append(f"elsewhere: {request.url}")
        )

    def open_page(query="", size=SMALL):
        context = browser.new_context(viewport=size, accept_downloads=True)
        context.set_default_timeout(WAIT)
        contexts.append(context)
        page = context.new_page()
        watch(page)
        page.goto(f"{server.address}/{query}")
        return page

    yield open_page
    for context in contexts:
        # What a closing page interrupts is no fault.
        found = list(faults)
        context.close()
        assert not found


def _is_here(url):
    address = urlparse(url)
    return address.scheme in ("data", "blob", "about") or address.hostname in ("127.0.0.1", "localhost")

"""What a month of the reference case costs in time and memory, and how that grows with the industry.

Milliseconds depend on the machine and are reported; what is asserted are ratios measured side by side, in
seconds of the processor, so that other work on the machine disturbs them little.
"""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from model.industry import Industry
from model.scenario_files import load_scenario

TARGET_MS = 2.0
"""A month of the reference case should take no longer; how far it is from there is reported."""


def seconds(work, repeats: int = 1) -> float:
    """Return the least processor time that the work took."""
    times = []
    for _ in range(repeats):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def month_seconds(months: int, **values) -> tuple[float, int]:
    """Return processor time of a month, and how many sites there are at the end."""
    industry = Industry(load_scenario("reference", **values), rng=0)
    spent = seconds(lambda: industry.run_for(months))
    return spent / months, len(industry.state.sites)


def test_a_month_of_the_reference_case(benchmark):
    """All phases, audit and full record, 86 months in this process."""
    spent = []

    def setup():
        return (Industry(load_scenario("reference"), rng=0),), {}

    def whole(industry: Industry) -> None:
        spent.append(seconds(lambda: industry.run_for(86)) / 86)
        assert len(industry.series) == 86

    benchmark.pedantic(whole, setup=setup, rounds=5, warmup_rounds=1)
    benchmark.extra_info |= {"ms_per_tick": 1000.0 * min(spent), "target_ms": TARGET_MS}


def test_columns_are_twenty_times_faster_than_one_by_one(benchmark, twins_of_a_month):
    """The formulas of which machines run and what they are worth, each with the inputs of the same month."""
    ratios = {}
    for name, (columns, one_by_one) in twins_of_a_month.items():
        together = seconds(lambda columns=columns: [columns() for _ in range(100)], 5) / 100
        ratios[name] = seconds(one_by_one, 3) / together
    benchmark.pedantic(lambda: [columns() for columns, _ in twins_of_a_month.values()], rounds=20)
    benchmark.extra_info |= ratios
    assert min(ratios.values()) >= 20.0


def test_cost_per_site_does_not_grow_with_the_industry(benchmark):
    """From 300 sites to 30,000."""
    small, few = month_seconds(12)
    large, many = benchmark.pedantic(month_seconds, (12,), {"population.private_firms": 20_100}, rounds=1)
    benchmark.extra_info |= {
        "sites": [few, many],
        "us_per_site_tick": [1e6 * small / few, 1e6 * large / many],
    }
    assert many >= 30_000
    assert large / many <= small / few


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_memory_of_the_reference_run_is_below_400_mb(benchmark):
    """Peak of a process of its own that runs everything and builds all tables."""
    # Not ru_maxrss: a child starts with the peak of its parent, which has just held 30,000 sites.
    code = """
from pathlib import Path
from gridrush import run
done = run("reference", 0)
assert len(done.series) == 86 and len(done.firms) and len(done.sites) and len(done.events)
status = Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) / 1024)
"""

    def peak() -> float:
        answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        return float(answer.stdout.split()[-1])

    megabytes = benchmark.pedantic(peak, rounds=1)
    benchmark.extra_info["peak_mb"] = megabytes
    assert megabytes < 400.0


def test_the_audit_costs_less_than_a_tenth_of_a_month(benchmark):
    """Runs with and without it, in turn."""
    without, audited = [], []

    def pair() -> None:
        without.append(month_seconds(86, **{"horizon.audit": False})[0])
        audited.append(month_seconds(86)[0])

    benchmark.pedantic(pair, rounds=5, warmup_rounds=1)
    cost = 1.0 - min(without) / min(audited)
    benchmark.extra_info["audit_share"] = cost
    assert cost < 0.1

"""Write the results that README.md quotes, and the picture beside them, from the run `make run` shows."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from experiments.figures import save_summary
from model.run import Run, run
from model.scenario_files import load_scenario

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- results:begin -->\n", "<!-- results:end -->"
MONTHS = {"Nov 2025": "2025-11", "Dec 2028": "2028-12", "Dec 2032": "2032-12"}
ROWS = (
    ("US AI demand due, GW", "demand_gw", 1, 1),
    ("delivered by the grid, GW", "delivered_grid_gw", 1, 1),
    ("delivered behind the meter, GW", "delivered_onsite_gw", 1, 1),
    ("delivered by miners, GW", "delivered_miners_gw", 1, 1),
    ("**gap, GW**", "gap_gw", 1, 1),
    ("US miners' megawatts mining, GW", "us_mining_mw", 1000, 1),
    ("let as powered shell, GW", "us_subleased_mw", 1000, 1),
    ("AI hall or GPU cloud, GW", "us_converted_mw", 1000, 1),
    ("miners alive", "firms_alive", 1, 0),
    ("colocation rent, USD/kW-month of IT", "lease_rent_usd_kw_month", 1, 0),
    ("BTC, thousand USD", "btc_price_usd", 1000, 0),
    ("hashprice, USD/PH/day", "hashprice_usd_ph_day", 1, 1),
    ("network hash, EH/s", "network_hashrate_eh_s", 1, 0),
    ("HHI of hash", "hhi_hash", 1, 3),
    ("HHI of AI megawatts", "hhi_ai", 1, 3),
)
"""Label, column of the series, what to divide by, digits."""


def shown_run() -> Run:
    """Return the run that `make run` shows."""
    seed = re.search(r"^SEED \?= (\d+)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    if seed is None:
        raise SystemExit("Makefile: expected a line SEED ?= number")
    return run(load_scenario("reference"), int(seed[1]), keep="series")


def results(shown: Run) -> str:
    """Return the lines between the markers."""
    lines = [
        f"Seed {shown.manifest['seed']} of the reference scenario, the run that `make run` shows (its BTC"
        " price stays close to the median path):",
        "",
        f"| | {' | '.join(MONTHS)} |",
        f"|---|{'---:|' * len(MONTHS)}",
    ]
    for label, column, divisor, digits in ROWS:
        values = [shown.series.loc[month, column].iloc[0] / divisor for month in MONTHS.values()]
        lines.append(f"| {label} | {' | '.join(f'{value:,.{digits}f}' for value in values)} |")
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """Return what README.md has between the markers."""
    return text.partition(BEGIN)[2].partition(END)[0]


def main() -> None:
    """Rewrite the README's results and picture."""
    readme = ROOT / "README.md"
    text, shown = readme.read_text(), shown_run()
    readme.write_text(text.replace(BEGIN + quoted(text) + END, BEGIN + results(shown) + END))
    save_summary(shown, ROOT / "docs" / "images" / "summary.png")


if __name__ == "__main__":
    sys.exit(main())

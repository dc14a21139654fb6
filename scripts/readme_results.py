"""Write what came out of the shown run into the READMEs and the landing page anew, and draw its picture."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from generated_parts import ROOT, renew

from experiments.figures import save_summary
from model.run import Run, run
from model.scenario_files import load_scenario

MONTHS = ("2025-11", "2028-12", "2032-12")
ENGLISH, CHINESE, LANDING = "README.md", "README.zh.md", "docs/index.md"
INTRODUCTIONS = {
    ENGLISH: "Seed {seed} of the reference scenario, the run that `make run` shows (its BTC price stays close"
    " to the median path):",
    CHINESE: "参考情景，种子 {seed}，即 `make run` 展示的那次运行（它的比特币价格贴近中位路径）：",  # noqa: RUF001
}
HEADS = {
    ENGLISH: ("", "Nov 2025", "Dec 2028", "Dec 2032"),
    CHINESE: ("", "2025 年 11 月", "2028 年 12 月", "2032 年 12 月"),
}
ROWS = (
    ("demand_gw", 1, 1, "US AI demand due, GW", "美国 AI 到期需求 (GW)"),
    ("delivered_grid_gw", 1, 1, "delivered by the grid, GW", "其中由电网供给 (GW)"),
    ("delivered_onsite_gw", 1, 1, "delivered behind the meter, GW", "其中由表后自发电供给 (GW)"),
    ("delivered_miners_gw", 1, 1, "delivered by miners, GW", "其中由矿企供给 (GW)"),
    ("gap_gw", 1, 1, "**gap, GW**", "**缺口 (GW)**"),
    ("us_mining_mw", 1000, 1, "US miners' megawatts mining, GW", "美国矿企用于挖矿 (GW)"),
    ("us_subleased_mw", 1000, 1, "let as powered shell, GW", "作为通电厂房转租 (GW)"),
    ("us_converted_mw", 1000, 1, "AI hall or GPU cloud, GW", "转型为 AI 机房或 GPU 云 (GW)"),
    ("firms_alive", 1, 0, "miners alive", "存活的矿企数"),
    (
        "lease_rent_usd_kw_month",
        1,
        0,
        "colocation rent, USD/kW-month of IT",
        "托管租金 (美元/IT 千瓦·月)",
    ),
    ("btc_price_usd", 1000, 0, "BTC, thousand USD", "比特币价格 (千美元)"),
    ("hashprice_usd_ph_day", 1, 1, "hashprice, USD/PH/day", "算力价格 (美元/PH/日)"),
    ("network_hashrate_eh_s", 1, 0, "network hash, EH/s", "全网算力 (EH/s)"),
    ("hhi_hash", 1, 3, "HHI of hash", "算力的 HHI"),
    ("hhi_ai", 1, 3, "HHI of AI megawatts", "AI 兆瓦的 HHI"),
)
"""Column of the series, what to divide by, digits, label in English and in Chinese."""


def shown_seed() -> int:
    """Return the seed of the run that `make run` shows."""
    seed = re.search(r"^SEED \?= (\d+)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    if seed is None:
        raise SystemExit("Makefile: expected a line SEED ?= number")
    return int(seed[1])


def shown_run() -> Run:
    """Return the run that `make run` shows."""
    return run(load_scenario("reference"), shown_seed(), keep="series")


def results(shown: Run, page: str) -> str:
    """Return the lines between the markers of a page."""

    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cells)} |".replace("|  |", "| |")

    lines = [INTRODUCTIONS[page].format(seed=shown.manifest["seed"]), "", line(HEADS[page])]
    lines.append(f"|---|{'---:|' * len(MONTHS)}")
    for column, divisor, digits, english, chinese in ROWS:
        values = (shown.series.loc[month, column].iloc[0] / divisor for month in MONTHS)
        label = english if page == ENGLISH else chinese
        lines.append(line([label, *(f"{value:,.{digits}f}" for value in values)]))
    return "\n".join(lines) + "\n"


def pages(shown: Run) -> dict[str, dict[str, str]]:
    """Return the computed parts of the pages."""
    computed = {page: {"results": results(shown, page)} for page in (ENGLISH, CHINESE)}
    return computed | {LANDING: computed[ENGLISH]}


def main() -> int:
    """Renew both pages and the picture, or with `--check` say what is stale."""
    shown = shown_run()
    if "--check" not in sys.argv:
        save_summary(shown, ROOT / "docs" / "images" / "summary.png")
    return renew(pages(shown), "readme_results.py")


if __name__ == "__main__":
    sys.exit(main())

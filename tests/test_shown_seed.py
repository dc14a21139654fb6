"""The run that `make run` shows is a plain one, not a lucky one."""

import re
from pathlib import Path

import numpy as np

from model.bitcoin_price import PriceProcess
from model.scenario import Scenario
from model.streams import Streams

MAKEFILE = Path(__file__).resolve().parents[1] / "Makefile"


def distance_from_median(seed: int) -> float:
    scenario = Scenario()
    process = PriceProcess(scenario, Streams(seed))
    path = [process.price(month) for month in range(scenario.horizon.months)]
    return float(np.sqrt(np.mean(np.log(np.array(path) / scenario.bitcoin.price_start) ** 2)))


def test_of_the_first_hundred_seeds_the_one_shown_has_the_price_closest_to_its_median() -> None:
    shown = int(re.search(r"^SEED \?= (\d+)$", MAKEFILE.read_text(), flags=re.MULTILINE)[1])
    assert shown == min(range(100), key=distance_from_median)

"""Machine prices: what the rule of the machine market asks on the first day, beside quotes of that month."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.validation.checks import OURS, Check
from experiments.validation.history import TABLES
from model.scenario import Scenario
from model.setup import build_state

PART = "backtests"
QUOTED = ("Antminer S19j Pro", "Antminer S19 XP", "Antminer S21", "Antminer S21 Pro", "Antminer S21 XP")
"""Models with the better quotes: graded A or B, not sold ahead of their release."""


def machine_prices() -> pd.DataFrame:
    """Return quote, price and worth to the marginal buyer of well quoted models, USD/TH."""
    state = build_state(Scenario(), 0)
    at_hand = state.rest_of_world.machine_values(0.0)
    models = (
        pd.DataFrame([row.model_dump() for row in TABLES.asic_models]).set_index("model").loc[list(QUOTED)]
    )
    place = [int(np.abs(state.generations - each).argmin()) for each in models["efficiency_j_per_th"]]
    return pd.DataFrame(
        {
            "j_per_th": models["efficiency_j_per_th"],
            "quote": models["price_nov2025_usd_per_th"],
            "confidence": models["confidence"],
            "price": state.machine_price[place],
            "worth_at_hand": at_hand[place],
        }
    )


def price_checks(prices: pd.DataFrame) -> list[Check]:
    """Hold prices, and what machines are worth, to quotes."""
    asked, worth = (
        float(np.exp(np.mean(np.log(prices[column] / prices["quote"]))))
        for column in ("price", "worth_at_hand")
    )
    return [
        Check(PART, "machines in November 2025: worth to the marginal buyer over the quote", worth, 0.8, 1.25,
              "ratio", source=OURS, look="machine_prices.csv"),
        Check(PART, "machines in November 2025: price of the model over the quote", asked, 0.8, 1.25,
              "ratio", source="ours, written after the first run", look="machine_prices.csv",
              cause="at prices equal to worth nobody gains by ordering, and hash never grows in any "
              "backtest; makers' share is fitted to hash, not to quotes, which large buyers need not pay"),
    ]  # fmt: skip

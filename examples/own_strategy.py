"""A strategy of your own against the default: miners that let only what is worth three times the mine.

    python examples/own_strategy.py [SEED]

Both runs share the seed: Bitcoin's price, energy prices and delays are the same in both.
"""

import sys

import numpy as np

import gridrush


class Patient(gridrush.Strategy):
    """Let only what is worth three times the mine, and then the best of the three products."""

    name = "patient"
    citation = "a rule of thumb, made up for this example"

    def hurdle(self, blocks: gridrush.Blocks) -> np.ndarray:
        return 2.0 * np.maximum(blocks.value[:, 0], 0.0)

    def probabilities(self, blocks: gridrush.Blocks) -> np.ndarray:
        gain = np.where(blocks.feasible, blocks.value, -np.inf)
        gain[:, 1:] -= self.hurdle(blocks)[:, None]
        chosen = np.zeros_like(gain)
        chosen[np.arange(len(gain)), gain.argmax(axis=1)] = 1.0
        return chosen


def main(seed: int = 0, months: int = 86) -> None:
    gridrush.register_strategy(Patient)
    print(f"{'strategy':10} {'AI GW':>8} {'mining GW':>10} {'miners left':>12} {'value, bn USD':>14}")
    for strategy in ("logit", "patient"):
        changes = {"choice.strategy": strategy, "horizon.months": months}
        last = gridrush.run(gridrush.load_scenario("reference", **changes), seed).series.iloc[-1]
        power = f"{last['ai_mw'] / 1e3:8.2f} {last['mining_mw'] / 1e3:10.2f}"
        print(
            f"{strategy:10} {power} {last['firms_alive']:12.0f} {last['enterprise_value_musd'] / 1e3:14.1f}"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""Mining outside the modelled firms: one sector, machines by generation, power by a cost distribution.

The machines of every generation are spread over the same lognormal distribution of power prices. Machines
that do not pay are switched off with a lag and scrapped slowly; buyers for whom the best machine is worth
more than its price order it, as far as funding has followed, and receive it months later. Without that
pipeline the bear market of 2022, when hash rose while the price fell, comes out with the wrong sign.
With `row.enabled` off the sector stands still.

The sector needs no modelled firms: `model.bitcoin_sector.drive` runs it alone on a given price path.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from agents.columns import rows_where
from agents.compiled import compiled
from agents.economics.mining import TABLE_ROWS, enter_machine, table_value
from agents.economics.vintages import cost_at_quantile, eagerness, fleet_of_running, paying_share
from model.expectations import expect, expected_at_start, remembered

if TYPE_CHECKING:
    from model.scenario import Scenario
    from model.state import State

MONTHS = 12.0
BUYERS = 41
"""Points at which the distribution of power prices is sampled for orders."""
HALF = 0.5


class RestOfWorld:
    """Hash by machine generation, what is on order, and what the sector expects.

    Attributes:
        nameplate: EH/s of each generation, running or not.
        running: Share of each generation that is switched on.
        orders: EH/s on order by months until delivery, next first.
        order_generation: Generation of each entry of `orders`.
        eagerness: Orders as a share of the most the sector could order, smoothed by funding.
        expected_hashprice: USD/PH/day.
        expected_decay: 1/year.
        lead_years: From an order to a running machine.
    """

    def __init__(
        self,
        scenario: Scenario,
        generations: np.ndarray,
        nameplate: np.ndarray,
        running: np.ndarray,
        expected_hashprice: float,
    ) -> None:
        """Set up the sector with the given machines and an empty order book."""
        self.parameters = scenario.row
        self.bitcoin = scenario.bitcoin
        self.discount_rate = scenario.finance.discount_mining
        self.generations = generations
        self.nameplate = nameplate.astype(float)
        self.running = running.astype(float)
        lead = scenario.bitcoin.order_lead_months
        self.lead_years = lead / MONTHS
        self.orders = np.zeros(lead)
        self.order_generation = np.zeros(lead, dtype=np.int64)
        self.eagerness = 0.0
        self.expected_hashprice = expected_hashprice
        self.expected_decay = scenario.bitcoin.expected_decay
        row = scenario.row
        midpoints = (np.arange(BUYERS) + 0.5) / BUYERS
        self._costs = cost_at_quantile(row.cost_median, row.cost_log_sigma, row.other_cost, midpoints)
        marginal = scenario.bitcoin.marginal_buyer
        self._marginal_cost = np.atleast_1d(
            cost_at_quantile(row.cost_median, row.cost_log_sigma, row.other_cost, marginal)
        )
        self._lead = np.array([self.lead_years])

    @property
    def realised_hash(self) -> float:
        """Return the hash the network sees, EH/s."""
        return self.parameters.uptime * float(self.nameplate @ self.running)

    def machine_values(self, wait: np.ndarray | float) -> np.ndarray:
        """Return what each generation is worth to the marginal buyer who waits some years for it, USD/TH."""
        return self._value(
            self.generations, self._marginal_cost, np.atleast_1d(np.asarray(wait, dtype=float))
        )

    def _value(self, efficiency: np.ndarray, cost: np.ndarray, wait: np.ndarray) -> np.ndarray:
        """Return what machines are worth to buyers, USD/TH; one of a kind is the same for all the others."""
        table = _machines_of(
            efficiency,
            cost,
            wait,
            self.expected_hashprice,
            max(self.expected_decay, 0.0),
            self.bitcoin.machine_life,
            self.discount_rate,
        )
        return self.parameters.uptime * table_value(table)

    def wanted(self, machine: int, price: float) -> float:
        """Return the eagerness of all buyers for a machine ordered now at a price, 0 to 1."""
        value = self._value(self.generations[machine : machine + 1], self._costs, self._lead)
        row = self.parameters
        eager = eagerness(value, price, row.hurdle_rate, row.full_order_gain)
        return float(np.add.reduce(eager)) / BUYERS

    def deliver(self) -> None:
        """Switch on the machines that arrive this month; the book moves up."""
        if not (self.parameters.enabled and len(self.orders)):
            return
        self._switch_on(int(self.order_generation[0]), float(self.orders[0]))
        self._move_book_up()

    def _move_book_up(self) -> None:
        self.orders[:-1] = self.orders[1:]
        self.order_generation[:-1] = self.order_generation[1:]
        self.orders[-1:] = 0.0

    def _switch_on(self, machine: int, hash_eh_s: float) -> None:
        """Add machines; their buyers are those for whom they pay, so they run."""
        if hash_eh_s <= 0.0:
            return
        before = self.nameplate[machine]
        self.nameplate[machine] = before + hash_eh_s
        self.running[machine] = (self.running[machine] * before + hash_eh_s) / (before + hash_eh_s)

    def run(self, hashprice: float) -> None:
        """Move part of the way to running exactly the machines that pay at a hashprice."""
        if not self.parameters.enabled:
            return
        self.running += self.parameters.shutdown_speed * (self.paying(hashprice) - self.running)

    def paying(self, hashprice: float) -> np.ndarray:
        """Return the share of each generation that pays its cash cost at a hashprice."""
        row = self.parameters
        return paying_share(hashprice, self.generations, row.cost_median, row.cost_log_sigma, row.other_cost)

    def learn(self, hashprice: float) -> None:
        """Update what the sector expects."""
        self.expected_hashprice, self.expected_decay = expect(
            self.bitcoin, hashprice, self.expected_hashprice, self.expected_decay
        )

    def order(self, machine: int, price: float) -> float:
        """Order as much of a machine as funding, which follows what buyers want, allows; return EH/s."""
        if not self.parameters.enabled:
            return 0.0
        self._follow(self.wanted(machine, price))
        amount = self._order_volume()
        if len(self.orders):
            self.orders[-1] = amount
            self.order_generation[-1] = machine
        else:
            self._switch_on(machine, amount)
        return amount

    def _follow(self, wanted: float) -> None:
        """Let funding follow what buyers want."""
        self.eagerness += self.parameters.funding_memory * (wanted - self.eagerness)

    def _order_volume(self) -> float:
        return self.parameters.order_rate * float(self.nameplate @ self.running) * self.eagerness

    def retire(self) -> None:
        """Lose machines that break, and scrap part of those that are off."""
        if not self.parameters.enabled:
            return
        intact = float(np.exp(-self.bitcoin.machine_failure / MONTHS))
        kept = float(np.exp(-self.parameters.retirement / MONTHS))
        _lose(self.nameplate, self.running, intact, kept)

    def displace(self, share: float) -> None:
        """Switch off a share of all running machines at once (a ban); those that pay come back with time."""
        self.running *= 1.0 - share

    def take_over(self, machines: np.ndarray) -> None:
        """Go on with machines that made way elsewhere, EH/s by generation; they run until they do not pay."""
        on = self.nameplate * self.running + machines
        self.nameplate += machines
        self.running = np.divide(on, self.nameplate, out=self.running, where=self.nameplate > 0.0)

    def remember_order(self, machine: int, price: float, size: float) -> None:
        """Enter in the book what was ordered in a month before the start; the book moves up.

        Args:
            machine: Generation ordered.
            price: Of it then, USD/TH.
            size: Hash that ran then as a multiple of what runs now.
        """
        self._follow(self.wanted(machine, price))
        self._move_book_up()
        if len(self.orders):
            self.orders[-1] = self._order_volume() * size
            self.order_generation[-1] = machine


@compiled
def _machines_of(
    efficiency: np.ndarray,
    cost: np.ndarray,
    wait: np.ndarray,
    hashprice: float,
    decay: float,
    life: float,
    rate: float,
) -> np.ndarray:
    """Return a table of machines; of J/TH, costs and waits there are as many, or one for all."""
    table = np.empty((TABLE_ROWS, max(efficiency.size, cost.size, wait.size)))
    for row in range(table.shape[1]):
        each = efficiency[row if efficiency.size > 1 else 0]
        power, years = cost[row if cost.size > 1 else 0], wait[row if wait.size > 1 else 0]
        enter_machine(table, row, hashprice, each, power, decay, life, rate, years)
    return table


@compiled
def _lose(nameplate: np.ndarray, running: np.ndarray, intact: float, kept: float) -> None:
    """Take off what breaks, and of the machines that are off what is not kept."""
    for machine in range(nameplate.size):
        on, off = nameplate[machine] * running[machine], nameplate[machine] * (1.0 - running[machine])
        on *= intact
        nameplate[machine] = on + off * intact * kept
        if nameplate[machine] > 0.0:
            running[machine] = on / nameplate[machine]


def rest_of_world_at_start(
    scenario: Scenario,
    generations: np.ndarray,
    generation_month: np.ndarray,
    hash_eh_s: float,
    mean_efficiency: float,
    record: Sequence[float],
) -> RestOfWorld:
    """Return the sector on the first day, with as much running hash as the network needs.

    The running machines have the given mean efficiency and the scenario's spread; idle ones of each
    generation stand beside them as the cost distribution says. Expectations and the share that runs carry the
    memory of the months before the start; the order book is empty until orders are remembered.

    Args:
        scenario: The scenario.
        generations: J/TH, falling, shape (G,).
        generation_month: Month each can be ordered from; those after the first month are in no fleet.
        hash_eh_s: Realised hash, EH/s.
        mean_efficiency: Of the running machines, J/TH.
        record: Hashprices of the months before, oldest first, USD/PH/day.
    """
    row = scenario.row
    held = rows_where(generation_month <= 0)
    nameplate, running = np.zeros(len(generations)), np.ones(len(generations))
    sector = RestOfWorld(
        scenario, generations, nameplate, running, expected_at_start(scenario.bitcoin, record)
    )
    paying = sector.paying(remembered(record, row.shutdown_speed))
    share = fleet_of_running(mean_efficiency, generations[held], row.vintage_log_sigma, paying[held])
    if share @ paying[held] < HALF:
        # A starting price that switches most of the sector off meets machines that still run.
        share, paying = fleet_of_running(mean_efficiency, generations[held], row.vintage_log_sigma), running
    sector.nameplate[held] = share * (hash_eh_s / row.uptime / float(share @ paying[held]))
    sector.running = paying
    return sector


def run_rest_of_world(state: State) -> None:
    """Let the rest of the world switch machines on and off at this month's hashprice."""
    state.rest_of_world.run(state.hashprice)

"""The miner: a firm that owns sites and decides, block by block, what its megawatts do."""

from __future__ import annotations

import mesa

from agents.base import RowAgent
from agents.columns import Table, views
from agents.tables import FIRM, Kind, Status


class Miner(RowAgent):
    """A listed or private mining firm, the view of one row of the firms table.

    The arms through which AI customers and generators buy sites are miners too, of another `kind`.
    """

    def __init__(self, model: mesa.Model, firms: Table, sites: Table, row: int, name: str) -> None:
        """View the firm in `row`; `sites` is where its megawatts are."""
        super().__init__(model, firms, row, name)
        self._sites = sites

    @property
    def alive(self) -> bool:
        """Whether the firm still operates."""
        return self.table.status[self.row] < Status.ACQUIRED

    @property
    def kind_name(self) -> str:
        """What sort of firm it is, in words."""
        return Kind(int(self.table.kind[self.row])).name.lower()

    @property
    def status_name(self) -> str:
        """Where the firm stands, in words."""
        return Status(int(self.table.status[self.row])).name.lower()

    def megawatts(self, use: str) -> float:
        """Return the firm's megawatts in a use, such as `mining_mw`."""
        return float(getattr(self._sites, use)[self._sites.owner == self.row].sum())

    @property
    def hashrate(self) -> float:
        """Nameplate hash of all the firm's machines, EH/s."""
        return float(self._sites.hash[self._sites.owner == self.row].sum())


for _name, _view in views(FIRM).items():
    setattr(Miner, _name, _view)

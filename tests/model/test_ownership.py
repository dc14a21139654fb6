"""Sites and firms that change hands take their books along."""

import numpy as np
import pytest

from agents.tables import LeaseStatus, Status, Tenure
from model.ownership import absorb_firm, release_sites, return_hosted_mw, transfer_sites


def test_selling_a_site_moves_its_part_of_the_books(world):
    world.add_sites(0, 300.0)
    transfer_sites(world, np.array([0]), 1, 40.0)
    firms = world.firms
    np.testing.assert_allclose(firms.cash, [140, 60, 100])
    np.testing.assert_allclose(firms.property[0], 60.0 * 0.75)
    np.testing.assert_allclose(firms.machines[0], 0.0)
    np.testing.assert_allclose(firms.machines[1] + firms.property[1], 140.0 + 40.0)
    assert world.sites.owner[0] == 1
    world.ledger.check()


def test_a_merged_firm_adds_to_its_heir(world):
    world.firms.corporate_debt = [10.0, 30.0, 0.0]
    world.firms.coupon = [0.08, 0.04, 0.0]
    world.ledger.set_opening_capital(np.arange(3))
    absorb_firm(world, 0, 1)
    firms = world.firms
    assert (firms.status[0], firms.owner[0]) == (Status.ACQUIRED, 1)
    assert (firms.btc[1], firms.cash[1], firms.corporate_debt[1]) == (1000.0, 200.0, 40.0)
    assert firms.coupon[1] == pytest.approx(0.05)
    assert world.sites.owner[0] == 1
    world.ledger.check()


def test_a_common_price_is_shared_out_by_megawatts(world):
    world.add_sites(1, 300.0)
    transfer_sites(world, np.array([0, 3]), 2, 40.0)
    np.testing.assert_allclose(world.firms.cash, [110, 130, 60])
    world.ledger.check()


def test_leases_loans_and_prepayments_go_with_the_site(world):
    site = world.add_sites(0, 300.0)[0]
    lease = world.add_lease(site, status=LeaseStatus.BUILDING, project_debt=30.0, prepaid=8.0, capex=90.0)
    before = world.firms.capital[2] + world.firms.earnings[2]
    transfer_sites(world, np.array([site]), 2, np.array([25.0]))
    assert world.leases.landlord[lease] == 2
    np.testing.assert_allclose(world.firms.project_debt, [0, 0, 30])
    np.testing.assert_allclose(world.firms.prepayment, [0, 0, 8])
    # Whoever buys at a price gains and loses nothing by it.
    assert world.firms.capital[2] + world.firms.earnings[2] == pytest.approx(before)
    world.ledger.check()


def test_a_loan_that_outlived_its_tenant_still_belongs_to_the_site(world):
    site = world.add_sites(0, 300.0)[0]
    lease = world.add_lease(site, project_debt=30.0)
    world.leases.status[lease] = LeaseStatus.ENDED
    transfer_sites(world, np.array([site]), 1, 0.0)
    assert world.leases.landlord[lease] == 1
    assert world.firms.project_debt[1] == pytest.approx(30.0)


def test_hosted_megawatts_go_back_idle_to_the_host(world):
    row = world.add_sites(0, 10.0, hash_eh_s=0.5, host_site=1, tenure=Tenure.HOSTED)[0]
    return_hosted_mw(world, np.array([row]))
    assert (world.sites.secured_mw[row], world.sites.hash[row].sum(), world.sites.owner[row]) == (0, 0, -1)
    assert (world.sites.idle_mw[1], world.sites.energised_mw[1], world.sites.secured_mw[1]) == (10, 110, 110)


def test_hosted_megawatts_without_a_host_are_released(world):
    row = world.add_sites(0, 10.0, hash_eh_s=0.5, tenure=Tenure.HOSTED)[0]
    return_hosted_mw(world, np.array([row]))
    assert world.sites.secured_mw[row] == 0.0
    assert world.recorder.of("released")[0]["mw"] == 10.0


def test_released_megawatts_are_nobodys_and_said_so(world):
    world.orders[2, 0] = 1.0
    release_sites(world, np.array([0]), "no buyer")
    assert world.sites.owner[0] == -1
    assert world.orders.sum() == 0.0
    assert world.recorder.of("released")[0]["reason"] == "no buyer"

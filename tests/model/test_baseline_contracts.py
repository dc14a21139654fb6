"""Contracts signed before the start stand on megawatts of their miner."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from agents.tables import NEVER, LeaseStatus, Product
from model.baseline import build_baseline
from model.baseline_tables import SHIPPED, BaselineError
from model.scenario import Scenario
from model.streams import Streams


@pytest.fixture(scope="module")
def baseline():
    return build_baseline(Scenario(), Streams(1))


def let(baseline, ticker: str) -> dict[str, float]:
    """Return gross megawatts let by site of a miner."""
    leases, result = baseline.leases, {}
    for site, mw in zip(leases.site, leases.gross_mw, strict=True):
        name = baseline.site_names[site]
        if name.startswith(ticker):
            result[name.removeprefix(ticker + " ")] = result.get(name.removeprefix(ticker + " "), 0) + mw
    return result


def with_folder(folder: Path) -> Scenario:
    return Scenario().with_values(**{"population.data_folder": str(folder)})


def test_contracts_lie_on_the_sites_they_name(baseline):
    assert let(baseline, "WULF") == pytest.approx(
        {
            "Lake Mariner Core42 halls": 72.5,
            "Lake Mariner CB-3 to CB-5": 432.5,
            "Lake Mariner mining": 17.5,
            "Abernathy JV": 240,
        }
    )
    assert let(baseline, "CORZ")["Muskogee"] == 100
    assert let(baseline, "CORZ")["Denton and Austin"] == pytest.approx(414)


def test_machines_on_let_land_run_on_until_new_power_comes(baseline):
    """The contracts cover megawatts that still mine; they wait for pipelines of the same miner instead."""
    assert let(baseline, "IREN")["Sweetwater 1"] > 100
    sites = dict(zip(baseline.site_names, baseline.sites.mining_mw, strict=True))
    assert sites["CIFR Black Pearl"] == pytest.approx(150)
    assert baseline.sites.hash[baseline.sites.owner == 0].sum() == pytest.approx(50)


def test_critical_load_follows_the_contract(baseline):
    leases = baseline.leases
    amazon = leases.tenant == baseline.hyperscaler_names.index("Amazon")
    assert leases.it_mw[amazon].sum() == pytest.approx(210)
    assert leases.gross_mw[amazon].sum() == pytest.approx(300)
    corz = leases.landlord == 3
    assert leases.it_mw[corz].sum() == pytest.approx(590)
    assert (leases.rent * leases.it_mw * leases.term / 12)[corz].sum() == pytest.approx(10200)


def test_a_contract_signed_after_the_balance_sheets_is_left_out(baseline):
    cipher = baseline.leases.landlord == 1
    assert baseline.leases.it_mw[cipher].sum() == pytest.approx(168 + 210)


def test_nothing_is_delivered_without_power(baseline):
    leases, sites = baseline.leases, baseline.sites
    delivering = leases.status == LeaseStatus.DELIVERING
    assert np.all(leases.delivery[delivering] <= 0)
    converted = np.bincount(leases.site[delivering], leases.gross_mw[delivering], minlength=len(sites))
    assert np.all(converted <= sites.energised_mw + 1e-9)
    waiting = ~delivering & (sites.energisation[leases.site] < NEVER)
    powerless = waiting & (sites.energised_mw[leases.site] == 0)
    assert np.all(leases.delivery[powerless] >= sites.energisation[leases.site[powerless]])


def test_builds_are_paid_for_as_far_as_they_are(baseline):
    leases = baseline.leases
    delivering = leases.status == LeaseStatus.DELIVERING
    assert leases.capex_spent[delivering] == pytest.approx(leases.capex[delivering])
    assert np.all(leases.capex_spent[~delivering] < leases.capex[~delivering])
    assert np.all(leases.capex_spent[leases.signed == 0] == 0)


def test_the_tenant_share_of_a_build_is_not_the_landlords(baseline):
    leases = baseline.leases
    core = leases.landlord == 3
    assert leases.capex[core] == pytest.approx(0.2 * 10.5 * leases.it_mw[core])


def test_a_prepayment_is_cash_and_a_debt_to_the_tenant(baseline):
    firms, leases = baseline.firms, baseline.leases
    assert firms.prepayment[0] == pytest.approx(0.2 * 9700)
    assert firms.cash[0] == pytest.approx(1800 + 0.2 * 9700)
    assert leases.prepaid.sum() == pytest.approx(firms.prepayment.sum())
    assert set(leases.product[leases.prepaid > 0]) == {Product.CLOUD}


def test_reserved_cash_takes_the_place_of_loans(baseline):
    leases, firms = baseline.leases, baseline.firms
    left = np.bincount(leases.landlord, leases.capex - leases.capex_spent, minlength=len(firms))
    wulf, iren = leases.landlord == 9, leases.landlord == 0
    covered = firms.restricted_cash[9] / left[9]
    backed = wulf & leases.backstop
    assert leases.loan_share[backed] == pytest.approx(0.8 * (1 - covered))
    prepaid = leases.prepaid[iren].sum() / leases.capex[iren].sum()
    assert prepaid > 0.1
    assert leases.loan_share[iren] == pytest.approx(0.8 * (1 - prepaid))


def test_a_backstop_makes_a_neocloud_as_safe_as_its_guarantor(baseline):
    leases, ai = baseline.leases, Scenario().ai
    others = leases.tenant == baseline.hyperscaler_names.index("Other neoclouds")
    assert set(leases.default_hazard[others & leases.backstop]) == {ai.default_investment_grade}
    assert set(leases.default_hazard[others & ~leases.backstop]) == {ai.default_high_yield}


def test_without_debt_nothing_is_borrowed():
    free = Scenario().with_values(**{"finance.debt_enabled": False})
    built = build_baseline(free, Streams(1))
    assert not built.leases.loan_share.any()
    assert not built.firms.corporate_debt.any()
    assert np.all(built.firms.maturity == NEVER)


def test_a_contract_too_large_for_its_miner_is_refused(tmp_path: Path):
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "data"))
    path = folder / "ai_contracts.csv"
    path.write_text(path.read_text().replace("ERCOT,300,200,5,9700", "ERCOT,9300,200,5,9700"))
    with pytest.raises(BaselineError, match=r"ai_contracts.csv line 15, column gross_mw: 9300 MW do not fit"):
        build_baseline(with_folder(folder), Streams(1))


def test_an_unknown_tenant_belongs_to_its_class(tmp_path: Path):
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "data"))
    path = folder / "ai_contracts.csv"
    path.write_text(path.read_text().replace("IREN,Microsoft", "IREN,Somebody"))
    built = build_baseline(with_folder(folder), Streams(1))
    tenant = built.leases.tenant[built.leases.landlord == 0]
    assert {built.hyperscaler_names[row] for row in tenant} == {"Other cloud and enterprise"}

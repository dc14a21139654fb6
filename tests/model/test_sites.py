import numpy as np
import pytest

from agents.tables import USES, LeaseStatus, Product, Status, Tenure
from model.options import product_terms
from model.sites import advance_leases, lapse_hosting, take_megawatts, upgrade_sites, vacate
from model.streams import Streams

SURE = {"leases.slip_probability": 0.0}
DOOMED = 1e9
"""A hazard that no tenant survives a month of."""


def make(new_world, **scenario):
    """Return a world of two landlords with a site of 200 MW each, and three tenants."""
    world = new_world(**scenario)
    world.add_firms(2, cash=100.0, machines=80.0, property=60.0, listed=True)
    world.add_sites(np.arange(2), 200.0)
    world.hyperscalers.add(3, {"slot": np.arange(3) + 50})
    world.leases.tenant[:] = 0
    return world


def uses(world, site=0):
    return {name: float(getattr(world.sites, name)[site]) for name in USES}


def add_up(world):
    total = sum(getattr(world.sites, name) for name in USES)
    return np.allclose(total, world.sites.secured_mw)


def test_a_block_takes_idle_megawatts_first_and_leaves_the_machines(new_world):
    world = make(new_world)
    site = int(world.add_sites(0, 100.0, hash_eh_s=3.0, idle_mw=40.0, mining_mw=60.0)[0])
    before = world.sites.hash[site].copy()
    take_megawatts(world, site, 40.0, from_pipeline=False)
    assert uses(world, site) == uses(world, site) | {"idle_mw": 0.0, "mining_mw": 60.0, "building_mw": 40.0}
    assert (world.sites.hash[site] == before).all()
    assert world.ledger.flows.get("machine sales", 0.0) == 0.0


def test_a_block_that_needs_mining_megawatts_sells_the_machines_on_them(new_world):
    world = make(new_world, **{"power.pue_mining": 1.0, "bitcoin.machine_resale": 0.5})
    site = int(world.add_sites(0, 90.0, hash_eh_s=6.0, idle_mw=0.0, mining_mw=90.0)[0])
    world.ledger.set_opening_capital(np.array([0]))
    take_megawatts(world, site, 60.0, from_pipeline=False)
    assert uses(world, site)["mining_mw"] == 30.0
    assert world.sites.hash[site, 0] == pytest.approx(2.0)
    assert world.ledger.flows["machine sales"] == pytest.approx(4.0 * world.machine_price[0] * 0.5)
    assert world.firms.cash[0] == pytest.approx(100.0 + 4.0 * world.machine_price[0] * 0.5)
    assert world.firms.machines[0] == pytest.approx(80.0 * 2.0 / 6.0)
    assert add_up(world)


def test_a_pipeline_block_touches_neither_machines_nor_energised_megawatts(new_world):
    world = make(new_world)
    site = int(world.add_sites(0, 100.0, hash_eh_s=3.0, pipeline_mw=80.0, secured_mw=180.0)[0])
    before = uses(world, site)
    take_megawatts(world, site, 50.0, from_pipeline=True)
    assert uses(world, site) == before | {"pipeline_mw": 30.0, "building_mw": 50.0}
    assert add_up(world)


def test_a_build_that_never_slips_delivers_on_its_day(new_world):
    world = make(new_world, **SURE)
    row = world.add_lease(0, 100.0, status=LeaseStatus.BUILDING, delivery=5)
    for world.month in range(1, 5):
        advance_leases(world)
        assert world.leases.status[row] == LeaseStatus.BUILDING
    world.month = 5
    advance_leases(world)
    assert world.leases.status[row] == LeaseStatus.DELIVERING
    assert world.recorder.of("delivered")[0]["mw"] == [100.0]
    assert add_up(world)


@pytest.mark.parametrize(
    ("product", "use"),
    [
        (Product.SHELL, "subleased_mw"),
        (Product.COLOCATION, "converted_mw"),
        (Product.CLOUD, "converted_mw"),
    ],
)
def test_a_shell_is_let_on_and_a_hall_is_converted(new_world, product, use):
    world = make(new_world, **SURE)
    world.add_lease(0, 100.0, status=LeaseStatus.BUILDING, delivery=1, product=product)
    world.month = 1
    advance_leases(world)
    assert uses(world)[use] == 100.0
    assert uses(world)["building_mw"] == 0.0


def test_two_builds_at_one_site_deliver_each_on_its_own_day(new_world):
    world = make(new_world, **SURE)
    for mw, month in ((30.0, 1), (50.0, 1), (70.0, 2)):
        world.add_lease(0, mw, status=LeaseStatus.BUILDING, delivery=month)
    world.month = 1
    advance_leases(world)
    assert (uses(world)["converted_mw"], uses(world)["building_mw"]) == (80.0, 70.0)
    world.month = 2
    advance_leases(world)
    assert (uses(world)["converted_mw"], uses(world)["building_mw"]) == (150.0, 0.0)


def test_a_slip_puts_delivery_off_and_leaves_the_promise(new_world):
    world = make(new_world, **{"leases.slip_probability": 0.99, "leases.slip_months": 1})
    row = world.add_lease(0, 100.0, status=LeaseStatus.BUILDING, delivery=5, promised=5)
    world.month = 1
    advance_leases(world)
    assert world.leases.delivery[row] == 6
    assert world.leases.promised[row] == 5


def test_a_build_that_is_due_slips_no_more(new_world):
    world = make(new_world, **{"leases.slip_probability": 0.99, "leases.slip_months": 1})
    row = world.add_lease(0, 100.0, status=LeaseStatus.BUILDING, delivery=5)
    world.month = 5
    advance_leases(world)
    assert world.leases.status[row] == LeaseStatus.DELIVERING


def test_builds_take_as_long_on_average_as_owners_reckon_with(new_world):
    world = make(new_world)
    planned, builds = world.scenario.leases.colocation_lead, 400
    rows = world.add_sites(np.zeros(builds, dtype=int), 10.0)
    for site in rows:
        world.add_lease(site, 10.0, status=LeaseStatus.BUILDING, delivery=planned, signed=0)
    for world.month in range(1, 120):
        advance_leases(world)
    assert (world.leases.status == LeaseStatus.DELIVERING).all()
    reckoned = 12.0 * product_terms(world.scenario).lead[1]
    assert world.leases.delivery.mean() == pytest.approx(reckoned, rel=0.05)


def test_a_lease_on_coming_megawatts_waits_for_the_power(new_world):
    world = make(new_world, **SURE)
    row = world.add_lease(0, 100.0, status=LeaseStatus.BUILDING, delivery=1, on_pipeline=True)
    world.sites.pipeline_start_mw[0] = 100.0
    for world.month in (1, 2, 3):
        advance_leases(world)
        assert world.leases.status[row] == LeaseStatus.BUILDING
        assert world.leases.delivery[row] == world.month + 1
    world.sites.pipeline_start_mw[0] = 0.0
    world.month = 4
    advance_leases(world)
    assert world.leases.status[row] == LeaseStatus.DELIVERING
    assert world.leases.delivery[row] == 4


def test_a_lease_on_energised_megawatts_does_not_wait_for_the_pipeline_next_to_it(new_world):
    world = make(new_world, **SURE)
    row = world.add_lease(0, 100.0, status=LeaseStatus.BUILDING, delivery=1)
    world.sites.pipeline_start_mw[0] = 100.0
    world.month = 1
    advance_leases(world)
    assert world.leases.status[row] == LeaseStatus.DELIVERING


def test_a_lease_ends_with_its_term_and_leaves_an_empty_hall(new_world):
    world = make(new_world, **SURE)
    row = world.add_lease(0, 100.0, delivery=0, term=12)
    world.month = 11
    advance_leases(world)
    assert world.leases.status[row] == LeaseStatus.DELIVERING
    world.month = 12
    advance_leases(world)
    assert world.leases.status[row] == LeaseStatus.ENDED
    assert uses(world)["idle_mw"] == 200.0
    assert world.sites.fitted_it_mw[0] == pytest.approx(world.leases.it_mw[row])
    assert len(world.recorder.of("lease ended")) == 1


def test_a_shell_leaves_no_hall_behind(new_world):
    world = make(new_world)
    row = world.add_lease(0, 100.0, product=Product.SHELL, status=LeaseStatus.BUILDING, delivery=0)
    advance_leases(world)
    vacate(world, np.array([row]), LeaseStatus.ENDED)
    assert uses(world)["idle_mw"] == 200.0
    assert uses(world)["subleased_mw"] == 0.0
    assert world.sites.fitted_it_mw[0] == 0.0


def test_a_broken_build_gives_its_megawatts_back_without_a_hall(new_world):
    world = make(new_world)
    row = world.add_lease(0, 100.0, status=LeaseStatus.BUILDING)
    vacate(world, np.array([row]), LeaseStatus.LANDLORD_DEFAULT)
    assert uses(world) == dict.fromkeys(USES, 0.0) | {"idle_mw": 200.0}
    assert world.sites.fitted_it_mw[0] == 0.0
    assert world.leases.status[row] == LeaseStatus.LANDLORD_DEFAULT
    assert len(world.recorder.of("lease broken")) == 1


def test_megawatts_that_are_still_to_come_go_back_to_the_pipeline(new_world):
    world = make(new_world)
    row = world.add_lease(0, 100.0, status=LeaseStatus.BUILDING, on_pipeline=True)
    world.sites.pipeline_start_mw[0] = 100.0
    idle = uses(world)["idle_mw"]
    vacate(world, np.array([row]), LeaseStatus.LANDLORD_DEFAULT)
    assert uses(world)["pipeline_mw"] == 100.0
    assert uses(world)["idle_mw"] == idle
    assert add_up(world)


def test_several_leases_of_a_site_are_given_back_together(new_world):
    world = make(new_world)
    rows = [world.add_lease(0, mw) for mw in (30.0, 50.0)]
    vacate(world, np.array(rows), LeaseStatus.ENDED)
    assert uses(world)["idle_mw"] == 200.0
    assert world.sites.fitted_it_mw[0] == pytest.approx(80.0 * 0.68)


def test_ending_no_lease_changes_and_says_nothing(new_world):
    world = make(new_world)
    vacate(world, np.zeros(0, dtype=int), LeaseStatus.ENDED)
    assert world.recorder == []


def test_a_tenant_defaults_on_all_its_leases_or_on_none(new_world):
    world = make(new_world, **SURE)
    yearly = {"default_hazard": 12.0, "term": 10_000}
    rows = np.array([[world.add_lease(site, 20.0, tenant=t, **yearly) for site in (0, 1)] for t in range(3)])
    broken = set()
    for seed in range(12):
        world.streams = Streams(seed)
        world.leases.status = LeaseStatus.DELIVERING
        world.sites.converted_mw = 60.0
        advance_leases(world)
        gone = world.leases.status[rows] == LeaseStatus.TENANT_DEFAULT
        assert (gone[:, 0] == gone[:, 1]).all()
        broken |= set(gone[:, 0].tolist())
    assert broken == {True, False}


def test_a_guaranteed_lease_survives_its_tenant(new_world):
    world = make(new_world, **SURE)
    free = world.add_lease(0, 50.0, default_hazard=DOOMED)
    guaranteed = world.add_lease(1, 50.0, default_hazard=DOOMED, backstop=True)
    world.month = 1
    advance_leases(world)
    assert world.leases.status[free] == LeaseStatus.TENANT_DEFAULT
    assert world.leases.status[guaranteed] == LeaseStatus.DELIVERING
    assert uses(world, 1)["converted_mw"] == 50.0
    assert len(world.recorder.of("tenant default")) == 1


def test_tenants_default_while_their_halls_are_still_built(new_world):
    world = make(new_world, **SURE)
    row = world.add_lease(0, 50.0, status=LeaseStatus.BUILDING, delivery=9, default_hazard=DOOMED)
    world.month = 1
    advance_leases(world)
    assert world.leases.status[row] == LeaseStatus.TENANT_DEFAULT
    assert uses(world)["idle_mw"] == 200.0
    assert world.sites.fitted_it_mw[0] == 0.0


def test_tenants_without_hazard_never_default_not_even_in_a_bust(new_world):
    world = make(new_world, **SURE)
    row = world.add_lease(0, 50.0, default_hazard=0.0, term=1000)
    world.scratch["tenant_hazard_factor"] = 10.0
    for world.month in range(1, 100):
        advance_leases(world)
    assert world.leases.status[row] == LeaseStatus.DELIVERING


def test_a_lease_that_is_over_cannot_be_defaulted_on(new_world):
    world = make(new_world, **SURE)
    row = world.add_lease(0, 50.0, default_hazard=DOOMED, term=1)
    world.month = 1
    advance_leases(world)
    assert world.leases.status[row] == LeaseStatus.ENDED
    assert world.recorder.of("tenant default") == []


def hosted(new_world, months_off):
    world = make(new_world, **{"power.hosting_notice_months": 6, "bitcoin.machine_resale": 0.5})
    values = {"tenure": Tenure.HOSTED, "host_site": 1, "months_off": months_off}
    guest = int(world.add_sites(0, 40.0, hash_eh_s=2.0, **values)[0])
    return world, guest


def test_hosting_goes_on_until_the_machines_have_stood_still_for_the_notice(new_world):
    world, guest = hosted(new_world, months_off=5.0)
    lapse_hosting(world)
    assert world.sites.owner[guest] == 0
    assert world.sites.hash[guest].sum() == 2.0


def test_when_hosting_lapses_the_machines_are_sold_and_the_host_has_its_megawatts(new_world):
    world, guest = hosted(new_world, months_off=6.0)
    secured = world.sites.secured_mw.sum()
    lapse_hosting(world)
    assert world.sites.owner[guest] == -1
    assert world.sites.hash[guest].sum() == 0.0
    assert world.sites.secured_mw[guest] == 0.0
    assert world.sites.secured_mw[1] == 240.0
    assert uses(world, 1)["idle_mw"] == 240.0
    assert world.sites.secured_mw.sum() == secured
    assert world.firms.cash[0] == pytest.approx(100.0 + 0.5 * 2.0 * world.machine_price[0])
    assert world.recorder.of("hosting ended")[0]["mw"] == [40.0]
    assert add_up(world)


def test_machines_at_home_stand_still_for_as_long_as_they_like(new_world):
    world = make(new_world)
    site = int(world.add_sites(0, 40.0, hash_eh_s=2.0, months_off=500.0)[0])
    lapse_hosting(world)
    assert world.sites.owner[site] == 0


def upgradable(new_world, rate=10.0, **values):
    """Return whether a site becomes fit for AI within eight years, and its world."""
    world = make(new_world, **{"choice.upgrade_rate": rate})
    start = {"convertible": False, "site_count": 1.0, "tenure": Tenure.OWNED}
    site = int(world.add_sites(0, 50.0, **(start | values))[0])
    for world.month in range(96):
        upgrade_sites(world)
    return bool(world.sites.convertible[site]), world


def test_a_large_site_becomes_fit_for_ai_and_says_so(new_world):
    fit, world = upgradable(new_world)
    assert fit
    assert [event["mw"] for event in world.recorder.of("fit for AI")] == [[50.0]]


def test_nothing_becomes_fit_without_upgrades(new_world):
    assert not upgradable(new_world, rate=0.0)[0]


@pytest.mark.parametrize(
    "values",
    [
        {"us": False},
        {"tenure": Tenure.HOSTED},
        {"site_count": 3.0},
        {"secured_mw": 19.0},
    ],
)
def test_small_foreign_and_hosted_sites_are_not_upgraded(new_world, values):
    assert not upgradable(new_world, **values)[0]


def test_a_lease_runs_on_while_its_landlord_reorganises(new_world):
    world = make(new_world, **SURE)
    row = world.add_lease(0, 50.0, term=3)
    world.firms.status[0] = Status.CHAPTER11
    world.month = 2
    advance_leases(world)
    assert world.leases.status[row] == LeaseStatus.DELIVERING
    world.month = 3
    advance_leases(world)
    assert world.leases.status[row] == LeaseStatus.ENDED

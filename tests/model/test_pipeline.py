"""Pipelines energise when due or slip by a quarter, and no megawatt is lost either way."""

from types import SimpleNamespace

import numpy as np
import pytest

from agents.tables import USES, LeaseStatus, Stage
from model.pipeline import energise
from model.streams import Streams


@pytest.fixture
def site_world(new_world):
    """Return a function that makes sites of 100 MW with 50 MW of pipeline due this month."""

    def make(count, stage=Stage.APPROVED, **scenario):
        world = new_world(**scenario)
        world.add_firms(1, cash=1e6)
        pipeline = {"pipeline_mw": 50.0, "pipeline_start_mw": 50.0, "energisation": 0, "stage": stage}
        world.add_sites(np.zeros(count, dtype=int), 100.0, **pipeline)
        world.sites.secured_mw = 150.0
        world.sites.new_mine_value = 1.0
        world.streams = Streams(1)
        world.grid = SimpleNamespace(headroom=np.zeros(2))
        world.regions = [0, 1]
        return world

    return make


def balance(sites):
    return sum(getattr(sites, use) for use in USES) - sites.secured_mw


@pytest.mark.parametrize(
    ("stage", "chance"),
    [(Stage.OPERATING, 0.0), (Stage.CONSTRUCTION, 0.15), (Stage.APPROVED, 0.4), (Stage.OPTION, 0.75)],
)
def test_the_stage_says_how_often_a_due_pipeline_slips(site_world, stage, chance):
    world = site_world(2000, stage)
    energise(world)
    late = world.sites.energised_mw == 100.0
    assert late.mean() == pytest.approx(chance, abs=0.04)
    assert (world.sites.energisation[late] == 3).all()
    assert (world.sites.energisation[~late] == 0).all()


def test_energised_megawatts_are_idle_and_all_megawatts_stay(site_world):
    world = site_world(10, Stage.OPERATING)
    energise(world)
    sites = world.sites
    assert (sites.energised_mw == 150.0).all()
    assert (sites.idle_mw == 150.0).all()
    assert not sites.pipeline_mw.any()
    assert balance(sites) == pytest.approx(0.0)
    assert world.recorder.of("energised")[0]["mw"].sum() == pytest.approx(500.0)
    energise(world)
    assert (sites.energised_mw == 150.0).all()


def test_a_slip_puts_off_the_leases_on_the_pipeline_and_no_others(site_world):
    world = site_world(1, Stage.OPTION, **{"power.pipeline_slip_option": 1.0})
    early = world.add_lease(0, 30.0, LeaseStatus.BUILDING, delivery=1)
    on_pipeline = world.add_lease(0, 40.0, LeaseStatus.BUILDING, delivery=2)
    world.leases.on_pipeline[on_pipeline] = True
    world.sites.idle_mw[0] += 40.0
    world.sites.pipeline_mw[0] -= 40.0
    energise(world)
    assert world.sites.energisation[0] == 3
    assert world.leases.delivery[early] == 1
    assert world.leases.delivery[on_pipeline] == 3
    assert balance(world.sites) == pytest.approx(0.0)


def test_priority_for_ai_pushes_back_miners_and_leaves_the_queue_what_they_would_have_taken(site_world):
    world = site_world(2000, Stage.OPERATING, **{"power.ai_priority": 0.5})
    energise(world)
    late = world.sites.energised_mw == 100.0
    assert late.mean() == pytest.approx(0.5, abs=0.04)
    assert world.grid.headroom.sum() == pytest.approx(50.0 * late.sum())


def test_megawatts_let_to_ai_are_not_pushed_back(site_world):
    world = site_world(50, Stage.OPERATING, **{"power.ai_priority": 1.0})
    world.sites.pipeline_mw = 0.0
    world.sites.building_mw = 50.0
    energise(world)
    assert (world.sites.energised_mw == 150.0).all()


def test_released_sites_and_later_pipelines_are_left_alone(site_world):
    world = site_world(2, Stage.OPERATING)
    world.sites.owner[0] = -1
    world.sites.energisation[1] = 1
    energise(world)
    assert (world.sites.energised_mw == 100.0).all()

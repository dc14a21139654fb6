"""Statistics of the claims on worlds where the answer is known: for, against, or nobody can tell."""

import numpy as np
import pandas as pd
import pytest

from experiments.claims.clusters import number_of_clusters
from experiments.claims.evidence import Evidence
from experiments.claims.foresight import ATTRIBUTES, WILLINGNESS, foresight_lost
from experiments.claims.rules import CONTRADICTED, OPEN, SUPPORTED, Estimate, joined, judge, rules
from experiments.claims.statistics import STATISTICS, explained
from experiments.claims.verdicts import estimate, thirds

DRAWS = 40
TESTS = {test.name: test for claim in rules().claims for test in claim.tests}
WAITS = {"one_half_waits": 0, "other_half_waits": 1}


def evidence(runs=None, firms=None, sites=None, inputs=None):
    empty = pd.DataFrame({"draw": [], "arm": []})
    tables = [table if table is not None else empty for table in (runs, firms, sites)]
    return Evidence(*tables, inputs if inputs is not None else pd.DataFrame(index=range(DRAWS)), 86)


def runs(seed=0, **arms):
    """Return a row a draw and arm; outcomes are given by their mean and sd."""
    draw = np.random.default_rng(seed)
    frames = []
    for arm, outcomes in arms.items():
        columns = {name: draw.normal(mean, sd, DRAWS) for name, (mean, sd) in outcomes.items()}
        frames.append(pd.DataFrame({"arm": arm, "draw": range(DRAWS)} | columns))
    return pd.concat(frames, ignore_index=True)


def firms(change, arms=("reference",), count=40, seed=0):
    """Return the firms of the first month in every run; `change` fills what a test is about."""
    draw, frames = np.random.default_rng(seed), []
    for place, arm in enumerate(arms):
        for number in range(DRAWS):
            mw = np.geomspace(2, 500, count)
            frame = pd.DataFrame(
                {"arm": arm, "draw": number, "run": 1000 * place + number}
                | {"firm": [f"firm {row}" for row in range(count)], "kind": "listed", "energised_mw": mw}
                | {"grid_share": (np.arange(count) % 2).astype(float), "own_share": 0.0, "fit_mw": 100.0}
                | {
                    "contracted_share": 0.0,
                    "duration": 86,
                    "exit_month": -1,
                    "gone": False,
                    "follows": "logit",
                }
                | {
                    f"{use}_mw_2028": 0.0
                    for use in ("idle", "building", "subleased", "converted", "pipeline")
                }
                | {
                    "mining_mw_2028": mw,
                    "hash_eh_s_2028": 1.0,
                    "enterprise_value_2028": 1.0,
                    "equity_end": 1.0,
                }
            )
            frames.append(change(frame, arm, draw))
    return pd.concat(frames, ignore_index=True)


def verdict(name, found):
    statistic = STATISTICS[name]
    return judge(TESTS[name], estimate(statistic, statistic.rows(found)), rules().fewest_draws)


def gap_of(open_gw, sd=1.0):
    usual = {"demand_2028": (65.0, 0.0), "grid_2028": (20.0, 0.0)}
    arms = ("reference", "queue_reform", "onsite_power")
    outside = dict(zip(arms, (45.0 - gw for gw in open_gw), strict=True))
    return evidence(runs(**{arm: usual | {"outside_2028": (outside[arm], sd)} for arm in arms}))


@pytest.mark.parametrize(
    ("open_gw", "sd", "expected"),
    [((44, 40, 35), 1.0, SUPPORTED), ((44, 40, 5), 1.0, CONTRADICTED), ((44, 40, 22), 3.0, OPEN)],
)
def test_a_gap_is_rigid_only_if_no_arm_closes_half_of_it(open_gw, sd, expected):
    assert verdict("open_share", gap_of(open_gw, sd)) == expected


def valued_by(what):
    def change(frame, arm, draw):
        value = frame["energised_mw"] * draw.lognormal(0, 0.2, len(frame))
        other = draw.random(len(frame))
        own, hash_ = (value, other) if what == "megawatts" else (other, value)
        if what == "either":
            own, hash_ = value, value * draw.lognormal(0, 0.01, len(frame))
        return frame.assign(enterprise_value_2028=value, mining_mw_2028=own, hash_eh_s_2028=hash_)

    return evidence(firms=firms(change))


@pytest.mark.parametrize(
    ("what", "expected"), [("megawatts", SUPPORTED), ("hash", CONTRADICTED), ("either", OPEN)]
)
def test_value_follows_what_it_was_made_from(what, expected):
    if what == "either":
        found = estimate(
            STATISTICS["megawatts_over_hash"], STATISTICS["megawatts_over_hash"].rows(valued_by(what))
        )
        assert abs(found.value) < 0.01
    else:
        assert verdict("megawatts_over_hash", valued_by(what)) == expected


@pytest.mark.parametrize(("weight", "expected"), [(0.0, SUPPORTED), (5.0, CONTRADICTED), (1.3, OPEN)])
def test_the_price_of_bitcoin_explains_value_as_far_as_it_made_it(weight, expected):
    table = runs(reference={"btc_2028": (10.0, 1.0), "value_2028": (0.0, 1.0)})
    table["value_2028"] += weight * table["btc_2028"]
    assert verdict("explained_by_btc", evidence(table)) == expected


def leaving(months, sd):
    """Let small firms that only buy from the grid leave so much earlier than all others."""

    def change(frame, arm, draw):
        small = frame["energised_mw"] <= frame["energised_mw"].median()
        early = small & (frame["grid_share"] == 1)
        stay = 60 + draw.normal(0, sd) * early + draw.normal(0, 1, len(frame)) - months * early
        return frame.assign(duration=stay)

    return evidence(firms=firms(change))


@pytest.mark.parametrize(
    ("months", "sd", "expected"), [(10, 1, SUPPORTED), (-10, 1, CONTRADICTED), (1, 20, OPEN)]
)
def test_who_exits_first_is_who_stays_shortest(months, sd, expected):
    assert verdict("exit_lead", leaving(months, sd)) == expected


def test_a_lead_is_over_the_group_that_leaves_next_and_not_over_the_rest():
    def change(frame, arm, draw):
        small, grid = frame["energised_mw"] <= frame["energised_mw"].median(), frame["grid_share"] == 1
        stay = np.where(small, np.where(grid, 40.0, 42.0), 80.0) + draw.normal(0, 0.1, len(frame))
        return frame.assign(duration=stay)

    found = evidence(firms=firms(change))
    assert estimate(STATISTICS["exit_lead"], STATISTICS["exit_lead"].rows(found)).value == pytest.approx(
        2, abs=0.2
    )


def test_chance_shortens_the_lead_over_the_least_of_three_groups_that_leave_together():
    lead = STATISTICS["exit_lead"].combined
    draw = np.random.default_rng(0)
    leads = {sd: np.mean([lead(draw.normal(60.0, sd, (DRAWS, 4))) for _ in range(400)]) for sd in (1.0, 10.0)}
    assert leads[10.0] < leads[1.0] < 0.0


def let_by(what, share=0.9):
    """Return sites that are let by their size, or by their owners' patience, or by the toss of a coin."""
    draw = np.random.default_rng(0)
    inputs = pd.DataFrame({name: draw.random(DRAWS) for name in WILLINGNESS}, index=range(DRAWS))
    count = 30
    numbers = np.repeat(np.arange(DRAWS), count)
    sites = pd.DataFrame({name: draw.random(len(numbers)) for name in ATTRIBUTES}).assign(
        draw=numbers, arm="reference", region="ERCOT", stage="operating", tenure="owned", contract="grid",
        secured_mw=draw.uniform(10, 400, len(numbers)), months_to_power=-1,
    )  # fmt: skip
    by_size = sites["secured_mw"] > 205
    by_owner = inputs["choice.review"].to_numpy()[numbers] > 0.5
    mixed = np.where(
        draw.random(len(numbers)) < share, by_size if what == "size" else by_owner, draw.random() < 0.5
    )
    if what == "chance":
        mixed = draw.random(len(numbers)) < 0.5
    return evidence(sites=sites.assign(let_mw_2028=100.0 * mixed), inputs=inputs)


@pytest.mark.parametrize(("what", "expected"), [("size", SUPPORTED), ("owner", CONTRADICTED)])
def test_what_decides_is_what_decided(what, expected):
    assert verdict("attributes_share", let_by(what)) == expected


def test_chance_decides_for_neither():
    lost = STATISTICS["attributes_share"].rows(let_by("chance"))
    assert abs(lost.to_numpy().mean()) < 0.02


def test_sites_that_cannot_be_offered_do_not_count():
    found = let_by("size")
    found.sites["stage"] = "option"
    assert STATISTICS["attributes_share"].rows(found).empty


def test_too_few_draws_leave_nothing_to_judge_foresight_by():
    found = let_by("size")
    sites = found.sites.loc[found.sites["draw"] < 4]
    assert foresight_lost(sites.assign(let=sites["let_mw_2028"] > 0), found.inputs).empty


@pytest.mark.parametrize(
    ("value", "sd", "expected"), [(6.0, 0.5, SUPPORTED), (3.0, 0.5, CONTRADICTED), (5.19, 0.5, OPEN)]
)
def test_a_shell_is_worth_what_is_claimed_only_inside_the_two_figures(value, sd, expected):
    assert verdict("shell_value", evidence(runs(reference={"shell_value": (value, sd)}))) == expected


def racing(gain, noise=0.05):
    """Give each firm the same worth either way but for the gain of moving early."""

    def change(frame, arm, draw):
        waits = np.arange(len(frame)) % 2 == WAITS[arm]
        worth = (
            frame["energised_mw"] * draw.lognormal(0, noise, len(frame)) * np.where(waits, 1.0, 1.0 + gain)
        )
        return frame.assign(equity_end=worth, follows=np.where(waits, "hesitant", "logit"))

    return evidence(firms=firms(change, tuple(WAITS)))


@pytest.mark.parametrize(("gain", "expected"), [(0.2, SUPPORTED), (-0.2, CONTRADICTED), (0.0, OPEN)])
def test_moving_early_is_worth_the_gain_it_was_given(gain, expected):
    found = racing(gain)
    assert verdict("early_over_late", found) == expected
    statistic = STATISTICS["early_over_late"]
    assert estimate(statistic, statistic.rows(found)).value == pytest.approx(gain, abs=0.03)


def test_who_moves_first_because_it_is_strong_is_no_advantage():
    """Firms differ a hundredfold and the strong are early in one arm: each is compared with itself only."""
    assert verdict("early_over_late", racing(0.0, noise=0.0)) == CONTRADICTED
    statistic = STATISTICS["early_over_late"]
    assert estimate(statistic, statistic.rows(racing(0.0, noise=0.0))).value == pytest.approx(0.0)


def dying(grid, own, sd=0.05):
    def change(frame, arm, draw):
        chance = np.where(frame["grid_share"] == 1, grid, own) + draw.normal(0, sd)
        left = draw.random(len(frame)) < chance
        return frame.assign(own_share=1.0 - frame["grid_share"], exit_month=np.where(left, 20, -1))

    return evidence(firms=firms(change))


@pytest.mark.parametrize(
    ("grid", "own", "doomed", "spared"),
    [
        (0.8, 0.3, SUPPORTED, SUPPORTED),
        (0.2, 0.6, CONTRADICTED, CONTRADICTED),
        (0.5, 0.5, OPEN, OPEN),
    ],
)
def test_grid_only_miners_are_doomed_if_most_go_and_spared_if_generators_stay(grid, own, doomed, spared):
    found = dying(grid, own)
    assert verdict("gone_grid_only", found) == doomed
    assert verdict("spared_by_generation", found) == spared


def test_who_leaves_after_2028_is_not_gone_by_2028():
    found = dying(1.0, 1.0)
    found.firms["exit_month"] = 60
    assert verdict("gone_grid_only", found) == CONTRADICTED


def squeezed(halving, ai, both, sd=0.02):
    chances = {
        "neither": 0.2,
        "no_ai": 0.2 + halving,
        "no_halving": 0.2 + ai,
        "reference": 0.2 + halving + ai + both,
    }

    def change(frame, arm, draw):
        return frame.assign(gone=draw.random(len(frame)) < chances[arm] + draw.normal(0, sd))

    return evidence(firms=firms(change, tuple(chances), count=100, seed=1))


@pytest.mark.parametrize(
    ("halving", "ai", "both", "expected"),
    [
        (0.2, 0.2, 0.2, (SUPPORTED, SUPPORTED, SUPPORTED)),
        (0.2, -0.1, 0.0, (SUPPORTED, CONTRADICTED, OPEN)),
        (0.3, 0.3, -0.2, (SUPPORTED, SUPPORTED, CONTRADICTED)),
    ],
)
def test_a_sandwich_is_read_off_the_two_by_two(halving, ai, both, expected):
    found = squeezed(halving, ai, both)
    judged = tuple(verdict(name, found) for name in ("halving_hurts", "ai_hurts", "together_more"))
    assert judged == expected


def grouped(groups, seed=0):
    """Return so many tight groups of points far apart."""
    draw = np.random.default_rng(seed)
    centres = 10.0 * np.array(
        [[np.cos(turn), np.sin(turn)] for turn in np.arange(groups) * 2 * np.pi / groups]
    )
    return np.concatenate([centre + draw.normal(0, 0.5, (40, 2)) for centre in centres])


@pytest.mark.parametrize("groups", [1, 2, 3, 4])
def test_as_many_clusters_are_found_as_were_made(groups):
    assert number_of_clusters(grouped(groups)) == groups


def test_evenly_spread_points_are_one_cluster():
    points = np.random.default_rng(1).random((150, 2))
    assert number_of_clusters(points) == 1


def test_points_that_do_not_differ_are_one_cluster_and_three_points_are_none():
    assert number_of_clusters(np.ones((30, 2))) == 1
    assert number_of_clusters(np.eye(3)) == 0


def layered(groups):
    uses = ("mining_mw_2028", "pipeline_mw_2028", "converted_mw_2028")

    def change(frame, arm, draw):
        frame = frame.assign(mining_mw_2028=0.0)
        for row in range(len(frame)):
            frame.loc[row, uses[row % groups]] = 50.0 * draw.lognormal(0, 0.05)
        return frame

    return evidence(firms=firms(change, count=60))


@pytest.mark.parametrize(("groups", "expected"), [(3, SUPPORTED), (2, CONTRADICTED)])
def test_three_strata_emerge_where_there_are_three(groups, expected):
    assert verdict("three_clusters", layered(groups)) == expected


@pytest.mark.parametrize(
    ("rise", "sd", "expected"), [(2.0, 0.5, SUPPORTED), (-2.0, 0.5, CONTRADICTED), (0.0, 0.5, OPEN)]
)
def test_hashprice_rises_if_it_is_higher_with_conversions(rise, sd, expected):
    table = runs(mine_only={"hashprice_2028": (20.0, 8.0)}, reference={"hashprice_2028": (20.0, sd)})
    base = table.loc[table["arm"] == "mine_only", "hashprice_2028"].to_numpy()
    noise = table.loc[table["arm"] == "reference", "hashprice_2028"].to_numpy() - 20.0
    noise -= noise.mean()
    table.loc[table["arm"] == "reference", "hashprice_2028"] = base + rise + noise
    assert verdict("hashprice_rise", evidence(table)) == expected


def test_outside_supply_caps_the_rent_if_rent_falls_with_it():
    levels = {"no_outside_supply": 170.0, "reference": 160.0, "onsite_power": 150.0}
    found = evidence(runs(**{arm: {"rent": (level, 2.0)} for arm, level in levels.items()}))
    assert verdict("rent_without_outside", found) == verdict("rent_below_with_more", found) == SUPPORTED
    turned = evidence(runs(**{arm: {"rent": (-level, 2.0)} for arm, level in levels.items()}))
    assert verdict("rent_without_outside", turned) == verdict("rent_below_with_more", turned) == CONTRADICTED


def test_correlation_needs_firms_and_differences():
    assert np.isnan(explained(np.arange(3.0), np.arange(3.0)))
    assert explained(np.ones(9), np.arange(9.0)) == 0.0


def test_few_draws_and_missing_numbers_identify_nothing():
    shell = TESTS["shell_value"]
    assert judge(shell, Estimate(6.0, 5.9, 6.1, rules().fewest_draws - 1), rules().fewest_draws) == OPEN
    assert judge(shell, Estimate(6.0, float("nan"), 6.1, 40), rules().fewest_draws) == OPEN
    nothing = evidence(runs(reference={"shell_value": (float("nan"), 1.0)}))
    assert verdict("shell_value", nothing) == OPEN


def test_a_claim_falls_with_one_of_its_tests_and_stands_with_all():
    assert joined([SUPPORTED, SUPPORTED]) == SUPPORTED
    assert joined([SUPPORTED, OPEN]) == OPEN
    assert joined([OPEN, CONTRADICTED]) == CONTRADICTED


def test_the_parameter_that_moves_a_statistic_comes_first():
    draw = np.random.default_rng(0)
    inputs = pd.DataFrame({"idle": draw.random(60), "strong": draw.random(60)})
    rows = pd.DataFrame({"value": 10.0 * inputs["strong"] + draw.normal(0, 1, 60)})
    found = thirds(STATISTICS["shell_value"], rows, inputs)
    assert found["parameter"].tolist() == ["strong", "idle"]
    assert found["swing"].iloc[0] == pytest.approx(6.6, abs=1.0)


def test_a_verdict_that_turns_with_a_parameter_is_said_to_turn():
    """Shells are worth six dollars where theta is high and three where it is low."""
    inputs = pd.DataFrame(
        {"leases.theta": np.linspace(0, 1, DRAWS), "choice.review": np.tile([0.1, 0.2], DRAWS // 2)}
    )
    table = runs(reference={"shell_value": (0.0, 0.1)})
    table["shell_value"] += np.where(inputs["leases.theta"] > 0.5, 6.0, 3.0)
    statistic = STATISTICS["shell_value"]
    ends = thirds(statistic, statistic.rows(evidence(table)), inputs).set_index("parameter")
    assert ends.loc["leases.theta", "high"] == pytest.approx(6.0, abs=0.2)
    assert ends.loc["leases.theta", "low"] == pytest.approx(3.0, abs=0.2)
    assert ends.index[0] == "leases.theta"


def test_every_statistic_belongs_to_a_test_of_a_claim():
    assert set(TESTS) == set(STATISTICS)
    assert [claim.key for claim in rules().claims] == [f"C{n}" for n in range(1, 10)] + ["X1", "X2"]

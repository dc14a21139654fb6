"""Backtests: world mining and the protocol through the record of 2018 to 2025, against MODEL 8.

Nothing is told to the sector but price, fees and bans. Where a target stands on epoch or 30-day means the
model's month is coarser; the column `record` has the same monthly measure taken from the tables.
"""

from __future__ import annotations

import datetime
import itertools
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from agents.economics.mining import implied_hashrate
from agents.economics.network import EPOCH_SECONDS, BitcoinNetwork
from experiments.validation.checks import MISS, OURS, Check
from experiments.validation.fits import PART, cross_scores, rolling_checks, rolling_errors, transfer_checks
from experiments.validation.history import (
    BAN,
    BAN_WITH_MOVES,
    BEAR,
    FIT_WINDOWS,
    HALVING_2020,
    HALVING_2024,
    RECENT,
    TABLES,
    WHOLE,
    forecasts,
    log_error,
    record,
    replay,
    rms,
)
from experiments.validation.machine_prices import machine_prices, price_checks
from model.scenario import Scenario

Record = Any
"""A table or column of months; what pandas declares of slices by month is of no help."""
DAYS = 365.25 / 12
ANCHOR = 838_656
"""Height of the epoch before the halving of 2024."""
INSTANT = 1e-3
"""Seconds that make sure of an epoch's last block, whatever the rounding."""
NO_PIPELINE = {"bitcoin.order_lead_months": 0, "row.funding_memory": 1.0, "bitcoin.expectation": "naive"}
FASTER = {"row.shutdown_speed": 0.5}
LIKE_FOR_LIKE = (
    (BAN, (2, 6)),
    (BAN_WITH_MOVES, (2, 6)),
    (BEAR, (6, 12)),
    (HALVING_2020, (2, 6)),
    (HALVING_2024, (2, 6)),
)
"""Events and months after their last tracked one at which hash is compared with the record."""
RECORD_MISSES = "on monthly means the record is outside too"
"""Said of a target that stands on finer means than the model's month."""
TREND = 6
"""Months before a halving whose growth stands for what hash would have done without it."""
LATE = "ours, written after the first run"
AS_ABOVE = "causes as for the event's targets; the sector is told nothing but the price"
SLOW_RETURN = (
    "orders follow what buyers expected months before (bitcoin.expectation_speed, row.funding_memory): the "
    "dearer bitcoin of autumn 2020 shows in hash later than it did"
)
EVENTS = (BAN, BAN_WITH_MOVES, BEAR, HALVING_2020, HALVING_2024)


class Backtests(NamedTuple):
    """All that the backtests found.

    Attributes:
        checks: Figures against targets.
        paths: Month by month, simulated beside recorded, by window.
        errors: Root-mean-square log error of rolling forecasts, by months ahead and rule.
        scores: Free-run error by window fitted on (rows) and scored on (columns).
        fits: Parameters by window fitted on.
        epochs: Start of every epoch, replayed from difficulty alone, against the table.
        prices: Machine prices of the first day beside quotes.
    """

    checks: list[Check]
    paths: dict[str, Record]
    errors: pd.DataFrame
    scores: pd.DataFrame
    fits: pd.DataFrame
    epochs: pd.DataFrame
    prices: pd.DataFrame


def backtests(quick: bool = False) -> Backtests:
    """Run every backtest."""
    paths = {window.name: replay(window) for window in (*EVENTS, *FIT_WINDOWS, WHOLE)}
    epochs = replay_epochs()
    errors, prices = rolling_errors(), machine_prices()
    fits, scores = cross_scores(evaluations=40 if quick else 250)
    checks = [
        *_ban(paths),
        *_bear(paths),
        *_halvings(paths),
        *_like_for_like(paths),
        *_recent(paths),
        *_epochs(epochs),
        *price_checks(prices),
        *rolling_checks(errors),
        *transfer_checks(scores),
    ]
    checks = [_beside_the_record(check) for check in checks]
    return Backtests(checks, paths, errors, scores, fits, epochs, prices)


def _beside_the_record(check: Check) -> Check:
    """Say of a miss where the record, measured likewise, misses too."""
    seen = check.observed
    if check.verdict != MISS or np.isnan(seen) or check.low <= seen <= check.high:
        return check
    return check._replace(cause="; ".join(filter(None, (RECORD_MISSES, check.cause))))


def _ban(paths: dict[str, Record]) -> list[Check]:
    cause = (
        "machines a ban switches off return like any that pay again, at row.shutdown_speed, while orders go "
        "on arriving; moving them abroad took longer: see the rows with half a year for it"
    )
    checks = []
    for window, note in (
        (BAN, cause),
        (BAN_WITH_MOVES, "a counterfactual: slower moves make up part of what is amiss, not all of it"),
    ):
        path = paths[window.name]
        name = "" if window is BAN else ", machines moved in half a year"
        look = f"{window.name}, 2021-05 to 2022-01"
        share, days = _trough_and_return(path["model_hash_eh_s"], "2021-05", "2021-07")
        seen = _trough_and_return(path["hash_eh_s"], "2021-05", "2021-07")
        checks += [
            Check(PART, f"ban of 2021: trough over the level before{name}", share, 0.47, 0.55, "ratio",
                  seen[0], look=look, cause=note),
            Check(PART, f"ban of 2021: days from trough to the old level{name}", days, 160.0, 188.0, "days",
                  seen[1], look=look,
                  cause=f"{note}; the target is on epoch means"),
        ]  # fmt: skip
    return checks


def _trough_and_return(hash_eh_s: Record, before: str, trough: str) -> tuple[float, float]:
    """Return trough over the month before, and days from the trough until that level is back."""
    level, low = hash_eh_s[before], hash_eh_s[trough]
    later = hash_eh_s[trough:].to_numpy()
    above = np.flatnonzero(later >= level)
    if not len(above):
        return low / level, float("inf")
    last = above[0] - 1
    part = np.log(level / later[last]) / np.log(later[last + 1] / later[last]) if last >= 0 else 0.0
    return low / level, (last + part) * DAYS


def _bear(paths: dict[str, Record]) -> list[Check]:
    path, look = paths[BEAR.name], f"{BEAR.name}, 2021-11 to 2023-01"
    simulated, seen = path["model_hash_eh_s"], path["hash_eh_s"]
    rise, seen_rise = (
        series["2022-03":"2022-12"].max() / series["2021-11"] - 1 for series in (simulated, seen)
    )
    drop, seen_drop = (_capitulation(series) for series in (simulated, seen))
    bare = replay(BEAR, Scenario().with_values(**NO_PIPELINE))["model_hash_eh_s"]
    growth: list[Any] = [series["2022-12"] / series["2022-03"] - 1 for series in (bare, seen)]
    return [
        Check(PART, "bear of 2021-22: rise of hash while the price fell", rise, 0.62, 0.71, "share",
              seen_rise, look=look,
              cause="the target holds between epochs; monthly means of the record give 0.61"),
        Check(PART, "bear of 2021-22: capitulation at its end", drop, -0.24, -0.14, "share", seen_drop,
              look=look,
              cause="-19% is no figure of the tables: their monthly means fall by 5% and difficulty by 7%; "
              "19% needs daily hash, and the storm of 23 December 2022 is in it"),
        Check(PART, "bear of 2021-22: growth March to December 2022 without a pipeline is of the wrong sign",
              float(growth[0]), high=0.0, unit="share", observed=float(growth[1]),
              source="MODEL 5.1", look=look,
              cause="the sector starts this window at the record of November 2021, with fleets that pay"),
    ]  # fmt: skip


def _capitulation(hash_eh_s: Record) -> float:
    """Return the deepest fall from the peak of late 2022 to a month of that winter."""
    late = hash_eh_s["2022-08":"2022-12"]
    peak = late.idxmax()
    return float(hash_eh_s[peak:"2023-01"].min() / late.max() - 1.0)


def _halvings(paths: dict[str, Record]) -> list[Check]:
    new, old = paths[HALVING_2024.name], paths[HALVING_2020.name]
    drop = [_after(new[name], "2024-04") for name in ("model_hash_eh_s", "hash_eh_s")]
    first = [_after(old[name], "2020-04") for name in ("model_hash_eh_s", "hash_eh_s")]
    monthly = _why_halvings_show_little()
    look = f"{HALVING_2024.name}, 2024-04 to 2024-08"
    return [
        Check(PART, "halving of 2024: fall of hash", drop[0][0], -0.16, -0.08, "share", drop[1][0], look=look,
              cause=monthly),
        Check(PART, "halving of 2024: months until the old level is back", drop[0][1], 3.0, 4.0, "months",
              drop[1][1], look=look, cause=monthly),
        Check(PART, "halving of 2020: fall of hash", first[0][0], -0.17, -0.09, "share", first[1][0],
              look=f"{HALVING_2020.name}, 2020-04 to 2020-08",
              cause=f"target -13% on 30-day means, four points either way; {monthly}"),
        *_shortfall(new, "2024-04", HALVING_2024.name, (2, 4)),
        *_shortfall(old, "2020-04", HALVING_2020.name, (2,)),
        _paid(new),
    ]  # fmt: skip


def _shortfall(path: Record, halving: str, window: str, months: tuple[int, ...]) -> list[Check]:
    """Compare hash after a halving with what the growth of the half-year before would have made of it."""
    month: Any = pd.Period(halving, "M")
    logs = np.log(record()["hash_eh_s"])
    growth = (logs[month] - logs[month - TREND]) / TREND
    checks = []
    for ahead in months:
        short, seen = (
            float(np.exp(np.log(path[name][month + ahead]) - logs[month] - growth * ahead) - 1.0)
            for name in ("model_hash_eh_s", "hash_eh_s")
        )
        name = f"halving of {halving[:4]}: hash {ahead} months on, over the growth of the half-year before"
        checks.append(
            Check(PART, name, short, seen - 0.1, seen + 0.1, "share", seen, source=f"{LATE}: ten points",
                  look=f"{window}, {month} to {month + ahead}", cause=AS_ABOVE)
        )  # fmt: skip
    return checks


def _paid(path: Record) -> Check:
    """Compare what a hash earned in the month after the halving of 2024 with the month before."""
    found, seen = (
        float(path[name]["2024-05"] / path[name]["2024-03"]) for name in ("model_hashprice", "hashprice")
    )
    return Check(PART, "halving of 2024: hashprice of May over that of March", found, 0.9 * 44 / 94,
                 1.1 * 44 / 94, "ratio", seen, source="MODEL 8: 94 to 44, within 10%",
                 look=f"{HALVING_2024.name}, 2024-03 to 2024-05", cause=AS_ABOVE)  # fmt: skip


def _why_halvings_show_little() -> str:
    """Say what a faster stop of machines that do not pay would change, for the better and for the worse."""
    faster = Scenario().with_values(**FASTER)
    new, old = (
        _after(replay(window, faster)["model_hash_eh_s"], window.tracked)[0]
        for window in (HALVING_2024, HALVING_2020)
    )
    as_is, then = (rms(forecasts(WHOLE, 1, scenario)[1]["model"]) for scenario in (None, faster))
    return (
        "machines that stop paying leave over months (row.shutdown_speed) while orders placed before go on "
        "arriving; over the growth of the half-year before, the fall is of the right size and a month late. "
        f"At twice that speed hash falls by {-new:.1%} (2024) and {-old:.1%} (2020), but forecasts a month "
        f"ahead err by {then:.1%} instead of {as_is:.1%}"
    )


def _after(hash_eh_s: Record, halving: str) -> tuple[float, float]:
    """Return the deepest fall within four months of a halving, and months until its level is back."""
    month: Any = pd.Period(halving, "M")
    level, later = hash_eh_s[month], hash_eh_s[month + 1 : month + 12].to_numpy()
    fall = later[:4].min() / level - 1.0
    if fall >= 0.0:
        return float(fall), 0.0
    low = int(later[:4].argmin())
    above = np.flatnonzero(later[low:] >= level)
    if not len(above):
        return float(fall), float("inf")
    last = low + above[0] - 1
    return float(fall), 1 + last + float(np.log(level / later[last]) / np.log(later[last + 1] / later[last]))


def _like_for_like(paths: dict[str, Record]) -> list[Check]:
    """Compare monthly means with monthly means: what the model makes of each event, beside the record."""
    rows = []
    for window, months in LIKE_FOR_LIKE:
        path = paths[window.name]
        start: Any = pd.Period(window.tracked, "M")
        for ahead in months:
            grown = [
                path[name][start + ahead] / path[name][start] - 1.0
                for name in ("model_hash_eh_s", "hash_eh_s")
            ]
            rows.append(
                Check(PART, f"{window.name}: hash after {ahead} months, like for like", grown[0],
                      grown[1] - 0.1, grown[1] + 0.1, "share", grown[1], source=f"{OURS}: ten points",
                      cause=SLOW_RETURN if window is HALVING_2020 else AS_ABOVE,
                      look=f"{window.name}, {start} to {start + ahead}"),
            )  # fmt: skip
    return rows


def _recent(paths: dict[str, Record]) -> list[Check]:
    path, whole = paths[RECENT.name], paths[WHOLE.name]
    grown = [path[name].iloc[-1] / path[name].iloc[0] for name in ("model_hash_eh_s", "hash_eh_s")]
    paid = np.log(path["model_hashprice"] / path["hashprice"])
    return [
        Check(PART, "2023-25 free run: error of hash", rms(log_error(path)), high=0.15, unit="log rms",
              source=OURS, look=RECENT.name, cause=AS_ABOVE),
        Check(PART, "2023-25 free run: error of hashprice", rms(paid), high=0.15, unit="log rms", source=OURS,
              look=RECENT.name),
        Check(PART, "2023-25 free run: growth of hash", grown[0], 0.85 * grown[1], 1.15 * grown[1], "ratio",
              grown[1], source=OURS, look=RECENT.name, cause=AS_ABOVE),
        Check(PART, "2020-25 free run: error of hash", rms(log_error(whole)), high=0.25, unit="log rms",
              source=OURS, look=WHOLE.name, cause=AS_ABOVE),
        Check(PART, "2020-25 free run: J/TH of running machines in November 2025",
              whole["model_efficiency"].iloc[-1], 0.9 * 19.5, 1.1 * 19.5, "J/TH", 19.5,
              source="tail.csv, 19.5 J/TH (C)", look=WHOLE.name),
    ]  # fmt: skip


def replay_epochs() -> pd.DataFrame:
    """Replay the start of every epoch from difficulties alone: hash is what the next difficulty implies.

    Dates are counted from the epoch before the halving of 2024, as in the data notes. `days_off_2015` says
    what is left when an epoch lasts 2016/2015 of that: the protocol clocks one interval less than it counts.
    """
    rows = TABLES.difficulty_epochs
    network = BitcoinNetwork(rows[0].start_height, rows[0].difficulty, epoch_seconds=0.0)
    seconds, replayed, difficulty = 0.0, [0.0], [rows[0].difficulty]
    for now, following in itertools.pairwise(rows):
        taken = EPOCH_SECONDS * now.difficulty / following.difficulty
        network.advance(implied_hashrate(following.difficulty), taken + INSTANT)
        seconds += taken
        replayed.append(seconds / 86400.0)
        difficulty.append(network.difficulty)
    anchor = next(n for n, row in enumerate(rows) if row.start_height == ANCHOR)
    days = np.array([(row.start_date - rows[anchor].start_date).days for row in rows], dtype=float)
    since = np.array(replayed) - replayed[anchor]
    start = [rows[anchor].start_date + datetime.timedelta(days=float(day)) for day in since]
    return pd.DataFrame(
        {
            "epoch": [row.epoch for row in rows],
            "start_height": [row.start_height for row in rows],
            "start_date": [row.start_date for row in rows],
            "replayed_date": start,
            "days_off": since - days,
            "days_off_2015": since * 2016 / 2015 - days,
            "difficulty": [row.difficulty for row in rows],
            "replayed_difficulty": difficulty,
        }
    )


def _epochs(epochs: pd.DataFrame) -> list[Check]:
    off, corrected = epochs["days_off"].abs(), epochs["days_off_2015"].abs()
    wrong = (epochs["replayed_difficulty"] / epochs["difficulty"] - 1.0).abs().max()
    recent = epochs["start_date"] >= datetime.date(2021, 1, 1)
    drift = (
        "the replay runs 0.01 days an epoch too fast: two thirds because the protocol clocks 2015 of 2016 "
        f"intervals, which the network leaves out (with it the greatest error is {corrected.max():.1f} days)"
    )
    return [
        Check(PART, "epochs: greatest relative error of a replayed difficulty", float(wrong), high=1e-6,
              unit="share", look="epochs.csv", cause=f"{len(epochs) - 1} retargets in a row"),
        Check(PART, "epochs: greatest error of a replayed date since 2021", float(off[recent].max()),
              high=1.0, unit="days", source="data notes: within hours since 2021", look="epochs.csv",
              cause=drift),
        Check(PART, "epochs: greatest error of a replayed date before 2021", float(off[~recent].max()),
              high=1.5, unit="days", source="data notes: within about a day before", look="epochs.csv",
              cause=drift),
    ]  # fmt: skip

"""The ensemble: a study as fans and as scatters, and any of its runs as a replay."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import solara

from model.run import Run
from model.run import run as run_scenario
from model.series_columns import SERIES
from model.units import spelled
from viz.charts import ensemble as charts
from viz.drawing import Looks
from viz.parts.chart_view import ChartView
from viz.parts.folder_choice import FolderChoice
from viz.player import Player
from viz.study import StoredStudy, open_study, run_near

UNITS = {column.name: spelled(column.unit) for column in SERIES}
MEANINGS = {column.name: column.doc for column in SERIES}
FIRST_SHOWN = "gap_gw"
NOT_SPLIT = "all runs together"


class EnsembleDesk(Player):
    """The study that is open, and what of it is on show; its errors and its waiting are a player's."""

    def __init__(self) -> None:
        """Start with no study."""
        super().__init__()
        self.folder = solara.reactive("")
        self.study: solara.Reactive[StoredStudy | None] = solara.reactive(None)
        self.column = solara.reactive(FIRST_SHOWN)
        self.split = solara.reactive(NOT_SPLIT)
        self.across, self.up = solara.reactive(""), solara.reactive("")
        self.picked: solara.Reactive[int | None] = solara.reactive(None)

    def open(self, folder: str) -> None:
        """Read a study."""
        self.folder.value = folder

        def read() -> None:
            study = open_study(folder)
            self.picked.value = None
            self.column.value = FIRST_SHOWN if FIRST_SHOWN in study.columns else next(iter(study.columns), "")
            self.split.value = next(iter(study.levers), NOT_SPLIT)
            names = [*study.uncertainties, *study.levers, "seed"]
            self.across.value, self.up.value = names[0], next(iter(study.outcomes), "seed")
            self.study.value = study

        self.run_in_thread(read, "reading the study")

    def replay(self, then: Callable[[Run, str, int], None]) -> None:
        """Run what was picked once more, whole, and hand it on with its study and number."""
        study, number = self.study.value, self.picked.value
        if study is None or number is None:
            return

        def compute() -> None:
            then(again(study, number), self.folder.value, number)

        self.run_in_thread(compute, f"replaying run {number}")


def again(study: StoredStudy, number: int) -> Run:
    """Run a run of a study once more, whole."""
    scenario, seed = study.scenario_of(number)
    return run_scenario(scenario, seed)


@solara.component
def EnsembleView(desk: EnsembleDesk, replay: Callable[[Run, str, int], None], dark: bool) -> None:
    """Show the study and what to look at, at the side; fan and scatter beside it."""
    study = desk.study.value
    with solara.Div(classes=["gridrush-body"]):
        with solara.Div(classes=["gridrush-side"]):
            StudySource(desk)
            if study:
                Looking(desk, study, replay)
        with solara.Div(classes=["gridrush-main", "gridrush-two"]):
            with solara.Div(classes=["gridrush-story"]):
                title = study.manifest["study"] if study else "No study is open"
                solara.Div(classes=["gridrush-date"], children=[title])
                solara.Div(classes=["gridrush-text"], children=[_described(study) if study else ""])
                if desk.busy.value:
                    solara.Div(classes=["gridrush-busy"], children=[f"{desk.busy.value} ..."])
            if study:
                Drawn(desk, study, dark)
            else:
                text = "Open a study: choose it at the left, or start with `gridrush view FOLDER`."
                solara.Div(classes=["gridrush-empty"], children=[text])


@solara.component
def StudySource(desk: EnsembleDesk) -> None:
    """Show which study is open, and let another be chosen."""
    with solara.Div(classes=["gridrush-form"]):
        FolderChoice("study", desk.folder.value, desk.open, desk.error.set)


@solara.component
def Looking(desk: EnsembleDesk, study: StoredStudy, replay: Callable[[Run, str, int], None]) -> None:
    """Show what to look at, and the run that was picked."""
    inputs = [*study.uncertainties, *study.levers, "seed"]
    with solara.Div(classes=["gridrush-form"], style="margin-top: 14px"):
        if study.columns:
            solara.Select("Fan of", study.columns, value=desk.column, dense=True)
        solara.Select("Groups", [NOT_SPLIT, *study.levers], value=desk.split, dense=True)
        solara.Select("Scatter: across", [*inputs, *study.outcomes], value=desk.across, dense=True)
        solara.Select("Scatter: up", list(study.outcomes), value=desk.up, dense=True)
        solara.Select("Run", [int(run) for run in study.runs["run"]], value=desk.picked, dense=True)
        solara.Div(classes=["gridrush-facts"], children=["Click a dot, or anywhere in a fan, to pick a run."])
        solara.Button(
            "Replay this run",
            color="primary",
            on_click=lambda: desk.replay(replay),
            disabled=desk.picked.value is None or bool(desk.busy.value),
            classes=["gridrush-replay"],
        )
        if desk.picked.value is not None:
            solara.Div(classes=["gridrush-facts"], children=[_picked(study, desk.picked.value)])


@solara.component
def Drawn(desk: EnsembleDesk, study: StoredStudy, dark: bool) -> None:
    """Show fan and scatter."""
    column, split, picked = desk.column.value, desk.split.value, desk.picked.value
    across, up, looks = desk.across.value, desk.up.value, Looks(dark)
    groups = solara.use_memo(lambda: _groups(study, column, split), [study, column, split])

    def pick_in_fan(label: str) -> None:
        name, month, value = label.rsplit("|", 2)
        desk.picked.value = run_near(groups[name], month, float(value))

    with solara.Div(classes=["gridrush-ensemble"]):
        if groups:
            title = MEANINGS.get(column, column)
            fan = charts.fan(groups, looks, f"{title[:1].upper()}{title[1:]}", UNITS.get(column, ""), picked)
            ChartView("fan", fan, _version(column, split, picked, dark), on_click=pick_in_fan).key("fan")
        else:
            text = 'This study kept outcomes only; with keep = "series" it would show fans.'
            solara.Div(classes=["gridrush-empty"], children=[text])
        labels = (study.outcomes.get(across, _with_unit(across)), study.outcomes.get(up, up))
        colour_by = split if split in study.levers else ""
        scatter = charts.scatter(study.runs, across, up, looks, labels, colour_by, picked)
        ChartView(
            "scatter",
            scatter,
            _version(across, up, split, picked, dark),
            on_click=lambda label: desk.picked.set(int(label)),
        ).key("scatter")


def _groups(study: StoredStudy, column: str, split: str) -> dict[str, pd.DataFrame]:
    if column not in study.columns:
        return {}
    series = study.series(column)
    if split not in study.levers:
        return {"all runs": series}
    by_option = study.runs.groupby(split, sort=False)["run"]
    return {str(option): series.loc[:, series.columns.isin(runs.to_list())] for option, runs in by_option}


def _version(*what: object) -> int:
    """Return a number that changes with what is drawn."""
    return abs(hash(what)) % 2**31


def _described(study: StoredStudy) -> str:
    manifest = study.manifest
    text = f"{manifest['description']}: " if manifest.get("description") else ""
    text += f"{len(study.runs)} runs of {manifest['runs']}, {manifest['design']} design, "
    return f"{text}scenario {manifest['scenario']}"


def _picked(study: StoredStudy, number: int) -> str:
    row = study.runs.loc[(study.runs["run"] == number).to_numpy()].iloc[0]
    names = [*study.levers, *study.uncertainties, "seed", *study.outcomes]
    return ", ".join(
        f"{name} {row[name]:.4g}" if isinstance(row[name], float) else f"{name} {row[name]}" for name in names
    )


def _with_unit(name: str) -> str:
    from model.parameter_table import parameters

    unit = spelled(parameters()[name].unit) if name in parameters() else ""
    return f"{name}, {unit}" if unit and unit != "-" else name

"""The command line: what can be asked, and one line to say what is wrong with the asking.

Nothing heavy is imported before a command runs, so that help comes at once.
"""

from __future__ import annotations

import importlib.metadata
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

USAGE, FAILURE, INTERRUPTED, TERMINATED = 2, 1, 130, 143

app = typer.Typer(
    name="gridrush",
    help="Bitcoin miners meet the AI build-out: who mines, who lets, who converts, who leaves. "
    "For explanation and the exploration of scenarios; never a forecast of a named company.",
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def gridrush(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and stop.")] = False,
) -> None:
    """Take the options that belong to no command."""
    if version:
        typer.echo(importlib.metadata.version("gridrush"))
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def run(
    scenario: Annotated[str, typer.Argument(help="A shipped scenario or a TOML file.")] = "reference",
    seed: Annotated[int, typer.Option(min=0, help="Seed of all random numbers.")] = 0,
    months: Annotated[
        int | None, typer.Option(min=1, help="Length of the run, instead of the scenario's.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Set a parameter; may be given again."),
    ] = None,
    strategy: Annotated[
        str | None, typer.Option(metavar="PATH.py:NAME", help="Let every firm follow a strategy of your own.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the results [runs/SCENARIO-seedN].")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Print accounting identities; fail if one does not hold.")
    ] = False,
    posterior: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Take draw N of the calibration's posterior.")
    ] = None,
) -> None:
    """Run a scenario, write its tables, figure and manifest, and say what happened."""
    from experiments.cli_run import Request, run_and_report

    wanted = Request(scenario, seed, months, settings or [], strategy, out, as_json, check, posterior)
    raise typer.Exit(0 if run_and_report(wanted) else FAILURE)


@app.command()
def study(
    file: Annotated[
        str, typer.Argument(metavar="FILE|DIR", help="A shipped study, a TOML file, or a store.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the results [runs/study-NAME].")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; all cores by default.")] = None,
    cluster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Run on the Dask cluster of this scheduler.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Do what is missing in the folder.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Only say how far the study is.")] = False,
    strategy: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH.py:NAME", help="Let a strategy run that the study names; again for more."),
    ] = None,
) -> None:
    """Run a study of many runs into a folder that a kill cannot spoil."""
    from experiments.cli_study import Request, study_and_report

    wanted = Request(file, out, workers, cluster, resume, status, tuple(strategy or ()))
    raise typer.Exit(0 if study_and_report(wanted) else FAILURE)


@app.command()
def analyse(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The store of a study.")],
) -> None:
    """Write intervals, sensitivities, figures and a report of a study into its folder."""
    from experiments.cli_analyse import analyse_and_report

    analyse_and_report(folder)


@app.command()
def claims(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the report.")] = Path("runs/claims"),
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; all cores by default.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Do what is missing, and judge again.")] = False,
    replications: Annotated[
        int | None, typer.Option(min=2, help="Paired replications of every arm [40].")
    ] = None,
) -> None:
    """Hold each claim of the source article to a rule written before looking, and write one report."""
    from experiments.cli_claims import claims_and_report

    claims_and_report(out, workers, resume, replications)


@app.command()
def validate(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the report.")] = Path("runs/validation"),
    quick: Annotated[
        bool, typer.Option("--quick", help="A few replications only: a look, no verdict.")
    ] = False,
    replications: Annotated[
        int | None, typer.Option(min=2, help="Paired replications of every ensemble [40].")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
) -> None:
    """Hold the model to history, closed forms and patterns, and write one report."""
    from experiments.cli_validate import validate as run_validation

    run_validation(out, quick, replications, workers)


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A saved run.")],
    strategy: Annotated[
        str | None,
        typer.Option(metavar="PATH.py:NAME", help="Load the strategy of the run; nothing else loads one."),
    ] = None,
) -> None:
    """Run a saved run again and confirm it, table by table."""
    from experiments.cli_verify import verify_and_report

    raise typer.Exit(0 if verify_and_report(folder, strategy) else FAILURE)


@app.command()
def reproduce(
    exhibits: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Only some, such as results or summary.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the results.")] = Path(
        "runs/reproduction"
    ),
    quick: Annotated[bool, typer.Option("--quick", help="Leave out what takes minutes.")] = False,
    update: Annotated[
        bool, typer.Option("--update", help="Store what is made now, in a checkout, instead of comparing.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
) -> None:
    """Make every figure and table of the documentation again, and say what differs."""
    from experiments.cli_reproduce import reproduce_and_report

    agreed = reproduce_and_report(exhibits or [], out, quick, update, workers)
    raise typer.Exit(0 if agreed else FAILURE)


@app.command()
def view(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A stored run to replay, or a study to look at.")
    ] = None,
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="Port to serve on, at this machine only.")
    ] = 8765,
    scenario: Annotated[str, typer.Option(help="Scenario of the live view.")] = "reference",
) -> None:
    """Watch a run in the browser: live, replayed, compared, or a whole study."""
    from experiments.cli_view import view as serve

    raise typer.Exit(serve(folder, port, scenario))


@app.command()
def scenarios() -> None:
    """List the shipped scenarios."""
    from experiments.cli_lists import print_scenarios

    print_scenarios()


@app.command()
def parameters(
    group: Annotated[str | None, typer.Argument(help="Only one group, such as bitcoin or power.")] = None,
) -> None:
    """List every parameter with unit, default, bounds, meaning and source."""
    from experiments.cli_lists import print_parameters

    print_parameters(group)


@app.command()
def tick() -> None:
    """List what happens in a month, in order."""
    from experiments.cli_lists import print_tick

    print_tick()


def main() -> None:
    """Run the command line and exit with its status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        status = _invoke(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough; whatever else would be printed goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = FAILURE
    sys.exit(status)


def _invoke(arguments: list[str]) -> int:
    try:
        status = app(arguments, prog_name="gridrush", standalone_mode=False)
    except Exception as error:
        status, message = _explained(error)
        if not message:
            raise
        for line in message.splitlines():
            print(f"gridrush: {line}", file=sys.stderr)
        return status
    if status == INTERRUPTED and arguments[:1] not in (["study"], ["claims"]):
        print("gridrush: stopped; nothing was written", file=sys.stderr)
    return status if isinstance(status, int) else 0


def _explained(error: Exception) -> tuple[int, str]:
    """Return exit status and message for a mistake of the user's; no message when the mistake is ours."""
    parsing = getattr(error, "format_message", None)  # what Typer's parser raises has one
    if parsing:
        return USAGE, " ".join(parsing().split())
    errors = sys.modules.get("model.errors")
    return FAILURE, str(error) if errors and isinstance(error, errors.GridrushError) else ""

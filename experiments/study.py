"""A study: what is uncertain, what can be decided, what is looked at, and how often it is all run.

The words are those of EMA Workbench: *uncertainties* nobody chooses, *levers* somebody does, *outcomes* are
read off each run. `experiments.study_files` reads studies from TOML; `experiments.plans` checks them against
the scenario they start from.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Value = bool | int | float | str
Distribution = Literal["uniform", "loguniform", "triangular", "normal"]
Kind = Literal["factorial", "lhs", "sobol", "morris", "paired"]
Keep = Literal["outcomes", "series", "everything"]
Reduction = Literal[
    "first",
    "last",
    "at",
    "mean",
    "sum",
    "min",
    "max",
    "sd",
    "change",
    "ratio",
    "month_of_min",
    "month_of_max",
]


class Part(BaseModel):
    """A table of a study file: no keys but its own, and it never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)


class Uncertainty(Part):
    """A parameter and the values it may have: a range with a distribution, or options equally likely."""

    low: float | None = None
    high: float | None = None
    distribution: Distribution = "uniform"
    mode: float | None = None
    mean: float | None = None
    sd: float | None = Field(default=None, gt=0)
    options: tuple[Value, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Uncertainty:
        if self.options:
            if self.low is not None or self.high is not None:
                raise ValueError("give either low and high or options")
            if len(set(self.options)) < 2:
                raise ValueError("options: expected at least two different values")
            return self
        if self.low is None or self.high is None:
            raise ValueError("expected low and high, or options")
        if self.low >= self.high:
            raise ValueError(f"low = {self.low:g} must be below high = {self.high:g}")
        self._check_distribution()
        return self

    def _check_distribution(self) -> None:
        low, high = self.low or 0.0, self.high or 0.0
        if self.distribution == "loguniform" and low <= 0:
            raise ValueError(f"a loguniform range starts above 0, not at low = {low:g}")
        if self.distribution == "triangular" and (self.mode is None or not low <= self.mode <= high):
            raise ValueError("a triangular distribution needs mode, from low to high")
        if self.distribution == "normal" and (self.mean is None or self.sd is None):
            raise ValueError("a normal distribution needs mean and sd, besides low and high where it is cut")


class Outcome(Part):
    """One number per run: a reduction of a column of the series, or a named function of the run."""

    series: str | None = None
    reduce: Reduction = "last"
    month: str | None = Field(default=None, pattern=r"^\d{4}-(0[1-9]|1[0-2])$")
    begin: str | None = Field(default=None, alias="from", pattern=r"^\d{4}-(0[1-9]|1[0-2])$")
    end: str | None = Field(default=None, alias="until", pattern=r"^\d{4}-(0[1-9]|1[0-2])$")
    function: str | None = None
    label: str = ""
    unit: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> Outcome:
        if (self.series is None) == (self.function is None):
            raise ValueError("expected either series or function")
        if (self.reduce == "at") != (self.month is not None):
            raise ValueError('month goes with reduce = "at", and only with it')
        if self.begin and self.end and self.begin > self.end:
            raise ValueError(f"from = {self.begin} must not come after until = {self.end}")
        return self


class Design(Part):
    """How the space of uncertainties and levers is covered."""

    kind: Kind
    samples: int = Field(default=1, ge=1, le=10_000_000)
    """Points (lhs, paired), trajectories (morris) or the base of the sequence (sobol)."""
    levels: int = Field(default=4, ge=2, le=100)
    """Values each uncertainty takes: steps of the grid (factorial), levels of the trajectories (morris)."""
    second_order: bool = False
    seed: int = Field(default=0, ge=0)
    baseline: tuple[str, ...] = ()
    """What differences are taken from: an option of each lever in their order; the first ones if empty."""

    @model_validator(mode="after")
    def _sound(self) -> Design:
        if self.kind == "sobol" and self.samples & (self.samples - 1):
            raise ValueError(f"samples: a sobol design needs a power of two, got {self.samples}")
        if self.kind == "morris" and self.levels % 2:
            raise ValueError(f"levels: a morris design needs an even number, got {self.levels}")
        return self


class Interest(Part):
    """Runs worth explaining: those in which an outcome lies above or below a threshold."""

    outcome: str
    above: float | None = None
    below: float | None = None
    label: str = ""

    @model_validator(mode="after")
    def _one_side(self) -> Interest:
        if (self.above is None) == (self.below is None):
            raise ValueError("expected either above or below")
        return self


class Analysis(Part):
    """What `gridrush analyse` should look at more closely."""

    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    precision: float = Field(default=0.05, gt=0, lt=1)
    """Half-width of the interval over the mean that counts as enough, for the number of runs needed."""
    interests: tuple[Interest, ...] = ()
    series: tuple[str, ...] = ()
    """Columns of the series to draw as fans; a standard set if empty."""


class Study(Part):
    """A study as its file says it; arms are the options of a lever called `arm`."""

    name: str = Field(min_length=1, max_length=80)
    description: str = ""
    scenario: str = "reference"
    settings: dict[str, Any] = Field(default={}, alias="set")
    uncertainties: dict[str, Uncertainty] = {}
    levers: dict[str, dict[str, dict[str, Any]]] = {}
    strategies: tuple[str, ...] = ()
    """Strategies of the user's own, as path.py:Name, which scenarios and levers may then name."""
    outcomes: dict[str, Outcome] = Field(min_length=1)
    design: Design
    replications: int = Field(default=1, ge=1, le=1_000_000)
    first_seed: int = Field(default=0, ge=0)
    common_random_numbers: bool = True
    """Whether every point runs under the same seeds; otherwise every sample has seeds of its own."""
    options_may_fix: bool = False
    """Whether an option of a lever may fix a parameter that is uncertain under the other options."""
    keep: Keep = "outcomes"
    fates: bool = False
    """Whether to keep, for each run, what became of each firm and each site fit for AI (for survival)."""
    analysis: Analysis = Analysis()

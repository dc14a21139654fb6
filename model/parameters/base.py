"""What every parameter group shares: frozen, strict, with a unit and a source on each field."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

REFERENCES = {
    "protocol rule": "a consensus rule of Bitcoin",
    "calibrated": "fitted to the leases signed by November 2025; `make calibrate` does it anew",
    "switch": "turns a mechanism off, or scales it, for experiments",
    "scenario device": "stands for an event that a scenario assumes",
    "given by the user": "a file or folder of one's own",
    "Watts and Strogatz 1998": "the article that defines the network",
}
"""What may stand where a key of sources.csv usually does, besides a section of the model and a table."""


class Group(BaseModel):
    """A frozen set of parameters: unknown keys are errors, and only whole numbers turn into reals."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=True
    )


def param(
    default: Any,  # noqa: ANN401
    unit: str,
    meaning: str,
    source: str,
    low: float | None = None,
    high: float | None = None,
) -> Any:  # noqa: ANN401
    """Declare one parameter; `source` is a key of sources.csv or a reference, then a note after ';'."""
    return Field(
        default, ge=low, le=high, description=meaning, json_schema_extra={"unit": unit, "source": source}
    )

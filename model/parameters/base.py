"""What every parameter group shares: frozen, strict, with a unit and a source on each field."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


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

"""Every parameter as a row: dotted name, type, unit, default, bounds, meaning, source.

The rows are read off the declarations in `model.parameters`, so that validation, the command line and the
documentation cannot disagree.
"""

from __future__ import annotations

import datetime
import types
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher, get_close_matches
from functools import cache
from typing import Any, Literal, NamedTuple, get_args, get_origin

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from model.errors import GridrushError, Problem
from model.parameters.base import Group
from model.parameters.bitcoin import Bitcoin, RestOfWorld
from model.parameters.demand import ArtificialIntelligence, Leases
from model.parameters.finance import Finance
from model.parameters.firms import Choice, Consolidation, Horizon, Population
from model.parameters.power import Power

GROUPS: dict[str, type[Group]] = {
    "bitcoin": Bitcoin,
    "row": RestOfWorld,
    "power": Power,
    "ai": ArtificialIntelligence,
    "leases": Leases,
    "finance": Finance,
    "choice": Choice,
    "consolidation": Consolidation,
    "population": Population,
    "horizon": Horizon,
}
LABELS = ("name", "description")
"""Keys of a scenario that name it and change nothing else."""

TYPE_WORDS = {
    float: "number",
    int: "whole number",
    bool: "true or false",
    str: "text",
    dict: "table of shares",
}
ARTICLES = {"number": "a number", "whole number": "a whole number", "table of shares": "a table of shares"}
SHOWN_LENGTH = 60
ENOUGH_ALIKE = 0.6


class Parameter(NamedTuple):
    """One row of the parameter table."""

    name: str
    type: str
    unit: str
    default: Any
    low: float | None
    high: float | None
    options: tuple[str, ...]
    optional: bool
    meaning: str
    source: str

    @property
    def bounds(self) -> str:
        """Return the bounds or the options as text, empty when anything goes."""
        if self.options:
            return ", ".join(self.options)
        return "" if self.low is None else f"{self.low:g} to {self.high:g}"

    @property
    def expected(self) -> str:
        """Return in words what the parameter takes, such as "a number from 0 to 1000 (GW)"."""
        words = f"one of {self.bounds}" if self.options else ARTICLES.get(self.type, self.type)
        if self.low is not None:
            words += f" from {self.bounds}"
        if self.unit not in ("-", "shares"):
            words += f" ({self.unit})"
        return f'{words}, or "none"' if self.optional else words

    @property
    def takes_text(self) -> bool:
        """Return whether values are words."""
        return self.type in ("text", "choice")

    def complaint(self, value: Any) -> Problem:  # noqa: ANN401
        """Say that the value is not what the parameter takes."""
        text = "the text " if isinstance(value, str) and not self.takes_text else ""
        line = f"{self.name}: expected {self.expected}, got {text}{shown(value)}"
        if isinstance(value, str) and (near := get_close_matches(value, self.options, 1)):
            line += f"; did you mean '{near[0]}'?"
        return Problem((self.name,), line)


@cache
def parameters() -> dict[str, Parameter]:
    """Return every parameter of every group by its dotted name."""
    return {
        f"{group}.{field}": _parameter(f"{group}.{field}", info)
        for group, declared in GROUPS.items()
        for field, info in declared.model_fields.items()
    }


def parameter_table(group: str | None = None) -> list[Parameter]:
    """Return the parameters, or those of one group, in the order they are declared."""
    if group is not None and group not in GROUPS:
        raise GridrushError(f"no group of parameters is called '{group}'; groups are {', '.join(GROUPS)}")
    return [row for name, row in parameters().items() if group in (None, name.partition(".")[0])]


def unknown(key: str, extra: Iterable[str] = ()) -> Problem:
    """Say that no parameter has this name, and which one comes nearest."""
    known = [*parameters(), *GROUPS, *LABELS, *extra]
    near = max(known, key=lambda name: alike(key, name))
    advice = f"did you mean '{near}'?" if alike(key, near) >= ENOUGH_ALIKE else "see `gridrush parameters`"
    return Problem((key,), f"unknown key {shown(key)}; {advice}")


def alike(key: str, name: str) -> float:
    """Return how alike two dotted names are, from 0 to 1; the right field of a wrong group counts."""
    whole = SequenceMatcher(None, key.lower(), name).ratio()
    field = SequenceMatcher(None, key.lower().rpartition(".")[2], name.rpartition(".")[2]).ratio()
    return max(whole, 0.9 * field)


def shown(value: Any) -> str:  # noqa: ANN401
    """Return a value as a message quotes it: short, and with its kind where that is what is wrong."""
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, datetime.date | datetime.time):
        return f"the date {value}" if isinstance(value, datetime.date) else f"the time {value}"
    try:
        text = repr(value)
    except ValueError:  # an integer with more digits than Python prints
        return "a number too large"
    return text if len(text) <= SHOWN_LENGTH else f"{text[: SHOWN_LENGTH - 4]} ..."


def _parameter(name: str, info: FieldInfo) -> Parameter:
    kinds = list(get_args(info.annotation)) if _is_union(info.annotation) else [info.annotation]
    optional = types.NoneType in kinds
    kind = next(kind for kind in kinds if kind is not types.NoneType)
    options = get_args(kind) if get_origin(kind) is Literal else ()
    extra: Any = info.json_schema_extra or {}
    default = info.get_default()
    return Parameter(
        name=name,
        type="choice" if options else TYPE_WORDS[get_origin(kind) or kind],
        unit=extra.get("unit", ""),
        default=float(default) if kind is float and default is not None else default,
        low=_bound(info, Ge, "ge"),
        high=_bound(info, Le, "le"),
        options=options,
        optional=optional,
        meaning=info.description or "",
        source=extra.get("source", ""),
    )


def _is_union(annotation: Any) -> bool:  # noqa: ANN401
    return get_origin(annotation) is types.UnionType


def _bound(info: FieldInfo, kind: type, attribute: str) -> float | None:
    return next((getattr(rule, attribute) for rule in info.metadata if isinstance(rule, kind)), None)

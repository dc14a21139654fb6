"""The one-by-one twin: the model with its formulas called for one firm, site, block or machine at a time.

A tick hands whole columns to the formulas of `agents.economics`, or calls them in compiled loops. In the twin
each of them is called in a Python loop, once an entry, with plain numbers: formulas of columns have their
answers put together again, and loops that call formulas of one entry run as the Python they are written in.
Everything else (sums, sorting, book-keeping, recording, the market's assignment problem) stays as it is, so
the twin is quicker than a model written agent by agent would be, and a speed measured against it understated.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np

import agents.economics
from agents.compiled import compiled_functions, is_compiled
from agents.economics.tenants import Alternatives

WHOLE = {"asked_price", "clear_leases", "lease_line", "shared_waits", "trusted"}
"""Left on columns: markets and a queue are one for all, and lease lines come as blocks by products."""
TABLES = {"table_value", "turns", "uptime_and_margin"}
"""What they are given first is a table with a column an entry; the loop goes over columns."""
BEST_OF_ALTERNATIVES = {"highest_rent"}
"""An answer holds the best of a tenant's alternatives, which are the first axis of what it is given."""


def formulas() -> dict[Callable[..., Any], str]:
    """Return the formulas that have an answer for each entry, with their names."""
    found = {}
    for module in pkgutil.iter_modules(agents.economics.__path__):
        content = importlib.import_module(f"agents.economics.{module.name}")
        for name, value in vars(content).items():
            own = inspect.isfunction(value) and value.__module__ == content.__name__
            if own and not name.startswith("_") and name not in WHOLE:
                found[value] = name
    return found


def _is_record(value: Any) -> bool:
    return isinstance(value, tuple) and hasattr(value, "_fields")


def _shape(value: Any, best: bool) -> tuple[int, ...]:
    if _is_record(value):
        shapes = (np.shape(field) for field in value)
        skipped = 1 if best and isinstance(value, Alternatives) else 0
        return np.broadcast_shapes(*(shape[skipped:] for shape in shapes))
    return np.shape(value)


def _entries(value: Any, shape: tuple[int, ...], best: bool) -> list[Any]:
    """Return what an argument holds for each entry of the answer, as plain numbers and records of them."""
    if not _is_record(value):
        return np.broadcast_to(value, shape).ravel().tolist()
    if best and isinstance(value, Alternatives):
        count = np.shape(value.ready)[0]
        fields = (np.broadcast_to(field, (count, *shape)).reshape(count, -1).T for field in value)
    else:
        fields = (_entries(field, shape, best) for field in value)
    return [type(value)(*row) for row in zip(*fields, strict=True)]


def _joined(answers: list[Any], shape: tuple[int, ...]) -> Any:
    if isinstance(answers[0], tuple):
        parts = [np.array(part).reshape(shape) for part in zip(*answers, strict=True)]
        return type(answers[0])(*parts) if _is_record(answers[0]) else tuple(parts)
    return np.array(answers).reshape(shape)


def looped(formula: Callable[..., Any]) -> Callable[..., Any]:
    """Return the formula as a loop over entries."""
    best = formula.__name__ in BEST_OF_ALTERNATIVES
    if formula.__name__ in TABLES:
        return lambda table, *rest: np.concatenate(
            [formula(table[:, each : each + 1], *rest) for each in range(table.shape[1])]
            or [formula(table, *rest)],
            axis=-1,
        )

    def loop(*args: Any, **options: Any) -> Any:
        given = [*args, *options.values()]
        shape = np.broadcast_shapes(*(_shape(value, best) for value in given))
        if shape == () or 0 in shape:
            return formula(*args, **options)
        rows = zip(*(_entries(value, shape, best) for value in given), strict=True)
        count = len(args)
        answers = [formula(*row[:count], **dict(zip(options, row[count:], strict=True))) for row in rows]
        return _joined(answers, shape)

    return loop


def calling_formulas() -> list[tuple[Any, str, Any]]:
    """Return the compiled formulas of one entry, and the compiled loops that call them, directly or not."""
    everything = compiled_functions()
    found = {
        value
        for _, name, value in everything
        if value.py_func.__module__.startswith("agents.economics.")
        and not name.startswith("_")
        and name not in WHOLE
    }
    while True:
        more = {value for _, _, value in everything if value not in found and _calls(value, found)}
        if not more:
            return [each for each in everything if each[2] in found]
        found |= more


def _calls(loop: Any, functions: set[Any]) -> bool:
    names = loop.py_func.__globals__
    called = (names.get(name) for name in loop.py_func.__code__.co_names)
    return any(is_compiled(each) and each in functions for each in called)


@contextmanager
def one_by_one() -> Iterator[None]:
    """Let the model call its formulas one entry at a time inside the block."""
    known = formulas()
    patches = [patch.object(module, name, value.py_func) for module, name, value in calling_formulas()]
    patches += [
        patch.object(module, name, looped(value))
        for module_name, module in list(sys.modules.items())
        if module_name.startswith("model.")
        for name, value in list(vars(module).items())
        if inspect.isfunction(value) and value in known
    ]
    with ExitStack() as stack:
        # Numbers of numpy warn where compiled ones do not: a division by zero gives infinity.
        stack.enter_context(np.errstate(all="ignore"))
        for each in patches:
            stack.enter_context(each)
        yield

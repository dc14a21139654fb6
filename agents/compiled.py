"""Compiled loops: what a month asks of whole tables at once, where a chain of array operations is slow.

An array operation on some hundred rows costs less for its arithmetic than for being called, and a month needs
thousands of them. A compiled loop does many at once. Such a function takes arrays and plain numbers, reads
like the loop over rows it is, and answers to the last bit what the same text answers uncompiled: no operation
is reordered, merged or approximated. Exponentials and logarithms stay with numpy, whose last digit differs.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any, cast

import numpy as np
from numba import config, njit
from numba.core.dispatcher import Dispatcher

KEPT = Path(__file__).parent / "__pycache__"
"""Where loops are kept, unless numba is told another folder (`NUMBA_CACHE_DIR`) or may not write here."""


def compiled[F: Callable[..., Any]](function: F) -> F:
    """Compile a function when it is first called, and keep the result on disk for the next process.

    What is kept is renewed when the function's file changes, or a constant, an enumeration or a compiled
    function that it imports from another file.
    """
    settings: Any = config
    usual = settings.CACHE_DIR
    settings.CACHE_DIR = str(Path(usual or KEPT) / digest_of_imports(function))
    try:
        # As with arrays, a division by zero gives an infinity or no number.
        return cast("F", njit(cache=True, error_model="numpy")(function))
    finally:
        settings.CACHE_DIR = usual


def digest_of_imports(function: Callable[..., Any]) -> str:
    """Return a digest of the values that a function's module has imported and that its text names."""
    return hashlib.blake2b(repr(_read_by(function)).encode(), digest_size=8).hexdigest()


def _read_by(function: Callable[..., Any]) -> list[tuple[str, Any]]:
    names, code = getattr(function, "__globals__", {}), getattr(function, "__code__", None)
    if code is None:
        return []
    # A function that calls itself does not import itself.
    read = [name for name in code.co_names if name in names and name != code.co_name]
    return [(name, _told(names[name])) for name in read]


def _told(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, type) and issubclass(value, Enum):
        return list(value)
    if is_compiled(value):
        called = cast("Any", value).py_func
        return called.__code__.co_code, called.__code__.co_consts, _read_by(called)
    return value if isinstance(value, int | float | tuple | np.generic) else None


def compiled_anew(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a compiled function once more, with the constants of its module as they now are.

    The first time holds them as they were then, whoever changes them later.
    """
    return njit(error_model="numpy")(cast("Any", function).py_func)


def is_compiled(value: object) -> bool:
    """Tell whether something is a compiled function."""
    return isinstance(value, Dispatcher)


def compiled_functions() -> list[tuple[Any, str, Any]]:
    """Return module, name and function of every compiled function of the modules imported so far."""
    return [
        (module, name, value)
        for module_name, module in list(sys.modules.items())
        if module_name.startswith(("agents.", "model."))
        for name, value in list(vars(module).items())
        if is_compiled(value)
    ]


def kept_on_disk() -> float:
    """Return the share of these functions that an earlier process has left compiled on disk."""
    functions = [function for _, _, function in compiled_functions()]
    found = [
        any(Path(function.stats.cache_path).glob(f"*.{code.co_qualname}-{code.co_firstlineno}.*.nbi"))
        for function in functions
        if (code := function.py_func.__code__)
    ]
    return sum(found) / len(found) if found else 1.0

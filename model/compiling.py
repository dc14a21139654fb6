"""Compiles the model's loops before anything waits for them: `python -m model.compiling`.

They are compiled when they are first needed and then kept on disk, so this takes a while once only.
"""

from __future__ import annotations

import sys

from agents.compiled import kept_on_disk

MONTHS = 60
"""Long enough a run for nearly every loop to be needed."""
MOST = 0.5
"""Share of the loops found on disk that is enough; some serve what happens in few runs only."""


def compile_model(quiet: bool = False) -> None:
    """Compile the loops of the model, and say so, unless an earlier process has left them on disk."""
    from model.industry import Industry

    if kept_on_disk() >= MOST:
        return
    if not quiet:
        print("compiling the model, once after an installation (half a minute)", file=sys.stderr, flush=True)
    Industry(rng=0).run_for(MONTHS)


if __name__ == "__main__":
    compile_model()

"""The choice of a stored run or study: one of those at hand, or the path of another."""

from __future__ import annotations

from collections.abc import Callable

import solara

from viz.folders import Holding, holding, stored

VIEWS: dict[Holding, str] = {"run": "Replay", "study": "Ensemble"}
NAMES: dict[Holding, str] = {"run": "Stored runs", "study": "Stored studies"}


@solara.component
def FolderChoice(
    kind: Holding, chosen: str, choose: Callable[[str], None], refuse: Callable[[str], None]
) -> None:
    """Show which folder is open, and let another of the kind be chosen."""
    found = solara.use_memo(lambda: stored(kind, chosen), [chosen])

    def typed(text: str) -> None:
        folder = text.strip()
        held = holding(folder) if folder else ""
        if held and held != kind:
            refuse(f"{folder} holds a {held}: open it under {VIEWS[held]}")
        elif folder and folder != chosen:
            choose(folder)

    if found:
        solara.Select(
            NAMES[kind],
            found,
            value=chosen if chosen in found else None,
            dense=True,
            on_value=lambda folder: choose(folder) if folder else None,
        )
    label = "or the path of a folder" if found else "Path of a folder"
    solara.InputText(label, value=chosen, dense=True, on_value=typed)

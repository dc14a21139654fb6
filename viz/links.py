"""Links that bring back what was on show: view, scenario, seed, settings, month, tab and theme."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

VIEWS = ("live", "replay", "compare", "ensemble")


@dataclass(frozen=True)
class Link:
    """What a link says; what it leaves out is as at the start."""

    view: str = "live"
    scenario: str = "reference"
    seed: int = 0
    month: str = ""
    """Such as 2027-04; empty for the first."""
    tab: str = ""
    folder: str = ""
    """Stored run or study."""
    run: int = -1
    """Run of the study to replay."""
    other: str = ""
    """Second scenario of a comparison."""
    dark: bool = False
    settings: dict[str, Any] = field(default_factory=dict)

    def query(self) -> str:
        """Return the link as the query of an address, such as ?scenario=no_ai&seed=3."""
        pairs: list[tuple[str, str]] = []
        start = Link()
        for name in ("view", "scenario", "seed", "month", "tab", "folder", "run", "other"):
            value = getattr(self, name)
            if value != getattr(start, name):
                pairs.append((name, str(value)))
        if self.dark:
            pairs.append(("theme", "dark"))
        pairs += [("set", f"{name}={json.dumps(value)}") for name, value in sorted(self.settings.items())]
        return f"?{urlencode(pairs)}" if pairs else "?"


def read_link(query: str | None, **otherwise: Any) -> Link:  # noqa: ANN401
    """Return what the query of an address says; what makes no sense is left out.

    Args:
        query: Such as scenario=no_ai&seed=3, with or without a question mark.
        **otherwise: Fields of a link that hold where the query is silent.
    """
    found: dict[str, Any] = dict(otherwise)
    settings: dict[str, Any] = {}
    for name, value in parse_qsl((query or "").lstrip("?")):
        if name == "set":
            key, _, text = value.partition("=")
            settings[key] = _value(text)
        elif name == "theme":
            found["dark"] = value == "dark"
        elif name in ("seed", "run"):
            found |= {name: int(value)} if value.isdecimal() else {}
        elif name == "view":
            found |= {"view": value} if value in VIEWS else {}
        elif name in ("scenario", "month", "tab", "folder", "other"):
            found[name] = value
    return Link(**{**found, "settings": settings or found.get("settings", {})})


def _value(text: str) -> Any:  # noqa: ANN401
    try:
        return json.loads(text)
    except ValueError:
        return text

"""One colour for each thing, everywhere: on figures, on the command line and in the live view.

The hues are those of Okabe and Ito (2008), which people with any of the common colour deficiencies can tell
apart, and a violet that keeps as far from all of them; black is what is asked for, greys are what lies idle.
"""

from __future__ import annotations

ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILLION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
VIOLET = "#8E44EC"
BLACK, DARK, GREY, LIGHT, PALE = "#000000", "#555555", "#999999", "#D9D9D9", "#F2F2F2"

USES = {
    "mining": ORANGE,
    "idle": GREY,
    "building": SKY,
    "subleased": GREEN,
    "converted": BLUE,
    "pipeline": LIGHT,
}
"""What megawatts do, in the order in which they are stacked."""
SOURCES = {"grid": PURPLE, "onsite": YELLOW, "miners": VERMILLION}
"""Where power for AI comes from, in the order in which it is stacked."""
PRODUCTS = {"shell": USES["subleased"], "colocation": USES["converted"], "cloud": VIOLET}
"""What AI tenants rent."""
DEMAND, GAP = BLACK, PALE
BASES = {"hash": ORANGE, "mw": DARK, "ai": BLUE, "value": PURPLE}
"""What concentration is measured on."""
BASE_DASHES = {"hash": (), "mw": (5, 2), "ai": (1, 1.5), "value": (7, 2, 1, 2)}
"""Dash patterns of the same, for print without colour."""
ARMS = (DARK, BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
"""Arms of a comparison, the baseline first."""
SURVIVORS, HASHPRICE, NETWORK, HALVING = BLACK, ORANGE, DARK, GREY

LABELS = {
    "mining": "mining",
    "idle": "idle",
    "building": "being built for AI",
    "subleased": "let as powered shell",
    "converted": "AI hall or GPU cloud",
    "pipeline": "not yet energised",
    "grid": "from the grid",
    "onsite": "behind the meter",
    "miners": "from miners",
    "hash": "hash",
    "mw": "megawatts",
    "ai": "AI megawatts",
    "value": "enterprise value",
}
"""What the keys above are called on figures."""

ARMS = (DARK, BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
"""Arms of a comparison, the baseline first."""

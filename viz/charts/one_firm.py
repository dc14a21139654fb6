"""One firm over time: what it is worth, and what its megawatts do."""

from __future__ import annotations

from model import palette
from viz.drawing import Figure, Looks, area, figure, layout, line, time_axis
from viz.firm import history
from viz.record import Moment

PARTS = {
    "value_mining": ("mining", palette.USES["mining"]),
    "value_leases": ("leases", palette.USES["converted"]),
    "value_pipeline": ("pipeline and options", palette.USES["pipeline"]),
}


def value(moment: Moment, looks: Looks, firm: str) -> Figure:
    """Stack the parts of the firm's value, with what is left after debt and treasury."""
    past = history(moment, firm)
    parts = [area(past, column, name, colour, unit="million USD") for column, (name, colour) in PARTS.items()]
    equity = line(past, "equity_value", "after debt and treasury", looks.ink, unit="million USD", dash="dash")
    return figure(
        [*parts, equity], layout(looks, "Value", "million USD", xaxis=time_axis(looks, moment.span))
    )


def megawatts(moment: Moment, looks: Looks, firm: str) -> Figure:
    """Stack the firm's megawatts by what they do."""
    past = history(moment, firm)
    parts = [
        area(past, f"{use}_mw", palette.LABELS[use], colour, unit="MW")
        for use, colour in palette.USES.items()
    ]
    return figure(parts, layout(looks, "Megawatts", "MW", xaxis=time_axis(looks, moment.span)))

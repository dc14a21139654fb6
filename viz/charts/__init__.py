"""The charts of the view: pure functions from a moment of a run to a figure."""

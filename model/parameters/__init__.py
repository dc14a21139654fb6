"""The parameter groups of a scenario: type, unit, bounds, default, meaning and source of every number."""

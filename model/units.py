"""Units as people write them; in names of columns and parameters they are short."""


def spelled(unit: str) -> str:
    """Return a unit as people write it."""
    return unit.replace("musd", "million USD").replace("busd", "billion USD")

"""Who decides, and how they reckon: miners, AI customers, grid operators, their strategies and formulas."""

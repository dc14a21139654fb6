"""Analysis of studies: intervals, sensitivities, discovery, survival, figures and the report."""

"""The claims of the source article: rules written first, experiments that could refute, verdicts."""

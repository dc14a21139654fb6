"""The live view: watch a run, replay a stored one, compare two, or look at an ensemble."""

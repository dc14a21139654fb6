"""Studies of the model: designs, runner, store, analysis, figures and the command line."""

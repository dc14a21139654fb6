"""Validation: the model against history, against closed forms, against the patterns it should show."""

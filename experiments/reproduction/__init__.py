"""Figures and tables of the documentation, made again from seeds and held to stored values."""

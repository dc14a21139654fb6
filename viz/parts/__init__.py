"""Parts the views are put together from."""

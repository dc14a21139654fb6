"""The world the agents decide in: markets, network, grid and finance, and the Mesa model that runs them."""

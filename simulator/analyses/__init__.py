"""Operating point, sweeps and transients, as generators of results."""

"""Noise in time: processes sampled by exact steps, and what shakes the nodes of a chip."""

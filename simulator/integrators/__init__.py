"""Stepping a chip through time, one method a file."""

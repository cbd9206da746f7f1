"""Samples to present to a chip: embedded sets and files."""

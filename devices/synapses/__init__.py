"""Weights between neurons: how they drive, and how they change."""

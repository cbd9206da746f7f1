"""Simulates analog chips that learn by settling to equilibrium."""

__version__ = "0.1.0"

"""Leaky integrators and their activations."""

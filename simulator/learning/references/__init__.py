"""Gradients by other roads: the yardsticks of the local rules."""

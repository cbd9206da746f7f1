"""Memristors: two-terminal devices whose conductance is a state that their own voltage moves."""

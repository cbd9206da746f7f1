"""Solving linear systems, sparse and structured."""

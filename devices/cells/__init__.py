"""Memory devices that hold weights: how they are written, what they keep, how they are read."""

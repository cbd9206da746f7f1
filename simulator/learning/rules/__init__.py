"""What each weight makes of what it feels at its own terminals."""

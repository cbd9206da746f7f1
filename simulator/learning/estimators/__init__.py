"""Which phases are run, and how their contrasts make one estimate."""

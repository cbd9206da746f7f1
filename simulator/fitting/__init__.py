"""Device models from measured pulses: the mean step, its spread and its noise."""

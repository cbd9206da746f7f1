"""Parts around an array: nudges, converters, sample-and-holds."""

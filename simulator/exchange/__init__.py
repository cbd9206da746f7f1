"""Other programs' formats: SPICE, raw files, tables."""

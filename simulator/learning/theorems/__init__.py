"""The theorems of the field, tried on a chip as it is: one file a theorem."""

"""Results on disk: one HDF5 file a run."""

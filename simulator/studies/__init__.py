"""Studies: one chip at many points, kept in one labelled dataset, never twice and never lost."""

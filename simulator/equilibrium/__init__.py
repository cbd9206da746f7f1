"""Finding the state where no current is left over."""

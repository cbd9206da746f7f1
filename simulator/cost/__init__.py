"""What an answer costs, and what it says: losses, decoding, errors."""

"""Letters and how they are written, as values."""

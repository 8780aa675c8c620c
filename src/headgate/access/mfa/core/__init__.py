"""Second factors as values."""

"""The stock record, and the arithmetic of reservations."""

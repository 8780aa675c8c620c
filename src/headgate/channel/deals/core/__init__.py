"""Pure parts of deals."""

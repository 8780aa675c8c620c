"""Pure parts of price exceptions."""

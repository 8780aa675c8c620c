"""Pure parts: an order's state, the book of facts of a batch, the actions."""

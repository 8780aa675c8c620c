"""The pages: each reads what the reader may see, hands values to a view, or puts an event into the log."""

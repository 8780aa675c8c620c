"""Moving running cases to another version of their process: rehearsed first, then case by case through the log."""

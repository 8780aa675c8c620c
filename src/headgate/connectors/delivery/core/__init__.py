"""Deciding about deliveries without delivering: pace, breaker, verdicts, addresses, messages."""

"""Recorded histories: what came from outside and what was made of it, replayed against today's engine."""

"""Agreements as authored: reading a draft, its digest, and the lifecycle."""

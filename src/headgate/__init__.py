"""Headgate governs partner and channel operations: every outcome is decided by a policy version and explains itself."""

__version__ = "0.1.0"

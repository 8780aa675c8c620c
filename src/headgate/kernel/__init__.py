"""F0: ids, money, clock, errors, tenant context, settings. Imports nothing of Headgate; no I/O but reading settings."""

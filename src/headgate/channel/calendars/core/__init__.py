"""Calendars as values, without a database."""

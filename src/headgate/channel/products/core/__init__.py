"""The product record and how it is read from an event."""

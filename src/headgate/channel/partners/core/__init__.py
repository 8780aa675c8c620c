"""The partner record and how it is read from an event."""

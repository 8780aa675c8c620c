"""The scenario language without I/O: what a scenario is, how it is read, and how what came is held against it."""

"""Packs without I/O: the form of metric files, and the files of a new pack."""

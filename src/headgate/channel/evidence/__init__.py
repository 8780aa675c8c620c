"""Files that partners send: what is taken, and how it is kept with what it belongs to."""

from headgate.channel.evidence.core.reading import MOST_BYTES, MOST_FILES, Evidence, clean_name, read_evidence
from headgate.channel.evidence.shelf import KeptFile, Shelf, file_name

__all__ = [
    "MOST_BYTES",
    "MOST_FILES",
    "Evidence",
    "KeptFile",
    "Shelf",
    "clean_name",
    "file_name",
    "read_evidence",
]

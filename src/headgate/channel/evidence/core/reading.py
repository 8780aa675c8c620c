"""Files that partners send as evidence: what they are is read from their bytes, never believed from their names.

Only kinds that people need as evidence are taken. A file is never unpacked: of an Office document the table of contents
is read, and one that would unpack to something huge, names places outside itself or carries macros is refused.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass

from headgate.kernel.errors import invalid
from headgate.kernel.phrases import phrase

MOST_BYTES = 5_000_000
MOST_FILES = 20
MOST_UNPACKED = 100_000_000
MOST_ENTRIES = 2000
MOST_RATIO = 150
_LONGEST_NAME = 120
_UNFIT = re.compile(r"[^\w .,()&+@=\-\[\]]")
_KINDS = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "txt": "text/plain",
    "eml": "message/rfc822",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_WORDS = "a PDF, PNG, JPEG, text, e-mail (.eml), Word or Excel file"
_MARKUP = re.compile(rb"<\s*(!doctype|html|script|svg|iframe|body)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A file as it is kept: a name without any path, its media type, its bytes."""

    name: str
    media_type: str
    content: bytes


def read_evidence(name: str, content: bytes) -> Evidence:
    """A file that came with a deal. Raises `Invalid` naming the file and what to do."""
    shown = clean_name(name)
    if not content:
        raise invalid("evidence", shown, "is empty", "Choose the file again.")
    if len(content) > MOST_BYTES:
        raise invalid("evidence", shown, "is larger than 5 MB", "Send the pages that matter, or a smaller scan.")
    ending = shown.rpartition(".")[2].lower()
    if ending not in _KINDS:
        raise invalid("evidence", shown, "is of a kind that is not taken", phrase("Send %(words)s.", words=_WORDS))
    if not _is(ending, content, shown):
        raise invalid(
            "evidence", shown, "is not what its name says", phrase("Send %(words)s under its own ending.", words=_WORDS)
        )
    return Evidence(shown, _KINDS[ending], content)


def clean_name(name: str) -> str:
    """A file's name without folders, control characters and signs that mean something to systems."""
    last = re.split(r"[/\\]", name)[-1]
    plain = _UNFIT.sub("_", last).strip(" .")
    stem, dot, ending = plain.rpartition(".")
    if not dot:
        stem, ending = plain, ""
    stem = stem[: _LONGEST_NAME - 8].strip(" .") or "file"
    return f"{stem}.{ending[:7]}" if ending else stem


def _is(ending: str, content: bytes, shown: str) -> bool:
    if ending == "pdf":
        return content.startswith(b"%PDF-")
    if ending == "png":
        return content.startswith(b"\x89PNG\r\n\x1a\n")
    if ending in ("jpg", "jpeg"):
        return content.startswith(b"\xff\xd8\xff")
    if ending in ("docx", "xlsx"):
        return _office(content, "word/" if ending == "docx" else "xl/", shown)
    return _plain(content, markup=ending == "eml")


def _plain(content: bytes, *, markup: bool) -> bool:
    """Text that is text: no binary, and no page that a browser might take it for (an e-mail may carry one)."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    if any(ord(c) < 32 and c not in "\t\r\n\f" for c in text):
        return False
    return markup or not _MARKUP.search(content[:4096])


def _office(content: bytes, folder: str, shown: str) -> bool:
    if not content.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OverflowError):
        return False
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MOST_ENTRIES or unpacked > MOST_UNPACKED or unpacked > MOST_RATIO * len(content):
        raise invalid("evidence", shown, "would unpack to far more than it seems", "Send it as a PDF.")
    names = {entry.filename for entry in entries}
    if any(name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) for name in names):
        return False
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise invalid("evidence", shown, "carries macros", "Save it without macros, or send it as a PDF.")
    return "[Content_Types].xml" in names and any(name.startswith(folder) for name in names)

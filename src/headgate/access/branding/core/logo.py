"""A logo as bytes that are safe to show: PNG or JPEG, known by what they are, with nothing in them but the picture.

Only the parts that draw are kept; comments, positions of cameras, previews and whatever follows the picture's end are
left out, so that a file which is a picture and something else comes out as the picture alone. Formats: PNG third
edition (W3C 2025, chapters 5 and 11); JPEG, ITU-T T.81 annex B.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass

from headgate.kernel.errors import Invalid, invalid
from headgate.kernel.phrases import phrase

LOGO_BYTES = 100_000
LOGO_PIXELS = 2000  # along either side

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_DRAWN = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD", b"pHYs"})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
# Application segments that say how colours are meant (JFIF, Adobe); all others, and comments, tell about the file.
_TELLS = (frozenset(range(0xE0, 0xF0)) - {0xE0, 0xEE}) | {0xFE}


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture: its media type, its bytes, its size in pixels."""

    media_type: str
    content: bytes
    width: int
    height: int

    @property
    def mark(self) -> str:
        """What changes when the picture does."""
        return hashlib.sha256(self.content).hexdigest()[:16]


def read_logo(content: bytes) -> Logo:
    """The picture in an uploaded file. SVG is refused, for it may carry scripts. Raises `Invalid`."""
    size = f"{len(content)} bytes"
    if len(content) > LOGO_BYTES:
        raise invalid("logo", size, "is larger than 100 kB", "Save it as a PNG about 400 pixels wide.")
    if content.startswith(_PNG):
        logo = _png(content)
    elif content.startswith(_JPEG):
        logo = _jpeg(content)
    else:
        raise invalid("logo", size, "is no PNG or JPEG", "Save it as a PNG; an SVG may hold scripts.")
    if not (1 <= logo.width <= LOGO_PIXELS and 1 <= logo.height <= LOGO_PIXELS):
        shape = f"{logo.width} × {logo.height}"
        raise invalid(
            "logo",
            shape,
            phrase("is not 1 to %(logo_pixels)s pixels a side", logo_pixels=LOGO_PIXELS),
            "Save it about 400 pixels wide.",
        )
    return logo


def _png(content: bytes) -> Logo:
    kept, at, width, height, drawn = [_PNG], len(_PNG), 0, 0, False
    while True:
        if at + 12 > len(content):
            raise _broken(phrase("ends before its picture does"))
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            raise _broken(phrase("ends before its picture does"))
        chunk = content[at:end]
        if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:]):
            raise _broken(phrase("is damaged"))
        if (len(kept) == 1) != (kind == b"IHDR") or (kind == b"IHDR" and length != 13):
            raise _broken(phrase("is damaged"))
        if kind == b"IHDR":
            width, height = struct.unpack_from(">II", chunk, 8)
        drawn = drawn or kind == b"IDAT"
        if kind in _DRAWN:
            kept.append(chunk)
        if kind == b"IEND":
            break
        at = end
    if not drawn:
        raise _broken(phrase("has no picture in it"))
    return Logo("image/png", b"".join(kept), width, height)


def _jpeg(content: bytes) -> Logo:
    kept, at, width, height, drawn = [_JPEG], 2, 0, 0, False
    while True:
        while content[at : at + 2] == b"\xff\xff":  # fill bytes
            at += 1
        if at + 2 > len(content) or content[at] != 0xFF:
            raise _broken("ends before its picture does" if at + 2 > len(content) else "is damaged")
        marker = content[at + 1]
        if marker == 0xD9:
            break
        if marker in _ALONE:
            at += 2
            continue
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4])
        if end < at + 4 or end > len(content):
            raise _broken(phrase("ends before its picture does"))
        if marker in _FRAMES and end >= at + 9:
            height, width = struct.unpack_from(">HH", content, at + 5)
        if marker == 0xDA:
            end, drawn = _scan_end(content, end), True
        if marker not in _TELLS:
            kept.append(content[at:end])
        at = end
    if not drawn:
        raise _broken(phrase("has no picture in it"))
    return Logo("image/jpeg", b"".join((*kept, b"\xff\xd9")), width, height)


def _scan_end(content: bytes, at: int) -> int:
    """Where the coded picture that begins at `at` gives way to the next marker."""
    while (found := content.find(b"\xff", at)) >= 0 and found + 1 < len(content):
        follows = content[found + 1]
        if follows != 0xFF and follows != 0 and not 0xD0 <= follows <= 0xD7:
            return found
        at = found + (1 if follows == 0xFF else 2)
    raise _broken(phrase("ends before its picture does"))


def _broken(message: str) -> Invalid:
    return invalid("logo", "", message, "Save the picture again, as a PNG.")

"""Static files with an address that changes when their bytes change, so that browsers may keep them for ever.

Our styles and scripts are written as several small files and served as one: `app.css` and `app.js`.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from headgate.kernel.errors import NotFound
from headgate.kernel.phrases import phrase

STATIC = Path(__file__).parent / "static"
PREFIX = "/assets"
CACHE_CONTROL = "public, max-age=31536000, immutable"

# Order matters: later styles may refine earlier ones.
STYLES = (
    "tokens",
    "base",
    "layout",
    "controls",
    "states",
    "tables",
    "panels",
    "timeline",
    "charts",
    "overlays",
    "pages",
    "policies",
    "portal",
    "palette",
    "queue",
    "live",
    "calendars",
    "account",
    "brand",
    "print",
)
SCRIPTS = (
    "words",
    "theme",
    "zone",
    "times",
    "copy",
    "dialogs",
    "passkeys",
    "forms",
    "drafts",
    "keyboard",
    "palette",
    "choosing",
    "held",
    "live",
)

# What one page alone needs, loaded by that page; each folder of `static` named here is one file.
PAGE_SCRIPTS = {
    "policy-editor.js": ("editor", ("model", "words", "grid", "cases", "page")),
    "diagram.js": ("diagram", ("diagram",)),
}
PAGE_STYLES = {"styleguide.css": ("guide", ("styleguide",))}

_MEDIA = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_COMMENT = re.compile(rb"[ \t]*/\*.*?\*/\n?", re.DOTALL)
_COMPRESSED = {".css", ".js", ".svg"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent: its bytes, the same bytes gzipped when that helps, and its media type."""

    body: bytes
    gzipped: bytes | None
    media_type: str


@dataclass(frozen=True, slots=True)
class Assets:
    """All static files under one version, which is a digest over every byte of them."""

    version: str
    files: Mapping[str, Asset]

    def url(self, name: str) -> str:
        """The address of a file. Raises `NotFound` for a name that does not exist, so a typing slip fails in tests."""
        self.get(name)
        return f"{PREFIX}/{self.version}/{name}"

    def get(self, name: str) -> Asset:
        """The file of that name. Raises `NotFound`."""
        try:
            return self.files[name]
        except KeyError:
            raise NotFound(phrase("there is no static file %(name)s", name=repr(name))) from None


def load_assets(static: Path = STATIC) -> Assets:
    """Read and bundle the static files; once, at start."""
    bodies = {
        "app.css": b"\n".join(without_comments((static / "css" / f"{name}.css").read_bytes()) for name in STYLES),
        "app.js": b"\n".join((static / "js" / f"{name}.js").read_bytes() for name in SCRIPTS),
        **{
            name: b"\n".join((static / folder / f"{part}{Path(name).suffix}").read_bytes() for part in parts)
            for name, (folder, parts) in {**PAGE_SCRIPTS, **PAGE_STYLES}.items()
        },
        "logo.svg": (static / "logo.svg").read_bytes(),
    }
    for path in sorted((static / "vendor").iterdir()):
        if path.suffix in _MEDIA:
            bodies[path.name] = path.read_bytes()
    version = hashlib.sha256(b"".join(name.encode() + bodies[name] for name in sorted(bodies))).hexdigest()[:12]
    return Assets(version, MappingProxyType({name: _asset(name, body) for name, body in bodies.items()}))


def without_comments(css: bytes) -> bytes:
    """Styles as they are sent: why they are so is for those who read the source."""
    return _COMMENT.sub(b"", css)


def _asset(name: str, body: bytes) -> Asset:
    suffix = Path(name).suffix
    packed = gzip.compress(body, mtime=0) if suffix in _COMPRESSED else None
    return Asset(body, packed, _MEDIA[suffix])

"""A tenant's look: a name and one accent colour, from which every accent shade is derived with its contrast kept.

The platform allows no inline style, so the shades are served as a small stylesheet of their own.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headgate.kernel.errors import Invalid, invalid
from headgate.ui.colour import Rgb, mix, parse_hex, readable_on, to_hex

_WHITE: Rgb = (255, 255, 255)
_LIGHT_SURFACE: Rgb = (255, 255, 255)
_DARK_SURFACE: Rgb = (23, 24, 28)
_LIGHT_DARKEST: Rgb = (235, 235, 240)  # --pressed, the darkest ground that accent text stands on
_DARK_LIGHTEST: Rgb = (42, 43, 50)
_INK: Rgb = (16, 17, 20)
_TEXT_RATIO = 4.6  # a little above the 4.5 that WCAG AA asks, so that rounding cannot drop below it


@dataclass(frozen=True, slots=True)
class Brand:
    """Name as shown beside the mark, accent as `#rrggbb`, and a logo as media type and bytes."""

    name: str
    accent: str
    logo: tuple[str, bytes] | None = None


DEFAULT_BRAND = Brand(name="Headgate", accent="#4646c6")


LOGO_BYTES = 100_000
_SIGNATURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def logo_of(content: bytes) -> tuple[str, bytes]:
    """A logo as media type and bytes. PNG or JPEG only: an SVG could carry a script. Raises `Invalid`."""
    media_type = next((kind for start, kind in _SIGNATURES.items() if content.startswith(start)), "")
    if not media_type or len(content) > LOGO_BYTES:
        size = f"{len(content)} bytes"
        raise invalid("logo", size, "is no PNG or JPEG of at most 100 kB", "Save it as a PNG about 400 pixels wide.")
    return media_type, content


def tenant_brand(name: str, settings: Mapping[str, Any]) -> Brand:
    """A tenant's look by its settings: `brand: {name, accent: "#rrggbb", logo: Base64 of a PNG or JPEG}`. What is not
    usable is left out, so that no setting can break a page."""
    chosen = settings.get("brand")
    chosen = chosen if isinstance(chosen, Mapping) else {}
    accent = chosen.get("accent")
    try:
        parse_hex(accent if isinstance(accent, str) else "")
    except Invalid:
        accent = DEFAULT_BRAND.accent
    shown = chosen.get("name")
    return Brand(
        shown if isinstance(shown, str) and shown.strip() else name, str(accent), _stored_logo(chosen.get("logo"))
    )


def _stored_logo(text: object) -> tuple[str, bytes] | None:
    if not isinstance(text, str) or not text:
        return None
    try:
        return logo_of(base64.b64decode(text, validate=True))
    except (Invalid, binascii.Error, ValueError):
        return None


def stylesheet_address(brand: Brand | None, address: str) -> str:
    """Where the stylesheet of a brand is, with what changes when it does; '' for the accent that all start with."""
    if brand is None or brand.accent == DEFAULT_BRAND.accent:
        return ""
    mark = "&" if "?" in address else "?"
    return f"{address}{mark}v={hashlib.sha256(brand_css(brand).encode()).hexdigest()[:12]}"


def brand_css(brand: Brand) -> str:
    """The stylesheet that sets the accent tokens for both themes. Raises `Invalid` for an accent that is no colour."""
    chosen = parse_hex(brand.accent)
    light_soft, dark_soft = mix(_LIGHT_SURFACE, chosen, 0.09), mix(_DARK_SURFACE, chosen, 0.20)
    light = readable_on(readable_on(chosen, light_soft, _TEXT_RATIO), _LIGHT_DARKEST, _TEXT_RATIO)
    dark = readable_on(readable_on(chosen, dark_soft, _TEXT_RATIO), _DARK_LIGHTEST, _TEXT_RATIO)
    solid_light = readable_on(chosen, _WHITE, _TEXT_RATIO)
    solid_dark = readable_on(chosen, _INK, 6.0)
    pairs = {
        "accent": (light, dark),
        "accent-soft": (light_soft, dark_soft),
        "accent-solid": (solid_light, solid_dark),
        "accent-solid-hover": (mix(solid_light, (0, 0, 0), 0.15), mix(solid_dark, _WHITE, 0.18)),
        "on-accent": (_WHITE, _INK),
    }
    lines = [f"  --{name}: light-dark({to_hex(one)}, {to_hex(two)});" for name, (one, two) in pairs.items()]
    return ":root {\n" + "\n".join(lines) + "\n}\n"

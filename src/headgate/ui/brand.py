"""A tenant's look: a name and one accent colour, from which every accent shade is derived with its contrast kept.

The platform allows no inline style, so the shades are served as a small stylesheet of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from headgate.access.branding import NO_WORDS, Words, colour, logo_mark, words_of
from headgate.kernel.errors import Invalid
from headgate.ui.colour import Rgb, contrast, mix, parse_hex, readable_on, to_hex

_WHITE: Rgb = (255, 255, 255)
_LIGHT_SURFACE: Rgb = (255, 255, 255)
_DARK_SURFACE: Rgb = (23, 24, 28)
_LIGHT_DARKEST: Rgb = (235, 235, 240)  # --pressed, the darkest ground that accent text stands on
_DARK_LIGHTEST: Rgb = (42, 43, 50)
_INK: Rgb = (16, 17, 20)
_TEXT_RATIO = 4.6  # a little above the 4.5 that WCAG AA asks, so that rounding cannot drop below it


@dataclass(frozen=True, slots=True)
class Brand:
    """Name as shown beside the mark, accent as `#rrggbb`, the mark of a logo ('' without one), and what the tenant
    calls partners and deals."""

    name: str
    accent: str
    logo: str = ""
    words: Words = field(default_factory=lambda: NO_WORDS)


DEFAULT_BRAND = Brand(name="Headgate", accent="#4646c6")


def tenant_brand(name: str, settings: Mapping[str, Any]) -> Brand:
    """A tenant's look by its settings (`headgate.access.branding` writes them). What is not usable is left out, so that
    no setting can break a page."""
    chosen = settings.get("brand")
    chosen = chosen if isinstance(chosen, Mapping) else {}
    accent, shown = chosen.get("accent"), chosen.get("name")
    try:
        accent = colour(accent if isinstance(accent, str) else "")
    except Invalid:
        accent = DEFAULT_BRAND.accent
    return Brand(
        shown if isinstance(shown, str) and shown.strip() else name,
        accent,
        logo_mark(settings),
        words_of(chosen.get("words")),
    )


def stylesheet_address(brand: Brand | None, address: str) -> str:
    """Where the stylesheet of a brand is, with what changes when it does; '' for the accent that all start with."""
    if brand is None or brand.accent == DEFAULT_BRAND.accent:
        return ""
    return versioned(address, hashlib.sha256(brand_css(brand).encode()).hexdigest()[:12])


def logo_address(brand: Brand | None, address: str) -> str:
    """Where the logo of a brand is, with what changes when it does; '' without one."""
    return versioned(address, brand.logo) if brand and brand.logo else ""


def versioned(address: str, version: str) -> str:
    """An address that changes with what is found there, so that browsers may keep it."""
    return f"{address}{'&' if '?' in address else '?'}v={version}"


@dataclass(frozen=True, slots=True)
class Shade:
    """One use of the accent in one theme: the colour chosen, the one used, and their contrast with what is behind."""

    chosen: str
    used: str
    before: float
    after: float

    @property
    def corrected(self) -> bool:
        """Whether the colour had to change to be read."""
        return self.chosen != self.used


def shades(accent: str) -> dict[str, Shade]:
    """What becomes of an accent as text and as the ground of buttons, in light and dark. Raises `Invalid`."""
    chosen, found = parse_hex(accent), _tokens(accent)

    def shade(name: str, theme: int, against: Rgb) -> Shade:
        used = found[name][theme]
        return Shade(accent, to_hex(used), contrast(chosen, against), contrast(used, against))

    return {
        "light text": shade("accent", 0, _LIGHT_SURFACE),
        "light button": shade("accent-solid", 0, _WHITE),
        "dark text": shade("accent", 1, _DARK_SURFACE),
        "dark button": shade("accent-solid", 1, _INK),
    }


def brand_css(brand: Brand, scope: str = ":root") -> str:
    """The stylesheet that sets the accent tokens for both themes. Raises `Invalid` for an accent that is no colour."""
    return _css(brand.accent, scope)


@lru_cache(maxsize=512)
def _css(accent: str, scope: str) -> str:
    pairs = _tokens(accent).items()
    lines = [f"  --{name}: light-dark({to_hex(one)}, {to_hex(two)});" for name, (one, two) in pairs]
    return scope + " {\n" + "\n".join(lines) + "\n}\n"


def _tokens(accent: str) -> dict[str, tuple[Rgb, Rgb]]:
    """The accent tokens, light and dark."""
    chosen = parse_hex(accent)
    light_soft, dark_soft = mix(_LIGHT_SURFACE, chosen, 0.09), mix(_DARK_SURFACE, chosen, 0.20)
    light = readable_on(readable_on(chosen, light_soft, _TEXT_RATIO), _LIGHT_DARKEST, _TEXT_RATIO)
    dark = readable_on(readable_on(chosen, dark_soft, _TEXT_RATIO), _DARK_LIGHTEST, _TEXT_RATIO)
    solid_light = readable_on(chosen, _WHITE, _TEXT_RATIO)
    solid_dark = readable_on(chosen, _INK, 6.0)
    return {
        "accent": (light, dark),
        "accent-soft": (light_soft, dark_soft),
        "accent-solid": (solid_light, solid_dark),
        "accent-solid-hover": (mix(solid_light, (0, 0, 0), 0.15), mix(solid_dark, _WHITE, 0.18)),
        "on-accent": (_WHITE, _INK),
    }

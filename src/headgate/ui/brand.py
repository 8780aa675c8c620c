"""A tenant's look: a name and one accent colour, from which every accent shade is derived with its contrast kept.

The platform allows no inline style, so the shades are served as a small stylesheet of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    """Name as shown beside the mark, and accent as `#rrggbb`."""

    name: str
    accent: str


DEFAULT_BRAND = Brand(name="Headgate", accent="#4646c6")


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

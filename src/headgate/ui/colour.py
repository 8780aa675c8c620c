"""Colour arithmetic for contrast. Formulas: WCAG 2.2, relative luminance and contrast ratio, in sRGB."""

from __future__ import annotations

import re
from typing import TypeAlias

from headgate.kernel.errors import invalid

Rgb: TypeAlias = tuple[int, int, int]

_HEX = re.compile(r"#([0-9a-fA-F]{6})")


def parse_hex(text: str) -> Rgb:
    """`#rrggbb` as three numbers 0 to 255. Raises `Invalid`."""
    found = _HEX.fullmatch(text)
    if not found:
        raise invalid("colour", text, "is not a colour", "Write it like #4a46d6.")
    digits = found.group(1)
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def to_hex(colour: Rgb) -> str:
    """Three numbers 0 to 255 as `#rrggbb`."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def luminance(colour: Rgb) -> float:
    """Relative luminance, 0 (black) to 1 (white)."""
    red, green, blue = (_linear(channel / 255) for channel in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Rgb, other: Rgb) -> float:
    """Contrast ratio, 1 (the same) to 21 (black on white)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    """`share` (0 to 1) of the way from one colour to the other, channel by channel."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def readable_on(colour: Rgb, background: Rgb, ratio: float) -> Rgb:
    """The colour, moved towards black or white only as far as needed to reach the ratio against the background."""
    target = (0, 0, 0) if luminance(background) > 0.18 else (255, 255, 255)
    for step in range(101):
        moved = mix(colour, target, step / 100)
        if contrast(moved, background) >= ratio:
            return moved
    return target


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)

"""The reader's choice of light or dark, kept in a cookie so that the first byte already has the right theme."""

from __future__ import annotations

from typing import Literal

Theme = Literal["system", "light", "dark"]

THEME_COOKIE = "headgate_theme"
THEME_MAX_AGE_SECONDS = 365 * 24 * 3600


def parse_theme(value: str | None) -> Theme:
    """The theme a cookie or form field names; anything else means: follow the device."""
    if value == "light":
        return "light"
    if value == "dark":
        return "dark"
    return "system"

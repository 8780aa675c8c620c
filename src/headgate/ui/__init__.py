"""F9: the design system that console and portal share: tokens, styles, scripts, macros, words and formatting.

Pure but for reading its own files once at start. It knows how a state looks and how an amount is written; it knows no
service and opens no database.
"""

from headgate.ui.assets import Asset, Assets, load_assets
from headgate.ui.brand import DEFAULT_BRAND, Brand, brand_css
from headgate.ui.figures import Percent, Quantity
from headgate.ui.format import Formatter
from headgate.ui.headers import SECURITY_HEADERS
from headgate.ui.templates import environment
from headgate.ui.theme import THEME_COOKIE, Theme, parse_theme

__all__ = [
    "DEFAULT_BRAND",
    "SECURITY_HEADERS",
    "THEME_COOKIE",
    "Asset",
    "Assets",
    "Brand",
    "Formatter",
    "Percent",
    "Quantity",
    "Theme",
    "brand_css",
    "environment",
    "load_assets",
    "parse_theme",
]

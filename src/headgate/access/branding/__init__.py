"""Brands of tenants: name, colour, logo, words and whose name mails come in, in versions."""

from headgate.access.branding.core.brand import (
    LONGEST_NAME,
    LONGEST_WORD,
    NO_WORDS,
    NOUNS,
    WORD_LANGUAGES,
    BrandDraft,
    Words,
    check_brand,
    colour,
    draft_of,
    words_of,
)
from headgate.access.branding.core.logo import LOGO_BYTES, Logo, read_logo
from headgate.access.branding.service import (
    BrandVersion,
    brand_logo,
    brand_versions,
    current_version,
    logo_mark,
    restore_brand,
    save_brand,
)

__all__ = [
    "LOGO_BYTES",
    "LONGEST_NAME",
    "LONGEST_WORD",
    "NOUNS",
    "NO_WORDS",
    "WORD_LANGUAGES",
    "BrandDraft",
    "BrandVersion",
    "Logo",
    "Words",
    "brand_logo",
    "brand_versions",
    "check_brand",
    "colour",
    "current_version",
    "draft_of",
    "logo_mark",
    "read_logo",
    "restore_brand",
    "save_brand",
    "words_of",
]

"""The tenant's brand: what is chosen, how it looks, and the brands before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar

from headgate.console.views.common import Person, View


@dataclass(frozen=True, slots=True)
class WordField:
    """What one noun is called in one language; empty for what everybody says (`usual_…`)."""

    name: str
    usual_one: str
    usual_many: str
    one: str
    many: str


@dataclass(frozen=True, slots=True)
class WordGroup:
    """The nouns in one language."""

    language: str
    label: str
    nouns: tuple[WordField, ...]


@dataclass(frozen=True, slots=True)
class ShadeRow:
    """One use of the colour: contrast as chosen, what is used and its contrast."""

    label: str
    before: str
    used: str
    after: str
    corrected: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """The portal's head, a button and a link in the chosen look. `sheet`: its stylesheet; `problem`: why there is
    none."""

    name: str
    logo: str
    sheet: str
    deals: str
    register: str
    partners: str
    shades: tuple[ShadeRow, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A brand that was in force from `at` on, and what it changed."""

    version: int
    who: Person
    at: datetime
    changes: tuple[str, ...]
    current: bool


@dataclass(frozen=True, slots=True)
class BrandView(View):
    """What is chosen, with errors by field, and a preview that follows what is typed. `unused`: the address of mails
    that is chosen and not used, because its domain is not proven; `missing`: the domain of the portal's host, while its
    proof is missing."""

    template: ClassVar[str] = "brand.html"
    nav: ClassVar[str] = "brand"
    parts: ClassVar[Mapping[str, str]] = MappingProxyType({"brand-preview": "brand_preview.html"})

    version: int
    usual_name: str
    common_accent: str
    name: str
    accent: str
    logo: str
    sender: str
    reply_to: str
    from_address: str
    host: str
    words: tuple[WordGroup, ...]
    preview: Preview
    versions: tuple[VersionRow, ...]
    errors: Mapping[str, str] = field(default_factory=dict)
    unused: str = ""
    missing: str = ""

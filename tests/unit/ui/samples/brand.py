"""The brand page: the first visit, a full one, and one with mistakes."""

from __future__ import annotations

from uuid import UUID
from zoneinfo import ZoneInfo

from headgate.access import Tenant
from headgate.access.branding import BrandDraft, BrandVersion
from headgate.console.present.brand import brand_view
from headgate.console.present.lens import Lens
from headgate.kernel.context import Principal
from headgate.ui.format import Formatter
from tests.unit.ui.samples.base import ANA, JONAS, NOW, ago

ZONE = ZoneInfo("Europe/Berlin")
ADAM = Principal(ANA.id, "person", ANA.name, frozenset({"tenant_admin"}), frozenset({"admin"}))
LENS = Lens(ADAM, NOW, ZONE, "EUR", Formatter("en_GB", ZONE, NOW))
CHOSEN = BrandDraft(
    "Nordwind Channel",
    "#f2c200",
    "Nordwind Channel Desk",
    "channel@nordwind.example",
    {
        "en": {"partner": ("dealer", "dealers"), "deal": ("opportunity", "opportunities")},
        "de": {"partner": ("Händler", "Händler")},
    },
)


def _tenant(version: int) -> Tenant:
    settings = {"brand": {"version": version}} if version else {}
    return Tenant(UUID(int=7), "nordwind", "Nordwind Distribution", "EUR", "Europe/Berlin", settings, NOW)


VERSIONS = (
    BrandVersion(3, CHOSEN, "0f3a", JONAS.id, JONAS.name, ago(minutes=4)),
    BrandVersion(2, BrandDraft("Nordwind Channel", "#0b6e4f"), "0f3a", ANA.id, ANA.name, ago(days=3)),
    BrandVersion(1, BrandDraft("Nordwind Channel"), "", ANA.id, ANA.name, ago(days=40)),
)
FIRST = brand_view(LENS, _tenant(0), "", BrandDraft(), "", ())
FULL = brand_view(LENS, _tenant(3), "", CHOSEN, "partners.nordwind.example", VERSIONS)
WRONG = brand_view(
    LENS,
    _tenant(3),
    "",
    BrandDraft("Nordwind", "greenish", words={"en": {"deal": ("<b>", "")}}),
    "https://x",
    VERSIONS,
    {
        "accent": "Is not a colour. Write it like #0b6e4f.",
        "word.en.deal.one": "Is not a word. Use letters, digits, spaces and hyphens, at most 30.",
        "word.en.deal.many": "Is missing. Give both: one, and many.",
        "logo": "Is larger than 100 kB. Save it as a PNG about 400 pixels wide.",
        "host": "Is not a host name. Write it like partners.example.com, without https or port.",
    },
)

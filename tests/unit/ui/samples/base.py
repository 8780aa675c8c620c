"""The people, partners and frame that the samples share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from headgate.console.navigation import NavCounts, navigation
from headgate.console.views.common import Clock, Notice, Page, PartnerName, Person, PolicyRef
from headgate.identity.saved.values import SavedBar
from headgate.kernel.money import Money
from headgate.ui.reading import Reading
from headgate.ui.theme import Theme

NOW = datetime(2025, 11, 21, 13, 32, 7, tzinfo=UTC)
SPACE = UUID("6f1d3c1e-5d0c-4b5e-9d3b-0d6f5a0f2c11")
EVERYTHING = {
    "orders.read",
    "deals.read",
    "cases.read",
    "approvals.decide",
    "policies.read",
    "audit.read",
    "quarantine.read",
}

ANA = Person("user:ana.keller@nordwind.example", "Ana Keller")
JONAS = Person("user:jonas.brandt@nordwind.example", "Jonas Brandt")
MIRA = Person("user:mira.osei@nordwind.example", "Mira Osei")
LENA = Person("user:lena.dupont@nordwind.example", "Léna Dupont")
SYSTEM = Person("system", "Headgate", "system")
SHOP = Person("source:webshop-1", "Northshop", "service")

HALBERD = PartnerName("P-0007", "Halberd Systems GmbH")
KESTREL = PartnerName("P-0012", "Kestrel IT Ltd")
MOLEN = PartnerName("P-0031", "Molen & Zoon B.V.")
AURIGA = PartnerName("P-0044", "Auriga Réseaux SARL")
LYNX = PartnerName("P-0058", "Łynx Informatyka Sp. z o.o.")
TERN = PartnerName("P-0019", "Tern Office Supply")

PRICE_POLICY = PolicyRef(
    "price_deviation", "How far a line may stray from its contract price", 4, "deep_discount", "Price policy §2.3"
)
CREDIT_POLICY = PolicyRef(
    "credit_release", "When an order may be released on credit", 3, "over_limit", "Credit policy §4.1"
)
MARGIN_POLICY = PolicyRef(
    "margin_floor", "The least margin an order may make", 2, "below_family_floor", "Price policy §3.2"
)
MATRIX = PolicyRef("approval_matrix", "Who approves which exception", 6, "price_over_10k", "Authority matrix 2025")


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def gbp(amount: str) -> Money:
    return Money(Decimal(amount), "GBP")


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


def ahead(**length: float) -> datetime:
    return NOW + timedelta(**length)


def uid(name: str) -> UUID:
    return uuid5(SPACE, name)


def running(**length: float) -> Clock:
    return Clock("running", ahead(**length))


def at_risk(**length: float) -> Clock:
    return Clock("warned", ahead(**length))


def breached(**length: float) -> Clock:
    return Clock("breached", ago(**length))


def page(
    *,
    theme: Theme = "system",
    locale: str = "en_GB",
    person: Person | None = ANA,
    notices: tuple[Notice, ...] = (),
    saved: SavedBar | None = None,
) -> Page:
    """The frame as Ana, a channel manager, sees it."""
    counts = NavCounts(work=7, work_overdue=True, cases=23, quarantine=14)
    return Page(
        tenant="Nordwind Distribution",
        person=person,
        roles=("Channel manager",),
        now=NOW,
        reading=Reading(locale, "Europe/Berlin", "Europe/Berlin"),
        theme=theme,
        csrf="3c9d1f",
        path="/",
        nav=navigation(EVERYTHING, counts) if person else (),
        notices=notices,
        saved=saved,
    )

"""Deals of the demo: registrations in every state, and two partners who mean one customer and wait for a decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from headgate.packs.simulator.model import Event, Product, Simulation

PORTAL = "portal/nordwind"
CRM = "crm/nordwind"
# Days before the end of the story. All lie within two weeks, the shortest story there is.
_RIVER = {
    "name": "Rivermark Logistik GmbH",
    "country": "DE",
    "domain": "rivermark-logistik.de",
    "postcode": "20457",
    "city": "Hamburg",
    "street": "Am Sandtorkai 40",
}
_RIVER_TOO = {
    "name": "River Mark Logistics",
    "country": "DE",
    "domain": "https://www.rivermark-logistik.de/kontakt",
    "city": "Hamburg",
    "postcode": "20457",
}


@dataclass(frozen=True, slots=True)
class _Plan:
    """A deal of the story: `partner` counts the active ones, `days` before the end it is registered."""

    number: int
    partner: int
    days: float
    customer: Mapping[str, str]
    amount: int
    close_in: int = 75
    programme: str = ""
    contact: str = ""
    territory: str = ""


_DEALS = (
    _Plan(
        1,
        0,
        12.4,
        {
            "name": "Hallberg Präzisionsteile GmbH & Co. KG",
            "country": "DE",
            "domain": "hallberg-teile.de",
            "city": "Köln",
        },
        38_400,
        contact="Jana Hallberg",
    ),
    _Plan(
        2,
        0,
        11.6,
        {"name": "Kranich Klinikverbund gGmbH", "country": "DE", "domain": "kranich-kliniken.de", "city": "Berlin"},
        86_500,
        contact="Dr. Ole Brix",
    ),
    _Plan(
        3,
        0,
        10.5,
        {"name": "Seeblick Hotels AG", "country": "CH", "domain": "seeblick-hotels.ch", "city": "Zürich"},
        21_900,
    ),
    _Plan(4, 1, 9.6, {"name": "Hallberg Praezisionsteile", "country": "DE", "domain": "hallberg-teile.de"}, 35_000),
    _Plan(
        5,
        1,
        9.2,
        {"name": "Oostkade Scheepsbouw B.V.", "country": "NL", "domain": "oostkade.nl", "city": "Rotterdam"},
        128_000,
        close_in=110,
    ),
    _Plan(
        6,
        0,
        8.5,
        {"name": "Stadtwerke Birkenau", "country": "DE", "domain": "sw-birkenau.de", "city": "Stuttgart"},
        264_000,
        close_in=160,
    ),
    _Plan(7, 2, 7.5, {"name": "Kranich Software", "country": "DE", "city": "Berlin"}, 12_750),
    _Plan(
        8,
        0,
        6.6,
        {"name": "Lindgren Verktyg AB", "country": "SE", "domain": "lindgren-verktyg.se", "city": "Malmö"},
        17_300,
        close_in=520,
        territory="NORDICS",
    ),
    _Plan(
        9,
        1,
        5.4,
        {"name": "Ferrovia Sud S.p.A.", "country": "IT", "domain": "ferroviasud.it", "city": "Milano"},
        54_200,
        territory="ITALIA",
    ),
    _Plan(
        10,
        0,
        4.3,
        {"name": "Auerbach Versand GmbH", "country": "DE", "domain": "auerbach-versand.de", "city": "Hamburg"},
        44_100,
        programme="NEW-LOGO",
    ),
    _Plan(
        11, 2, 3.5, {"name": "Notdienst Zentrale West", "country": "DE", "domain": "nzw.example", "city": "Köln"}, 9_800
    ),
    # Outside what its partner sells, so somebody looks at it.
    _Plan(
        14,
        2,
        0.3,
        {"name": "Bryggeri Vinga AB", "country": "SE", "domain": "vinga-bryggeri.se", "city": "Göteborg"},
        23_600,
        contact="Elin Vinga",
    ),
    # These two wait: registered shortly before the end, one of them large enough to be asked about anyway.
    _Plan(12, 0, 0.11, _RIVER, 262_000, close_in=90, contact="Imke Paulsen"),
    _Plan(13, 1, 0.05, _RIVER_TOO, 198_000, close_in=95),
)

# Registered so long before the end that its protection, of at most 120 days for its amount, has run out.
_RUN_OUT = _Plan(
    15,
    0,
    126.0,
    {"name": "Falkenried Tiefbau GmbH", "country": "DE", "domain": "falkenried-tiefbau.de", "city": "Kiel"},
    16_400,
    close_in=60,
    contact="Nils Falk",
)


def with_deals(simulation: Simulation, until: datetime, people: Mapping[int, str] = MappingProxyType({})) -> Simulation:
    """The simulation with deals in its stream, up to `until`, and in its masters what they are held against. Pure.

    One deal was registered before the weeks began, where they are few: it stands with the masters, and is the first.

    `people` are who speaks for a partner in the portal, by its place among the active ones; a partner without one
    speaks for itself.
    """
    end = min(until, simulation.end)
    partners = [p for p in simulation.partners if p.status == "active"][:3]
    products = [p for p in simulation.products if p.status == "active"]
    found: list[Event] = []
    for plan in (_RUN_OUT, *_DEALS):
        at = end - timedelta(days=plan.days)
        product = products[(plan.number * 37) % len(products)]
        data = _content(plan, partners[plan.partner].code, at, product, people.get(plan.partner, ""))
        number = str(data["deal"])
        actor = people.get(plan.partner, "")
        found.append(Event(PORTAL, f"registered:{number}", "deal.submitted", number, at, data, actor))
    found += _afterwards(
        end,
        {plan.number: partners[plan.partner].code for plan in _DEALS},
        {plan.number: people.get(plan.partner, "") for plan in _DEALS},
    )
    earlier = [event for event in found if event.time < simulation.start]
    found = [event for event in found if event.time >= simulation.start]
    stream = tuple(sorted((*simulation.stream, *found), key=lambda e: e.time))
    masters = (*simulation.masters, *_masters(simulation, products), *earlier)
    return replace(simulation, stream=stream, masters=masters)


def number_of(deal: int) -> str:
    """The number under which a deal of the story is registered."""
    return f"D-{2400 + deal}"


def _content(plan: _Plan, partner: str, at: datetime, product: Product, person: str) -> dict[str, Any]:
    mail = f"{plan.contact.split()[-1].lower()}@{plan.customer.get('domain', 'mail.example')}" if plan.contact else ""
    return {
        "deal": number_of(plan.number),
        "partner": partner,
        "currency": "EUR",
        "customer": dict(plan.customer),
        "lines": [
            {"line": "1", "product": product.code, "quantity": str(plan.number + 4), "amount": f"{plan.amount}.00"}
        ],
        "close_on": (at + timedelta(days=plan.close_in)).date().isoformat(),
        "requested_by": person or f"partner:{partner}",
        **({"programme": plan.programme} if plan.programme else {}),
        **({"territory": plan.territory} if plan.territory else {}),
        **({"contact": {"name": plan.contact, "email": mail}} if plan.contact else {}),
    }


def _afterwards(end: datetime, partners: Mapping[int, str], people: Mapping[int, str]) -> list[Event]:
    """What becomes of some of them."""

    def event(days: float, source: str, kind: str, deal: int, **data: Any) -> Event:
        number = number_of(deal)
        more = {} if source == CRM else {"partner": partners[deal]}
        at = end - timedelta(days=days)
        actor = "" if source == CRM else people[deal]
        return Event(source, f"{kind}:{number}", kind, number, at, {"deal": number, **more, **data}, actor)

    longer = (end + timedelta(days=230)).date().isoformat()
    happened = (end - timedelta(days=2.5)).isoformat(timespec="seconds")
    return [
        event(
            2.4,
            PORTAL,
            "deal.activity_recorded",
            2,
            activity="demo",
            happened_at=happened,
            notes="Two wards saw it work",
        ),
        event(0.2, PORTAL, "deal.extension_requested", 2, until=longer, reason="The board decides after the summer"),
        event(3.2, CRM, "opportunity.won", 3, opportunity="OPP-881", amount="21450.00", currency="EUR"),
        event(2.2, CRM, "opportunity.lost", 9, opportunity="OPP-902", reason="the customer stays with what it has"),
        event(1.3, PORTAL, "deal.withdrawn", 10, reason="the customer has put the project off"),
        event(0.09, PORTAL, "deal.appealed", 4, reason="We were at the customer in January; the minutes are attached"),
        event(0.02, PORTAL, "deal.appealed", 5, reason="The customer asked us, not you; their letter is attached"),
    ]


def _masters(simulation: Simulation, products: list[Product]) -> list[Event]:
    at = simulation.start - timedelta(days=1)
    sellers = [p.code for p in simulation.partners if p.status == "active"]
    year = (simulation.start - timedelta(days=300)).date().isoformat()
    sections: tuple[tuple[str, list[dict[str, Any]]], ...] = (
        (
            "deal_programme.recorded",
            [
                {"programme": "NEW-LOGO", "title": "New customers", "valid_from": year},
                {"programme": "REFRESH", "title": "Replacement of older systems", "valid_from": year},
            ],
        ),
        (
            "territory.recorded",
            [
                {
                    "territory": "NORDICS",
                    "title": "Nordic countries",
                    "countries": ["DK", "FI", "NO", "SE"],
                    "partners": sellers[:1],
                },
                {
                    "territory": "ITALIA",
                    "title": "Italy",
                    "countries": ["IT"],
                    "partners": sellers[1:2],
                    "exclusive": True,
                },
            ],
        ),
        (
            "customer.recorded",
            [
                {
                    "customer": "C-501",
                    "name": "Nachtlicht Energie AG",
                    "country": "DE",
                    "domains": ["nachtlicht-energie.de"],
                    "city": "Berlin",
                    "owner": "Key accounts",
                    "since": year,
                },
                {
                    "customer": "C-502",
                    "name": "Westermann Backwaren KG",
                    "country": "DE",
                    "domains": ["westermann-brot.de"],
                    "city": "Stuttgart",
                    "owner": "Key accounts",
                    "since": year,
                },
            ],
        ),
        (
            "opportunity.recorded",
            [
                {
                    "opportunity": "OPP-777",
                    "name": "Oostkade Scheepsbouw",
                    "country": "NL",
                    "domains": ["oostkade.nl"],
                    "city": "Rotterdam",
                    "owner": "Direct sales Benelux",
                    "products": [products[0].code],
                    "since": year,
                },
            ],
        ),
    )
    return [
        Event(CRM, f"masters:{kind}", kind, kind.partition(".")[0], at, {"items": items}) for kind, items in sections
    ]

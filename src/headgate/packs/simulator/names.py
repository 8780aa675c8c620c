"""Words from which partners, people and products get credible names. The companies are invented."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CountryProfile:
    """A country: its currency, tax in percent by class, legal forms, some places and streets."""

    code: str
    region: str
    currency: str
    standard: str
    reduced: str
    forms: tuple[str, ...]
    places: tuple[tuple[str, str], ...]
    streets: tuple[str, ...]
    share: int


COUNTRIES: tuple[CountryProfile, ...] = (
    CountryProfile(
        "DE", "dach", "EUR", "19", "7", ("GmbH", "GmbH & Co. KG", "AG"),
        (("20097", "Hamburg"), ("10969", "Berlin"), ("80339", "München"), ("50672", "Köln"), ("70174", "Stuttgart")),
        ("Hafenstraße", "Lindenallee", "Werkstraße", "Am Speicher"), 26,
    ),
    CountryProfile(
        "AT", "dach", "EUR", "20", "10", ("GmbH", "KG"),
        (("1030", "Wien"), ("8020", "Graz"), ("4020", "Linz")), ("Marktgasse", "Bahnhofstraße"), 5,
    ),
    CountryProfile(
        "CH", "dach", "CHF", "8.1", "2.6", ("AG", "GmbH"),
        (("8005", "Zürich"), ("3011", "Bern"), ("4057", "Basel")), ("Industriestrasse", "Seefeldweg"), 5,
    ),
    CountryProfile(
        "NL", "benelux", "EUR", "21", "9", ("B.V.",),
        (("3011", "Rotterdam"), ("3511", "Utrecht"), ("5611", "Eindhoven")), ("Havenkade", "Stationsweg"), 6,
    ),
    CountryProfile(
        "BE", "benelux", "EUR", "21", "6", ("NV", "BV"),
        (("2000", "Antwerpen"), ("9000", "Gent")), ("Kaaistraat", "Molenweg"), 3,
    ),
    CountryProfile(
        "FR", "west", "EUR", "20", "5.5", ("SAS", "SARL"),
        (("69003", "Lyon"), ("59800", "Lille"), ("67000", "Strasbourg")), ("rue des Ateliers", "quai du Canal"), 4,
    ),
    CountryProfile(
        "DK", "nordics", "DKK", "25", "25", ("A/S", "ApS"),
        (("8000", "Aarhus"), ("2100", "København")), ("Havnegade", "Industrivej"), 3,
    ),
    CountryProfile(
        "SE", "nordics", "SEK", "25", "6", ("AB",),
        (("41104", "Göteborg"), ("21119", "Malmö"), ("11120", "Stockholm")), ("Hamngatan", "Verkstadsgatan"), 4,
    ),
    CountryProfile(
        "PL", "east", "PLN", "23", "5", ("Sp. z o.o.", "S.A."),
        (("50-073", "Wrocław"), ("61-729", "Poznań")), ("ul. Portowa", "ul. Fabryczna"), 3,
    ),
    CountryProfile(
        "CZ", "east", "CZK", "21", "12", ("s.r.o.", "a.s."),
        (("602 00", "Brno"), ("170 00", "Praha")), ("Nádražní", "Dílenská"), 2,
    ),
    CountryProfile(
        "GB", "uki", "GBP", "20", "0", ("Ltd", "LLP"),
        (("LS1 4AP", "Leeds"), ("BS1 6QF", "Bristol")), ("Canal Row", "Foundry Lane"), 3,
    ),
)  # fmt: skip
BY_COUNTRY = {profile.code: profile for profile in COUNTRIES}
# Three letters of a storefront begin its order numbers.
STOREFRONTS = ("nordwind-pro", "kontor-direkt", "atelier-b2b", "werkbank-shop", "campus-einkauf", "praxis-bedarf")
EMBARGOED = ("BY", "IR", "KP", "RU", "SY")

STEMS = (
    "Aldermoor Brennfeld Corvenn Dahlwig Eschbronn Falkholt Grauwerth Hallunda Isenbrook Jellinghus Kestrup Lorvenna "
    "Marquendt Nesterby Ovengaard Pellmark Quistholm Rosenvik Silvanta Tornquell Ulmenried Vantorp Westerlau Yttring "
    "Zellbach Amberlo Birkmoos Calverno Dunstedt Ellerbeek Fennholm Gravendal Heidwarth Illenau Jorvala Klinthaus "
    "Lindevoort Mosbrekke Nordhaven Oberwyk Pranndorf Ravensloot Sundmark Tessaro Uferlund Voldenna Wyndmoor Arvestal "
    "Bjornvik Castellon Drachwied Edelmoor Frostlund Goldwarft Hartquell Immerfeld Kaltbrunn Lautersee Moorhaven "
    "Nebelhorst Ostermark Pfeilberg Quellrode Reihersted Steinvoort Talmara Ulvesund Vogtsmar Weidmoos Zirnfeld"
).split()
TRADES = (
    "Systemhaus", "IT-Services", "Datentechnik", "Digital", "Networks", "Bürotechnik", "Solutions", "Informatik",
    "Workplace", "Cloudwerk", "Kontor", "Medientechnik",
)  # fmt: skip
FIRST_NAMES = (
    "Anna Bengt Carla Daan Eva Femke Georg Hanna Ivo Jana Karel Lena Mats Nora Olaf Petra Ruben Sofie Tomas Ulla"
).split()
LAST_NAMES = (
    "Ahlers Berg Claassen Dietz Engel Fischbach Groot Holm Ilves Jansen Kolar Lund Maurer Novak Olsson Peters Quandt "
    "Reimer Sommer Thiel"
).split()
SERIES = (
    "Ardea Borea Cygna Delva Elara Fenn Gavia Hesper Iduna Juno Kaira Lyra Miro Nivis Orla Pinea Quill Rhea Selva Tarn"
).split()


@dataclass(frozen=True, slots=True)
class Category:
    """Products of one kind: list prices in EUR from `low` to `high`, gross margin in percent from `thin` to `fat`.

    `share` is of the catalogue, `appeal` of the orders; `typical` the usual quantity, `pack` the order multiple.
    """

    code: str
    family: str
    name: str
    unit: str
    low: int
    high: int
    thin: int
    fat: int
    share: int
    appeal: int
    typical: int
    pack: int
    tax_class: str
    words: tuple[str, ...]


_CATEGORIES = """
code family        name         unit     low high thin fat share appeal typical pack tax      words
NB   hardware      notebooks    each     649 1899   22  27     9     12       4    1 standard Notebook 14|Notebook 16
WS   hardware      workstations each     799 2999   21  26     6      5       2    1 standard Workstation|Compact PC
MO   hardware      monitors     each     159  799   23  29     9     12       5    1 standard Monitor 24|Display 27
TB   hardware      tablets      each     329 1099   21  26     4      4       3    1 standard Tablet 11|Tablet 13
PR   hardware      printers     each     189  899   22  28     5      4       1    1 standard Printer|Label printer
SV   hardware      servers      each    1899 8999   20  25     3      2       1    1 standard Server 1U|Server 2U
SW   networking    switches     each      79 1499   31  37     7      6       2    1 standard Switch 8|Switch 24
AP   networking    wireless     each      99  599   32  38     5      6       4    1 standard Access point|Mesh point
FW   networking    firewalls    each     399 3499   33  38     3      2       1    1 standard Firewall|VPN box
DK   accessories   docks        each      89  279   38  46     6      9       6    1 standard USB-C dock|Travel dock
KB   accessories   input        each      19  149   40  50     9     12      10    1 standard Keyboard|Mouse
HS   accessories   headsets     each      39  249   40  48     6      8       8    1 standard Headset|Speaker
CB   accessories   cables       each       4   29   45  50     9     10      40   10 standard Patch cable|Display cable
BG   accessories   bags         each      19   89   42  50     5      5       8    5 standard Notebook bag|Sleeve
LI   software      licences     licence   29  299   28  36     7      7      25    1 standard Office suite|Backup client
CL   subscriptions cloud        user       4   39   26  34     3      4      40    5 standard Cloud seat|Mailbox plan
IN   services      installation day      490 1290   46  54     2      3       1    1 standard Set-up day|Remote set-up
TR   services      training     day      390  990   46  54     2      1       1    1 reduced  Training day|Workshop
"""


def _category(row: str) -> Category:
    code, family, name, unit, *numbers, tax_class, words = row.split(maxsplit=13)
    low, high, thin, fat, share, appeal, typical, pack = map(int, numbers)
    kinds = tuple(words.split("|"))
    return Category(code, family, name, unit, low, high, thin, fat, share, appeal, typical, pack, tax_class, kinds)


CATEGORIES = tuple(_category(row) for row in _CATEGORIES.strip().splitlines()[1:])
STOCKED = frozenset({"hardware", "networking", "accessories"})

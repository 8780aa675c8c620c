"""From what is stored and what was entered to what pages show."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from headgate.channel.products import names_of_products, product_names
from headgate.kernel.errors import Problem
from headgate.kernel.phrases import phrase
from headgate.portal.views import Choice
from headgate.portal.visit import Visit
from headgate.ui.web import problem_told

CURRENCIES = ("EUR", "USD", "GBP", "CHF", "SEK", "DKK", "NOK", "PLN", "CZK")
MOST_PRODUCTS = 2000
# What is chosen from a list here and typed as a code elsewhere: whoever reads this types nothing.
CHOSEN = {"customer_country": phrase("Choose a country.")}
UNKNOWN_PRODUCT = phrase("We have no such product. Choose one from the list.")


def amount(value: object) -> Decimal:
    """A number of stored content."""
    return Decimal(str(value))


def plain_number(text: str) -> str:
    """A number as people enter it, as the log takes it: without blanks, a single comma as the decimal sign."""
    found = "".join(text.replace("\u00a0", " ").replace("\u202f", " ").replace("'", "").split())
    if found.count(",") == 1 and "." not in found:
        return found.replace(",", ".")
    if "," in found and "." in found and found.rindex(",") > found.rindex("."):
        return found.replace(".", "").replace(",", ".")
    return found.replace(",", "")


def day_or_none(text: str) -> date | None:
    """A date, or nothing for what is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def size_words(size: int) -> str:
    """How large a file is."""
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{max(1, size // 1000)} kB"


def products(visit: Visit) -> tuple[Choice, ...]:
    """What can be sold: codes and names, and nothing of what they cost."""
    return tuple(Choice(code, name) for code, name in product_names(visit.conn, MOST_PRODUCTS))


def unknown_products(visit: Visit, asked: Mapping[str, str]) -> dict[str, str]:
    """By field, what is wrong with the products entered in these fields: those that there are not."""
    known = names_of_products(visit.conn, set(asked.values()))
    return {name: UNKNOWN_PRODUCT for name, code in asked.items() if code not in known}


def currencies(visit: Visit) -> tuple[Choice, ...]:
    """The tenant's currency first."""
    return tuple(Choice(c, c) for c in dict.fromkeys((visit.tenant.currency, *CURRENCIES)))


def told_of(problem: Problem) -> str:
    """A problem beside its field: what is wrong with it, and the fix."""
    return problem_told(problem)


def by_field(problems: tuple[Problem, ...], names: Mapping[str, str]) -> dict[str, str]:
    """Problems by field of the form; what has no field stands under ''. Of several of one field the first is shown."""
    found: dict[str, str] = {}
    for problem in problems:
        name = names.get(problem.field, "")
        found.setdefault(name, CHOSEN.get(name) or told_of(problem))
    return found

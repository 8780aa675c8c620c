"""What an author may write as a term, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

from headgate.domain.pricing.model import METHODS, TIER_MODES, Term, Tier
from headgate.kernel.errors import Invalid, Problem
from headgate.kernel.money import CURRENCIES, parse_decimal
from headgate.kernel.phrases import phrase


def parse_tiers(raw: Iterable[Mapping[str, object]]) -> tuple[Tier, ...]:
    """Tiers from their JSON form `[{"from": …, "value": …}]`, sorted by start. Raises `Invalid` naming the tier."""
    tiers = []
    for index, item in enumerate(raw):
        start = parse_decimal(f"tiers[{index}].from", item.get("from"))
        tiers.append(Tier(start, parse_decimal(f"tiers[{index}].value", item.get("value"))))
    return tuple(sorted(tiers, key=lambda tier: tier.start))


def term_problems(term: Term, path: str = "term") -> list[Problem]:
    """Everything that makes a term unusable, for the author; an empty list means it can be activated."""
    found = _value_problems(term, path)

    def say(field: str, value: object, message: str, fix: str = "") -> None:
        found.append(Problem(f"{path}.{field}", str(value), message, fix))

    if term.method not in METHODS:
        say("method", term.method, "is not a pricing method", f"Use one of {', '.join(METHODS)}.")
    if term.method in ("list", "net") and term.currency not in CURRENCIES:
        say("currency", term.currency, "is not an ISO 4217 code", "Use three capitals such as EUR.")
    if term.product and term.family:
        say("family", term.family, "is given beside a product", "Name the product or the family, not both.")
    if term.valid_until is not None and term.valid_until <= term.valid_from:
        fix = phrase("The end is exclusive: give the first instant after it.")
        say("valid_until", term.valid_until.isoformat(), "is not after valid_from", fix)
    if term.min_quantity < 0:
        say("min_quantity", term.min_quantity, "is negative", "Use zero or more.")
    if term.max_quantity is not None and term.max_quantity <= 0:
        say("max_quantity", term.max_quantity, "is not above zero", "Leave it out for no bound.")
    found.extend(_tier_problems(term, path))
    return found


def check_term(term: Term, path: str = "term") -> Term:
    """The term itself, or `Invalid` with all its problems."""
    found = term_problems(term, path)
    if found:
        raise Invalid("; ".join(str(problem) for problem in found), problems=found)
    return term


def _value_problems(term: Term, path: str) -> list[Problem]:
    values = [("value", term.value)] if term.tier_mode == "none" else []
    values += [(f"tiers[{index}].value", tier.value) for index, tier in enumerate(term.tiers)]
    found = []
    for label, value in values:
        if value < 0:
            found.append(Problem(f"{path}.{label}", str(value), "is negative", "Use zero or more."))
        elif term.method == "discount" and value > 100:
            found.append(Problem(f"{path}.{label}", str(value), "is a discount of more than 100 %"))
    return found


def _tier_problems(term: Term, path: str) -> list[Problem]:
    field, starts = f"{path}.tiers", [tier.start for tier in term.tiers]
    if term.tier_mode not in TIER_MODES:
        return [
            Problem(
                f"{path}.tier_mode",
                term.tier_mode,
                "is not a tier mode",
                phrase("Use one of %(names)s.", names=", ".join(TIER_MODES)),
            )
        ]
    if term.tier_mode == "none":
        return [Problem(field, "", "are given, but tier_mode is none", "Say slab or range.")] if starts else []
    if not starts:
        return [
            Problem(
                field,
                "",
                "are missing",
                phrase("A %(tier_mode)s term needs at least one tier.", tier_mode=term.tier_mode),
            )
        ]
    found = []
    if any(later <= earlier for earlier, later in pairwise(starts)):
        found.append(Problem(field, "", "do not rise", "Give each tier a higher start than the one before."))
    if starts[0] < 0:
        found.append(Problem(f"{field}[0].from", str(starts[0]), "is negative", "Start the first tier at 1."))
    if term.tier_mode == "slab" and starts[0] > 1:
        fix = phrase("Start the first slab at 1.")
        found.append(Problem(f"{field}[0].from", str(starts[0]), "leaves the first units without a price", fix))
    return found

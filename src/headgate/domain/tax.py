"""Tax on an order: rate by jurisdiction and product tax class, exemptions, rounding, and the snapshot kept on the
order.

A jurisdiction is a country (DE) or a country and region (US-CA); the most specific one with a rate in force wins, and
likewise the most specific exemption. Rates are percentages (19 means 19 %).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple, Protocol

from headgate.kernel.canonical import as_plain
from headgate.kernel.errors import invalid
from headgate.kernel.money import exponent, to_minor

ZERO = Decimal(0)
_HUNDRED = Decimal(100)
ROUNDINGS = ("line", "document")


@dataclass(frozen=True, slots=True)
class TaxRate:
    """`rate` percent for a class in a jurisdiction, in force in [valid_from, valid_until)."""

    jurisdiction: str
    tax_class: str
    rate: Decimal
    valid_from: datetime
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Exemption:
    """A certificate that frees a partner from tax in a jurisdiction (and, for a country, in its regions) in [from,
    until)."""

    partner: str
    jurisdiction: str
    certificate: str
    valid_from: datetime
    valid_until: datetime | None = None


class Taxable(NamedTuple):
    """One line's net amount, in the order's currency, and its product's tax class."""

    line: str
    tax_class: str
    amount: Decimal


class TaxRequest(NamedTuple):
    """What a tax engine is asked. `rounding` is `line` or `document`."""

    partner: str
    country: str
    region: str
    at: datetime
    currency: str
    lines: tuple[Taxable, ...]
    rounding: str = "line"


class TaxLine(NamedTuple):
    """The tax of one line. `rate` is None where no rate could be determined; `certificate` is set where the line is
    exempt."""

    line: str
    tax_class: str
    jurisdiction: str
    rate: Decimal | None
    amount: Decimal
    tax: Decimal
    certificate: str = ""

    def as_values(self) -> dict[str, object]:
        """The line for canonical JSON."""
        return {
            "line": self.line,
            "tax_class": self.tax_class,
            "jurisdiction": self.jurisdiction,
            "rate": self.rate,
            "amount": self.amount,
            "tax": self.tax,
            "certificate": self.certificate,
        }


class TaxSnapshot(NamedTuple):
    """The tax of an order as determined once and kept: it is never computed again from newer rates.

    `rounding` `line`: each line's tax is rounded to the minor unit, half up, and added. `document`: the tax of all
    lines of one rate is rounded once; the lines' shares are rounded down and the remaining minor units go to the
    largest remainders, so that they add up.
    """

    lines: tuple[TaxLine, ...]
    total: Decimal
    currency: str
    rounding: str
    at: datetime
    engine: str
    undetermined: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """The snapshot with amounts as text."""
        found: dict[str, object] = as_plain(self.as_values())
        return found

    def as_values(self) -> dict[str, object]:
        """The snapshot for canonical JSON, which writes amounts and instants as text."""
        return {
            "lines": [line.as_values() for line in self.lines],
            "total": self.total,
            "currency": self.currency,
            "rounding": f"per {self.rounding}, minor unit, half up",
            "at": self.at,
            "engine": self.engine,
            "undetermined": self.undetermined,
        }


class TaxEngine(Protocol):
    """Whoever determines tax. An outside engine is asked before the decision, and its answer handed in as a fixed
    engine."""

    def determine(self, request: TaxRequest) -> TaxSnapshot: ...


class TaxTable:
    """The engine over recorded rates and exemptions. Build it once per batch; the order of the rows does not matter."""

    __slots__ = ("_exemptions", "_rates")

    def __init__(self, rates: Iterable[TaxRate], exemptions: Iterable[Exemption] = ()) -> None:
        self._rates: dict[tuple[str, str], list[TaxRate]] = {}
        for rate in rates:
            self._rates.setdefault((rate.jurisdiction, rate.tax_class), []).append(rate)
        self._exemptions: dict[tuple[str, str], list[Exemption]] = {}
        for exemption in exemptions:
            self._exemptions.setdefault((exemption.partner, exemption.jurisdiction), []).append(exemption)

    def determine(self, request: TaxRequest) -> TaxSnapshot:
        """The snapshot of a request. Raises `Invalid` for an unknown rounding."""
        if request.rounding not in ROUNDINGS:
            raise invalid("rounding", request.rounding, "is not a tax rounding", "Use line or document.")
        places = (f"{request.country}-{request.region}", request.country) if request.region else (request.country,)
        exempt = self._exempt(request.partner, places, request.at)
        found: dict[str, tuple[str, Decimal] | None] = {}
        raw: list[tuple[Taxable, str, Decimal | None]] = []
        for line in request.lines:
            if exempt is not None:
                raw.append((line, exempt.jurisdiction, ZERO))
                continue
            tax_class = line.tax_class
            if tax_class not in found:
                found[tax_class] = self._rate(tax_class, places, request.at)
            hit = found[tax_class]
            raw.append((line, hit[0], hit[1]) if hit else (line, places[0], None))
        certificate = exempt.certificate if exempt else ""
        taxes = _per_line(raw, request.currency) if request.rounding == "line" else _per_document(raw, request.currency)
        lines = tuple(
            TaxLine(line.line, line.tax_class, place, rate, line.amount, tax, certificate)
            for (line, place, rate), tax in zip(raw, taxes, strict=True)
        )
        total = sum(taxes, to_minor(ZERO, request.currency))
        missing = tuple(line.line for line in lines if line.rate is None)
        return TaxSnapshot(lines, total, request.currency, request.rounding, request.at, "table", missing)

    def _rate(self, tax_class: str, places: tuple[str, ...], at: datetime) -> tuple[str, Decimal] | None:
        for place in places:
            rows = self._rates.get((place, tax_class), ())
            live = [row for row in rows if row.valid_from <= at and (row.valid_until is None or at < row.valid_until)]
            if live:
                return place, max(live, key=lambda row: row.valid_from).rate
        return None

    def _exempt(self, partner: str, places: tuple[str, ...], at: datetime) -> Exemption | None:
        for place in places:
            rows = self._exemptions.get((partner, place), ())
            live = [row for row in rows if row.valid_from <= at and (row.valid_until is None or at < row.valid_until)]
            if live:
                return max(live, key=lambda row: (row.valid_from, row.certificate))
        return None


def _per_line(raw: Sequence[tuple[Taxable, str, Decimal | None]], currency: str) -> list[Decimal]:
    return [to_minor(line.amount * (rate or ZERO) / _HUNDRED, currency) for line, _, rate in raw]


def _per_document(raw: Sequence[tuple[Taxable, str, Decimal | None]], currency: str) -> list[Decimal]:
    """Round once per jurisdiction and rate, then share out by largest remainder (earlier line first where they are
    equal)."""
    taxes = [to_minor(ZERO, currency)] * len(raw)
    groups: dict[tuple[str, Decimal], list[int]] = {}
    for index, (_, place, rate) in enumerate(raw):
        groups.setdefault((place, rate or ZERO), []).append(index)
    unit = Decimal(1).scaleb(-exponent(currency))
    for (_, rate), members in groups.items():
        exact = {index: raw[index][0].amount * rate / _HUNDRED for index in members}
        whole = to_minor(sum(exact.values(), ZERO), currency, ROUND_HALF_UP)
        for index in members:
            taxes[index] = to_minor(exact[index], currency, "ROUND_FLOOR")
        left = int((whole - sum((taxes[index] for index in members), ZERO)) / unit)
        for index in sorted(members, key=lambda member: taxes[member] - exact[member])[:left]:
            taxes[index] += unit
    return taxes

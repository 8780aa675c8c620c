"""Tax rates, exemptions and rounding."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.domain.tax import Exemption, Taxable, TaxRate, TaxRequest, TaxSnapshot, TaxTable
from headgate.kernel.errors import Invalid
from headgate.kernel.money import to_minor
from tests.unit.domain.examples import NOW, START, d

RATES = [
    TaxRate("DE", "standard", d(16), START - timedelta(days=400), START),
    TaxRate("DE", "standard", d(19), START),
    TaxRate("DE", "reduced", d(7), START),
    TaxRate("US", "standard", d(0), START),
    TaxRate("US-CA", "standard", d("7.25"), START),
]
FREE = Exemption("P-1", "US", "CERT-9", START, NOW + timedelta(days=1))


def ask(*amounts: str, table: TaxTable | None = None, tax_class: str = "standard", **changes: object) -> TaxSnapshot:
    lines = tuple(Taxable(str(number), tax_class, d(amount)) for number, amount in enumerate(amounts, 1))
    given = {"partner": "P-1", "country": "DE", "region": "", "at": NOW, "currency": "EUR", "lines": lines, **changes}
    return (table or TaxTable(RATES)).determine(TaxRequest(**given))  # type: ignore[arg-type]


def test_the_rate_of_the_country_and_class_applies() -> None:
    assert ask("100").total == d("19.00")
    assert ask("100", tax_class="reduced").total == d("7.00")


def test_the_region_goes_before_its_country_and_others_fall_back() -> None:
    assert ask("100", country="US", region="CA").lines[0].jurisdiction == "US-CA"
    assert ask("100", country="US", region="CA").total == d("7.25")
    assert ask("100", country="US", region="OR").lines[0].jurisdiction == "US"


def test_rates_change_at_their_instant() -> None:
    assert ask("100", at=START).total == d("19.00")
    assert ask("100", at=START - timedelta(microseconds=1)).total == d("16.00")


def test_a_class_without_a_rate_is_named_and_never_guessed() -> None:
    snapshot = ask("100", "50", tax_class="books")
    assert snapshot.undetermined == ("1", "2")
    assert snapshot.lines[0].rate is None
    assert ask("1", country="FR").undetermined == ("1",)


def test_a_rate_of_zero_is_a_determined_rate() -> None:
    assert ask("100", country="US").undetermined == ()


def test_a_certificate_frees_from_tax_until_it_expires() -> None:
    table = TaxTable(RATES, [FREE])
    free = ask("100", table=table, country="US", region="CA")
    assert (free.total, free.lines[0].certificate, free.undetermined) == (d(0), "CERT-9", ())
    over = ask("100", table=table, country="US", region="CA", at=NOW + timedelta(days=1))
    assert (over.total, over.lines[0].certificate) == (d("7.25"), "")
    assert ask("100", table=table, country="US", region="CA", partner="P-2").total == d("7.25")
    assert ask("100", table=table, country="US", at=START - timedelta(days=1)).undetermined == ("1",)


def test_rounding_per_line_and_per_document_differ_and_are_named() -> None:
    by_line = ask("0.13", "0.13", "0.13")  # 0.0247 each
    by_document = ask("0.13", "0.13", "0.13", rounding="document")  # 0.0741 in all
    assert (by_line.total, by_document.total) == (d("0.06"), d("0.07"))
    assert [line.tax for line in by_document.lines] == [d("0.03"), d("0.02"), d("0.02")]
    assert by_document.as_json()["rounding"] == "per document, minor unit, half up"


def test_tax_follows_the_minor_unit() -> None:
    assert ask("101", currency="JPY").total == d(19)


def test_an_unknown_rounding_is_refused() -> None:
    with pytest.raises(Invalid, match="rounding"):
        ask("1", rounding="bankers")


def test_a_snapshot_does_not_change_with_later_rates() -> None:
    later = [*RATES, TaxRate("DE", "standard", d(21), NOW + timedelta(days=1))]
    assert ask("100", table=TaxTable(later)).as_json() == ask("100").as_json()


@given(
    st.lists(st.tuples(st.sampled_from(["standard", "reduced"]), st.integers(0, 10**7)), min_size=1, max_size=30),
    st.sampled_from(["line", "document"]),
)
def test_the_lines_taxes_add_up_to_the_total_and_stay_near_the_exact_tax(items: list, rounding: str) -> None:
    lines = tuple(Taxable(str(i), tax_class, Decimal(cents) / 100) for i, (tax_class, cents) in enumerate(items))
    snapshot = TaxTable(RATES).determine(TaxRequest("P-1", "DE", "", NOW, "EUR", lines, rounding))
    assert sum(line.tax for line in snapshot.lines) == snapshot.total
    exact = {line.line: line.amount * (line.rate or 0) / 100 for line in snapshot.lines}
    assert all(abs(line.tax - exact[line.line]) < d("0.01") for line in snapshot.lines)
    if rounding == "document":
        by_rate: dict[object, Decimal] = {}
        for line in snapshot.lines:
            by_rate[line.rate] = by_rate.get(line.rate, Decimal(0)) + exact[line.line]
        assert snapshot.total == sum(to_minor(amount, "EUR") for amount in by_rate.values())

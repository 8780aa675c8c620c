"""The shipped example against the real file, where it is at hand (`HEADGATE_ONLINE_RETAIL`, or beside the project)."""

from __future__ import annotations

import os
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import headgate
from headgate.connectors import parse_mapping, read_sales
from headgate.connectors.imports.core.plan import compile_plan
from headgate.connectors.imports.core.rows import index_groups
from headgate.connectors.imports.read import open_source, read_records
from headgate.connectors.imports.service import built_groups
from headgate.domain.orders import validators

ROOT = Path(headgate.__file__).parents[2]
EXAMPLE = ROOT / "docs/examples/online_retail/mapping.yaml"
DATA = Path(os.environ.get("HEADGATE_ONLINE_RETAIL", str(ROOT.parent / "shared/data/online_retail.csv.gz")))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not DATA.is_file(), reason="online_retail.csv.gz is not at hand; set HEADGATE_ONLINE_RETAIL"),
]


@pytest.fixture(scope="module")
def mapping():
    return parse_mapping(EXAMPLE.read_text(encoding="utf-8"), str(EXAMPLE))


def test_every_row_of_the_real_file_is_accounted_for_and_amounts_reconcile(mapping):
    source = open_source(DATA, mapping)
    plan = compile_plan(mapping, source.columns)
    index = index_groups(read_records(source), plan.key_of)
    assert (index.rows, set(index.split)) == (541_909, {"542806"})
    rows = bytearray(index.rows + 1)
    amounts: Counter[str] = Counter()
    sums: dict[str, Decimal] = {}
    codes: Counter[tuple[str, str]] = Counter()
    for built in built_groups(source, plan, index, validators):
        for document in built.documents:
            codes[document.type, document.code] += 1
            sums[document.type] = sums.get(document.type, Decimal(0)) + document.amount * document.sign
            for number in document.rows:
                rows[number] += 1
        for bad in built.bad:
            amounts[bad.reason] += 1
            assert bad.amount is not None
            sums[bad.reason] = sums.get(bad.reason, Decimal(0)) + bad.amount
            rows[bad.number] += 1
    assert rows.count(1) == 541_909
    assert set(codes.values()) == {1}
    assert Counter(kind for kind, _ in codes) == {"order.submitted": 18_524, "return.recorded": 3_653}
    assert sum(sums.values()) == Decimal("9747747.934")
    assert sums["order.submitted"] == Decimal("8907440.58")
    assert amounts["no customer"] == 133_742


def test_past_sales_are_the_lines_of_the_orders_until_that_day(mapping):
    lines = list(read_sales(DATA, mapping, date(2011, 3, 31)))
    assert len(lines) > 90_000
    assert max(line.at for line in lines).isoformat() < "2011-03-31T23:00:00+00:00"
    assert {line.currency for line in lines} == {"GBP"}
    assert all(line.partner.startswith("C") and line.quantity > 0 for line in lines)

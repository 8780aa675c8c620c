"""Process pages."""

from __future__ import annotations

from pathlib import Path

from headgate.console.present.processes import process_view
from headgate.console.views.processes import ProcessesView, ProcessRow
from headgate.process import parse_definition
from tests.unit.ui.samples.base import ago

FILE = Path(__file__).parents[4] / "packs" / "order_governance" / "processes" / "order_to_release.yaml"
NAME = "order_to_release"
VERSIONS = [
    {"process": NAME, "version": 1, "status": "active", "valid_from": ago(days=40), "valid_until": None},
]

PROCESSES = ProcessesView(
    (
        ProcessRow(NAME, "From order to release", 3, "active", ago(days=40), 1204, 17, 31),
        ProcessRow("price_exception", "Price exception", 1, "active", ago(days=90), 0, 0, None),
        ProcessRow("deal_registration", "Deal registration", 2, "retired", ago(days=90), 80, 2, 1440),
    )
)
NO_PROCESSES = ProcessesView(())
PROCESS = process_view(
    parse_definition(FILE.read_text(encoding="utf-8"), FILE.name),
    VERSIONS,
    {"exception": (23, 4), "returned": (6, 0), "released": (1175, 0)},
)

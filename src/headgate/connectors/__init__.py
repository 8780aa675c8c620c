"""F7: outside systems. Files in: mapped, imported, refused rows mended and replayed. Webhooks out: `delivery`."""

from headgate.connectors.imports.core.documents import BadRow, Document, Record, Validator
from headgate.connectors.imports.core.events import Route, plain_route
from headgate.connectors.imports.core.mapping import FileMapping
from headgate.connectors.imports.core.parse import parse_mapping
from headgate.connectors.imports.core.report import Amounts, ImportReport, Refusals
from headgate.connectors.imports.replay import CurrentOrder, Replayed, replay_event, replay_rows
from headgate.connectors.imports.repo import ImportState
from headgate.connectors.imports.sales import read_sales, sales_end
from headgate.connectors.imports.service import Preview, Progress, import_list, preview_import, run_import

__all__ = [
    "Amounts",
    "BadRow",
    "CurrentOrder",
    "Document",
    "FileMapping",
    "ImportReport",
    "ImportState",
    "Preview",
    "Progress",
    "Record",
    "Refusals",
    "Replayed",
    "Route",
    "Validator",
    "import_list",
    "parse_mapping",
    "plain_route",
    "preview_import",
    "read_sales",
    "replay_event",
    "replay_rows",
    "run_import",
    "sales_end",
]

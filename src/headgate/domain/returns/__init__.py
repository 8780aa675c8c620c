"""Returns of goods: what is asked for, received and found, how much can still come back, what is credited for it."""

from headgate.domain.returns.credit import Credit, credit_of
from headgate.domain.returns.eligible import Delivery, left_of, reach_of
from headgate.domain.returns.model import (
    CONDITIONS,
    REASONS,
    WANTED,
    Finding,
    Inspection,
    Receipt,
    Received,
    ReturnLine,
    ReturnNote,
    ReturnRequest,
    Sent,
    request_json,
)
from headgate.domain.returns.parse import (
    parse_inspection,
    parse_receipt,
    parse_return_note,
    parse_return_request,
    parse_sent,
    validators,
)

__all__ = [
    "CONDITIONS",
    "REASONS",
    "WANTED",
    "Credit",
    "Delivery",
    "Finding",
    "Inspection",
    "Receipt",
    "Received",
    "ReturnLine",
    "ReturnNote",
    "ReturnRequest",
    "Sent",
    "credit_of",
    "left_of",
    "parse_inspection",
    "parse_receipt",
    "parse_return_note",
    "parse_return_request",
    "parse_sent",
    "reach_of",
    "request_json",
    "validators",
]

"""From payloads of return events to values. Each parser raises `Invalid` with all its problems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.domain import fields
from headgate.domain.fields import Data, Problems, Validator, note, validator_of, whole
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
)

MAX_LINES = 200
MAX_PICTURES = 20
NOTE_LENGTH = 2000
LINE_NOTE_LENGTH = 500
PRINCIPAL_LENGTH = 200


def parse_return_request(data: object) -> ReturnRequest:
    """`rma.requested` or `rma.amended`: 1 to 200 lines, each line of the order once. Raises `Invalid`."""
    return whole(_request, data)


def parse_return_note(data: object) -> ReturnNote:
    """`rma.withdrawn`. Raises `Invalid`."""
    return whole(
        lambda body, problems: ReturnNote(
            fields.code(body, "rma", problems),
            fields.text(body, "reason", problems, limit=NOTE_LENGTH, required=True),
        ),
        data,
    )


def parse_sent(data: object) -> Sent:
    """`rma.sent`. Raises `Invalid`."""
    return whole(
        lambda body, problems: Sent(
            fields.code(body, "rma", problems),
            fields.text(body, "carrier", problems, limit=80, required=True),
            fields.text(body, "tracking", problems, limit=120),
        ),
        data,
    )


def parse_receipt(data: object) -> Receipt:
    """`rma.received`. Raises `Invalid`."""
    return whole(_receipt, data)


def parse_inspection(data: object) -> Inspection:
    """`rma.inspected`: per line and condition one quantity. Raises `Invalid`."""
    return whole(_inspection, data)


def _request(data: Data, problems: Problems) -> ReturnRequest:
    lines: list[ReturnLine] = []
    seen: set[str] = set()
    for index, raw in _lines(data, problems):
        line = _once(raw, problems, index, seen)
        quantity = fields.positive(raw, "quantity", problems, index)
        reason = _one_of(raw, "reason", REASONS, problems, index)
        lines.append(ReturnLine(line, quantity, reason, _line_note(raw, problems, index)))
    return ReturnRequest(
        rma=fields.code(data, "rma", problems),
        partner=fields.code(data, "partner", problems),
        order=fields.code(data, "order", problems),
        wanted=_one_of(data, "wanted", WANTED, problems),
        lines=tuple(lines),
        note=fields.text(data, "note", problems, limit=NOTE_LENGTH),
        pictures=_pictures(data, problems),
        requested_by=fields.text(data, "requested_by", problems, limit=PRINCIPAL_LENGTH),
    )


def _receipt(data: Data, problems: Problems) -> Receipt:
    lines: list[Received] = []
    seen: set[str] = set()
    for index, raw in _lines(data, problems):
        line = _once(raw, problems, index, seen)
        lines.append(Received(line, fields.positive(raw, "quantity", problems, index)))
    return Receipt(
        rma=fields.code(data, "rma", problems),
        receipt=fields.code(data, "receipt", problems),
        received_at=fields.instant(data, "received_at", problems),
        lines=tuple(lines),
        warehouse=fields.code(data, "warehouse", problems, required=False),
    )


def _inspection(data: Data, problems: Problems) -> Inspection:
    found: list[Finding] = []
    seen: set[tuple[str, str]] = set()
    for index, raw in _lines(data, problems):
        line = fields.line_code(raw, problems, index)
        condition = _one_of(raw, "condition", CONDITIONS, problems, index)
        if (line, condition) in seen:
            note(problems, index, "condition", condition, "is told twice of this line", "Add the quantities up.")
        seen.add((line, condition))
        quantity = fields.positive(raw, "quantity", problems, index)
        found.append(Finding(line, quantity, condition, _line_note(raw, problems, index)))
    return Inspection(fields.code(data, "rma", problems), tuple(found))


def _lines(data: Data, problems: Problems) -> list[tuple[int, dict[str, Any]]]:
    found = []
    for index, raw in enumerate(fields.items(data, "lines", problems, most=MAX_LINES)):
        if isinstance(raw, dict):
            found.append((index, raw))
        else:
            note(problems, index, "", raw, "is not an object", "Send a JSON object.")
    return found


def _once(raw: Data, problems: Problems, index: int, seen: set[str]) -> str:
    line = fields.line_code(raw, problems, index)
    if line in seen:
        note(problems, index, "line", line, "is used by an earlier line", "Send one quantity per line.")
    elif line:
        seen.add(line)
    return line


def _line_note(raw: Data, problems: Problems, index: int) -> str:
    return fields.text(raw, "note", problems, index, limit=LINE_NOTE_LENGTH)


def _one_of(data: Data, key: str, values: tuple[str, ...], problems: Problems, index: int | None = None) -> str:
    value = data.get(key)
    if isinstance(value, str) and value in values:
        return value
    message = "is missing" if value is None or value == "" else "is not known"
    note(problems, index, key, value or None, message, f"Use one of {', '.join(values)}.")
    return values[0]


def _pictures(data: Data, problems: Problems) -> tuple[str, ...]:
    value = data.get("pictures")
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MAX_PICTURES:
        note(problems, None, "pictures", None, f"is not a list of at most {MAX_PICTURES} names")
        return ()
    bodies = [{"pictures": each} for each in value]
    return tuple(fields.text(body, "pictures", problems, required=True) for body in bodies)


validators: Mapping[str, Validator] = {
    "rma.requested": validator_of(parse_return_request),
    "rma.amended": validator_of(parse_return_request),
    "rma.withdrawn": validator_of(parse_return_note),
    "rma.sent": validator_of(parse_sent),
    "rma.received": validator_of(parse_receipt),
    "rma.inspected": validator_of(parse_inspection),
}

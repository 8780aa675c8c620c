"""The service level of a stage, as written in a process file."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Protocol

from headgate.kernel.errors import Invalid
from headgate.policy.core.source import Node
from headgate.process.core.definition import ClockPause, Escalation, ServiceLevel

USUAL_WARNING = Decimal("0.75")
KEYS = {"hours", "warn", "target", "pause", "escalate", "announce"}
PAUSE_KEYS = {"because", "on", "until"}
LINK_KEYS = {"after", "notify", "reassign"}


class Reader(Protocol):
    """Reads nodes of a file and complains with its lines."""

    def wrong(self, node: Node, message: str, fix: str = "") -> Invalid: ...
    def mapping(self, node: Node, known: set[str] | None = None) -> dict[str, Node]: ...
    def items(self, node: Node | None) -> list[Node]: ...
    def text(self, parent: dict[str, Node], name: str, at: Node, default: str | None = None) -> str: ...
    def number(self, node: Node, name: str) -> Decimal: ...


def read_sla(reader: Reader, node: Node | None) -> ServiceLevel | None:
    """Hours, warning, target, pauses and escalation chain; None where nothing is said. Raises `Invalid` with the
    line."""
    if node is None:
        return None
    sla = reader.mapping(node, KEYS)
    if "hours" not in sla:
        raise reader.wrong(node, "'hours' is missing", "Give business hours, for example hours: 8.")
    hours = reader.number(sla["hours"], "hours")
    warn = reader.number(sla["warn"], "warn") if "warn" in sla else USUAL_WARNING
    if warn > 1:
        raise reader.wrong(sla["warn"], "'warn' is a share of the hours", "Use a number up to 1, for example 0.75.")
    target = reader.number(sla["target"], "target") if "target" in sla else None
    if target is not None and target > hours:
        raise reader.wrong(sla["target"], "'target' is later than 'hours'", "Aim at fewer hours than are allowed.")
    announce = sla["announce"].value if "announce" in sla else False
    if not isinstance(announce, bool):
        raise reader.wrong(sla["announce"], "'announce' should be true or false")
    return ServiceLevel(hours, warn, target, tuple(_pauses(reader, sla)), tuple(_chain(reader, sla)), announce=announce)


def _pauses(reader: Reader, sla: dict[str, Node]) -> Iterator[ClockPause]:
    for item in reader.items(sla.get("pause")):
        parts = reader.mapping(item, PAUSE_KEYS)
        until = parts.get("until")
        if until is None:
            raise reader.wrong(item, "'until' is missing", "Name the events that let the clock run on.")
        events = reader.items(until) if isinstance(until.value, list) else [until]
        if not events or not all(isinstance(e.value, str) and e.value for e in events):
            raise reader.wrong(until, "'until' should name events")
        names = tuple(str(e.value) for e in events)
        yield ClockPause(reader.text(parts, "because", item), reader.text(parts, "on", item), names)


def _chain(reader: Reader, sla: dict[str, Node]) -> Iterator[Escalation]:
    last = Decimal(0)
    for item in reader.items(sla.get("escalate")):
        parts = reader.mapping(item, LINK_KEYS)
        how = [k for k in ("notify", "reassign") if k in parts]
        if len(how) != 1:
            raise reader.wrong(item, "should say who is told or who gets the work", "Give 'notify' or 'reassign'.")
        after = _hours(reader, parts, item)
        if after < last:
            raise reader.wrong(item, "comes before the link above it", "Order them by 'after', hours after the breach.")
        last = after
        yield Escalation(after, reader.text(parts, how[0], item), reassign=how[0] == "reassign")


def _hours(reader: Reader, parts: dict[str, Node], item: Node) -> Decimal:
    node = parts.get("after")
    if node is None:
        raise reader.wrong(item, "'after' is missing", "Give business hours after the breach; 0 is at once.")
    if isinstance(node.value, bool) or not isinstance(node.value, (int, Decimal)) or node.value < 0:
        raise reader.wrong(node, "'after' should be a number from 0")
    return Decimal(node.value)

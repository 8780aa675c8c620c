"""A file of scenarios (YAML) as a `Story`. Every complaint names the file and the line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from headgate.kernel.errors import Invalid, Problem, shorten
from headgate.packs.scenarios.core.model import Act, Given, Scenario, Story
from headgate.packs.scenarios.core.sections import ROWS
from headgate.policy.core.source import Node, read_yaml

SECTIONS: Final = (
    "cases",
    "tasks",
    "approvals",
    "decisions",
    "commands",
    "emitted",
    "quarantine",
    "explained",
)
OUTCOMES: Final = {"approves": "approve", "rejects": "reject", "returns": "return", "edits": "edit"}
# What else can happen to the case of a subject: a partner is asked and answers, and outside systems say how it went.
TELLINGS: Final = ("asks", "answered", "delivered", "fails", "completes")
MOST_SCENARIOS: Final = 500
_TOP: Final = {"title", "at", "timezone", "currency", "given", "scenarios"}
_SCENARIO: Final = {"name", "at", "given", "events", "expected"}
_GIVEN: Final = {"people", "records", "agreements", "delegations", "policies", "defaults", "events"}
_SEND: Final = {"send", "data", "by", "from", "id", "refused", "expected"}
_DECIDE: Final = {"by", *OUTCOMES, "reason", "for", "edit", "digest", "refused", "expected"}
_TELL: Final = {"by", *TELLINGS, "type", "reason", "refused", "expected"}
_DELEGATION: Final = {"from", "to", "roles", "up_to", "until", "onward", "reason"}
_POLICY: Final = {"policy", "file", "rows", "default", "without"}
_PATCH: Final = {"when", "then", "because", "clause"}
_TIME: Final = {"after", "at", "expected"}
_AT: Final = "2026-03-02 10:00"


@dataclass(frozen=True, slots=True)
class _Reader:
    file: str

    def wrong(self, node: Node, message: str, fix: str = "") -> Invalid:
        value = shorten(node.value) if isinstance(node.value, (str, int)) else ""
        problem = Problem(f"{self.file}:{node.line}", value, message, fix)
        return Invalid(str(problem), problems=(problem,))

    def mapping(self, node: Node, known: set[str] | None = None) -> dict[str, Node]:
        if not isinstance(node.value, dict):
            raise self.wrong(node, "should be a mapping")
        unknown = sorted(set(node.value) - known) if known is not None else []
        if unknown:
            near = get_close_matches(unknown[0], sorted(known or ()), 1, 0.6)
            fix = f"Did you mean '{near[0]}'? " if near else ""
            fix += f"Known here: {', '.join(sorted(known or ()))}."
            raise self.wrong(node.value[unknown[0]], f"'{unknown[0]}' is not a known key", fix)
        return node.value

    def items(self, node: Node | None) -> list[Node]:
        if node is None or node.value is None:
            return []
        if not isinstance(node.value, list):
            raise self.wrong(node, "should be a list")
        return node.value

    def text(self, parts: dict[str, Node], name: str, at: Node, default: str | None = None) -> str:
        node = parts.get(name)
        if node is None:
            if default is None:
                raise self.wrong(at, f"'{name}' is missing")
            return default
        if isinstance(node.value, bool) or not isinstance(node.value, (str, int)) or not str(node.value).strip():
            raise self.wrong(node, f"'{name}' should be text")
        return str(node.value)


def is_story(text: str, file: str) -> bool:
    """Whether a file holds scenarios; a pack's folder may hold other samples beside."""
    root = read_yaml(text, file)
    return isinstance(root.value, dict) and "scenarios" in root.value


def parse_story(text: str, file: str) -> Story:
    """Parse and check a file of scenarios. Raises `Invalid` with file and line."""
    reader, root = _Reader(file), read_yaml(text, file)
    top = reader.mapping(root, _TOP)
    nodes = reader.items(top.get("scenarios"))
    if not nodes:
        raise reader.wrong(root, "'scenarios' is missing or empty")
    if len(nodes) > MOST_SCENARIOS:
        raise reader.wrong(top["scenarios"], f"has more than {MOST_SCENARIOS} scenarios", "Split the file.")
    at = reader.text(top, "at", root, _AT)
    found: dict[str, Scenario] = {}
    for node in nodes:
        scenario = _scenario(reader, node, at)
        if scenario.name in found:
            raise reader.wrong(node, f"scenario '{scenario.name}' stands twice", "Give each a name of its own.")
        found[scenario.name] = scenario
    return Story(
        file=file,
        title=reader.text(top, "title", root, ""),
        timezone=reader.text(top, "timezone", root, "Europe/Berlin"),
        currency=reader.text(top, "currency", root, "EUR"),
        given=_given(reader, top.get("given")),
        scenarios=tuple(found.values()),
    )


def _scenario(reader: _Reader, node: Node, at: str) -> Scenario:
    parts = reader.mapping(node, _SCENARIO)
    acts = tuple(_act(reader, each) for each in reader.items(parts.get("events")))
    expected = parts.get("expected")
    if expected is not None:
        _expected(reader, expected)
    if expected is None and not any(act.expected or act.refused is not None for act in acts):
        raise reader.wrong(node, "expects nothing, so it cannot fail", "Add 'expected', or 'refused' to an event.")
    return Scenario(
        name=reader.text(parts, "name", node),
        file=reader.file,
        line=node.line,
        at=reader.text(parts, "at", node, at),
        given=_given(reader, parts.get("given")),
        acts=acts,
        expected=expected,
    )


def _given(reader: _Reader, node: Node | None) -> Given:
    if node is None:
        return Given()
    parts = reader.mapping(node, _GIVEN)
    records = reader.mapping(parts["records"]) if "records" in parts else {}
    defaults = reader.mapping(parts["defaults"]) if "defaults" in parts else {}
    for each in (*records.values(),):
        for item in reader.items(each):
            reader.mapping(item)
    for each in reader.items(parts.get("agreements")):
        reader.mapping(each)
    for each in reader.items(parts.get("delegations")):
        reader.mapping(each, _DELEGATION)
    for each in reader.items(parts.get("policies")):
        _policy(reader, each)
    for each in defaults.values():
        reader.mapping(each)
    return Given(
        people=tuple(_people(reader, parts.get("people"))),
        records=tuple(records.items()),
        agreements=tuple(reader.items(parts.get("agreements"))),
        delegations=tuple(reader.items(parts.get("delegations"))),
        policies=tuple(reader.items(parts.get("policies"))),
        defaults=defaults,
        events=tuple(_act(reader, each) for each in reader.items(parts.get("events"))),
    )


def _policy(reader: _Reader, node: Node) -> None:
    """A change of a table: its keys, and those of the rows it changes."""
    parts = reader.mapping(node, _POLICY)
    reader.text(parts, "policy", node)
    for row in (reader.mapping(parts["rows"]) if "rows" in parts else {}).values():
        reader.mapping(row, _PATCH)
    if "default" in parts:
        reader.mapping(parts["default"], _PATCH)


def _people(reader: _Reader, node: Node | None) -> Iterator[tuple[str, tuple[str, ...], int]]:
    for name, roles in (reader.mapping(node) if node is not None else {}).items():
        listed = roles.value if isinstance(roles.value, list) else [roles] if roles.value is not None else []
        if not all(isinstance(each.value, str) for each in listed):
            raise reader.wrong(roles, f"'{name}' should have a role or a list of roles")
        yield name, tuple(str(each.value) for each in listed), roles.line


def _act(reader: _Reader, node: Node) -> Act:
    parts = reader.mapping(node)
    if "send" in parts:
        return _send(reader, node)
    if set(parts) & set(OUTCOMES):
        return _decision(reader, node)
    if set(parts) & set(TELLINGS):
        return _telling(reader, node)
    if "after" in parts or "at" in parts:
        return _time(reader, node)
    if "jobs" in parts:
        reader.mapping(node, {"jobs", "expected"})
        return Act("jobs", "", node.line, expected=_checked(reader, parts.get("expected")))
    known = ("send", "after", "at", "jobs", *OUTCOMES, *TELLINGS)
    raise reader.wrong(node, "is nothing that can happen", f"Use one of {', '.join(known)}.")


def _send(reader: _Reader, node: Node) -> Act:
    parts = reader.mapping(node, _SEND)
    if "data" in parts:
        reader.mapping(parts["data"])
    return Act(
        "send",
        reader.text(parts, "send", node),
        node.line,
        by=reader.text(parts, "by", node, ""),
        data=parts.get("data"),
        event_id=reader.text(parts, "id", node, ""),
        source=reader.text(parts, "from", node, "scenario"),
        refused=_refused(reader, parts),
        expected=_checked(reader, parts.get("expected")),
    )


def _decision(reader: _Reader, node: Node) -> Act:
    parts = reader.mapping(node, _DECIDE)
    said = [name for name in OUTCOMES if name in parts]
    if len(said) != 1:
        raise reader.wrong(node, "says more than one outcome", "Decide one thing at a time.")
    return Act(
        "decide",
        OUTCOMES[said[0]],
        node.line,
        by=reader.text(parts, "by", node),
        subject=reader.text(parts, said[0], node),
        reason=reader.text(parts, "reason", node, "agreed"),
        behalf=reader.text(parts, "for", node, ""),
        data=parts.get("edit"),
        digest=reader.text(parts, "digest", node, ""),
        refused=_refused(reader, parts),
        expected=_checked(reader, parts.get("expected")),
    )


def _telling(reader: _Reader, node: Node) -> Act:
    parts = reader.mapping(node, _TELL)
    said = [name for name in TELLINGS if name in parts]
    if len(said) != 1:
        raise reader.wrong(node, "says more than one thing", "Let one thing happen at a time.")
    kind = said[0]
    by_person = kind in ("asks", "answered", "completes")
    return Act(
        "tell",
        kind,
        node.line,
        by=reader.text(parts, "by", node) if by_person else "",
        subject=reader.text(parts, kind, node),
        # Which command, or which task; of several the oldest is meant.
        source=reader.text(parts, "type", node, ""),
        reason=reader.text(parts, "reason", node, ""),
        refused=_refused(reader, parts),
        expected=_checked(reader, parts.get("expected")),
    )


def _time(reader: _Reader, node: Node) -> Act:
    parts = reader.mapping(node, _TIME)
    kind, name = ("wait", "after") if "after" in parts else ("until", "at")
    expected = _checked(reader, parts.get("expected"))
    return Act(kind, reader.text(parts, name, node), node.line, expected=expected)


def _refused(reader: _Reader, parts: dict[str, Node]) -> str | None:
    node = parts.get("refused")
    if node is None:
        return None
    if node.value is True:
        return ""
    if not isinstance(node.value, str) or not node.value.strip():
        raise reader.wrong(node, "'refused' should be a text that the message holds, or true")
    return node.value


def _checked(reader: _Reader, node: Node | None) -> Node | None:
    if node is not None:
        _expected(reader, node)
    return node


def _expected(reader: _Reader, node: Node) -> None:
    for name, section in reader.mapping(node, set(SECTIONS)).items():
        if name == "explained":
            reader.mapping(section)
            continue
        exactly = isinstance(section.value, dict) and set(section.value) == {"$exactly"}
        rows = section.value["$exactly"] if exactly and isinstance(section.value, dict) else section
        for row in reader.items(rows):
            _row(reader, name, row)


def _row(reader: _Reader, section: str, row: Node) -> None:
    """A key that no row has would never hold, or under `$none` hold always."""
    known = ROWS[section]
    for key, node in reader.mapping(row).items():
        if key.partition(".")[0] not in known:
            near = get_close_matches(key, known, 1)
            fix = f"Did you mean '{near[0]}'?" if near else f"Rows of {section} have {', '.join(sorted(known))}."
            raise reader.wrong(node, f"'{key}' is nothing that a row of '{section}' has", fix)

"""A process file (YAML) as a `Definition`. Every complaint names the file and the line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from headgate.kernel.canonical import digest
from headgate.kernel.errors import Invalid, Problem, shorten
from headgate.policy.core.source import Node, read_yaml
from headgate.process.core.definition import (
    JOINS,
    STEP_KINDS,
    Condition,
    Definition,
    EventRule,
    Stage,
    Step,
    Transition,
    kind_in,
)
from headgate.process.core.parse_sla import read_sla
from headgate.process.core.rules import check_definition
from headgate.process.core.rules.finding import steps_of

_TOP = {"process", "version", "title", "subject", "owner", "events", "stages", "anywhere", "description"}
_STAGE = {"id", "title", "enter", "go", "on", "sla", "owner", "exception", "final"}
_TRANSITION = {"when", "to", "do", "refuse"}


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads nodes of one file and complains with its lines."""

    file: str

    def wrong(self, node: Node, message: str, fix: str = "") -> Invalid:
        value = node.value if isinstance(node.value, (str, int, Decimal)) else ""
        problem = Problem(f"{self.file}:{node.line}", shorten(value) if value != "" else "", message, fix)
        return Invalid(str(problem), problems=(problem,))

    def mapping(self, node: Node, known: set[str] | None = None) -> dict[str, Node]:
        if not isinstance(node.value, dict):
            raise self.wrong(node, "should be a mapping")
        unknown = sorted(set(node.value) - known) if known is not None else []
        if unknown:
            fix = f"Known here: {', '.join(sorted(known or ()))}."
            raise self.wrong(node.value[unknown[0]], f"'{unknown[0]}' is not a known key", fix)
        return node.value

    def items(self, node: Node | None) -> list[Node]:
        if node is None or node.value is None:
            return []
        if not isinstance(node.value, list):
            raise self.wrong(node, "should be a list")
        return node.value

    def text(self, parent: dict[str, Node], name: str, at: Node, default: str | None = None) -> str:
        node = parent.get(name)
        if node is None:
            if default is None:
                raise self.wrong(at, f"'{name}' is missing")
            return default
        if not isinstance(node.value, str) or not node.value.strip():
            raise self.wrong(node, f"'{name}' should be text")
        return node.value

    def number(self, node: Node, name: str) -> Decimal:
        if isinstance(node.value, bool) or not isinstance(node.value, (int, Decimal)) or node.value <= 0:
            raise self.wrong(node, f"'{name}' should be a positive number")
        return Decimal(node.value)


def parse_definition(text: str, file: str) -> Definition:
    """Parse and check a process file. Raises `Invalid` with every problem that checking finds."""
    definition, lines = _read(text, file)
    problems = tuple(
        Problem(f"{file}:{lines.get(found.where, 1)}", found.where, found.message, found.fix)
        for found in check_definition(definition)
    )
    if problems:
        raise Invalid("; ".join(str(p) for p in problems), problems=problems)
    return definition


def read_definition(text: str, file: str) -> Definition:
    """Parse a process file that was checked when it was installed: what is checked may have grown since."""
    return _read(text, file)[0]


@lru_cache(maxsize=64)
def _read(text: str, file: str) -> tuple[Definition, Mapping[str, int]]:
    """The definition, and the lines of its stages and events by name. Kept: installing reads the same text to parse it,
    to lint it and to see who reads what."""
    root = read_yaml(text, file)
    reader = _Reader(file)
    top = reader.mapping(root, _TOP)
    version = top.get("version")
    if version is None or not isinstance(version.value, int) or isinstance(version.value, bool) or version.value < 1:
        raise reader.wrong(version or root, "'version' should be a whole number from 1")
    anywhere = _handlers(reader, top.get("anywhere"))
    stages: dict[str, Stage] = {}
    lines: dict[str, int] = {}
    for node in reader.items(top.get("stages")):
        stage = _stage(reader, node, anywhere)
        if stage.id in stages:
            raise reader.wrong(node, f"stage '{stage.id}' stands twice")
        stages[stage.id], lines[stage.id] = stage, node.line
    if not stages:
        raise reader.wrong(root, "'stages' is missing or empty")
    events = top.get("events")
    if events is None or not events.value:
        raise reader.wrong(root, "'events' is missing or empty", "Say which events this process takes.")
    lines |= {name: node.line for name, node in reader.mapping(events).items()}
    definition = Definition(
        process=reader.text(top, "process", root),
        version=version.value,
        title=reader.text(top, "title", root),
        subject=reader.text(top, "subject", root),
        owner=reader.text(top, "owner", root, ""),
        events=_events(reader, events),
        stages=stages,
        initial=next(iter(stages)),
        digest=digest(text).hex(),
        children=frozenset(s.name for stage in stages.values() for s in steps_of(stage) if s.kind == "subcase"),
    )
    return definition, lines


def _events(reader: _Reader, node: Node) -> dict[str, EventRule]:
    rules = {}
    for name, rule_node in reader.mapping(node).items():
        rule = reader.mapping(rule_node, {"key", "subject", "starts"})
        starts = rule["starts"].value if "starts" in rule else False
        if not isinstance(starts, bool):
            raise reader.wrong(rule_node, "'starts' should be true or false")
        rules[name] = EventRule(
            key=reader.text(rule, "key", rule_node), subject=reader.text(rule, "subject", rule_node), starts=starts
        )
    return rules


def _stage(reader: _Reader, node: Node, anywhere: dict[str, tuple[Transition, ...]]) -> Stage:
    stage = reader.mapping(node, _STAGE)
    own = _handlers(reader, stage.get("on"))
    handlers = {name: (*own.get(name, ()), *anywhere.get(name, ())) for name in (*own, *anywhere)}
    exception = stage["exception"].value if "exception" in stage else False
    if not isinstance(exception, bool):
        raise reader.wrong(stage["exception"], "'exception' should be true or false")
    return Stage(
        id=reader.text(stage, "id", node),
        title=reader.text(stage, "title", node),
        enter=tuple(_steps(reader, stage.get("enter"))),
        go=tuple(_transition(reader, t) for t in reader.items(stage.get("go"))),
        on=handlers,
        sla=read_sla(reader, stage.get("sla")),
        owner=reader.text(stage, "owner", node, ""),
        exception=exception,
        final=reader.text(stage, "final", node, ""),
    )


def _handlers(reader: _Reader, node: Node | None) -> dict[str, tuple[Transition, ...]]:
    if node is None:
        return {}
    found = {}
    for name, value in reader.mapping(node).items():
        nodes = value.value if isinstance(value.value, list) else [value]
        found[name] = tuple(_transition(reader, t) for t in nodes)
    return found


def _transition(reader: _Reader, node: Node) -> Transition:
    if isinstance(node.value, str):
        return Transition(to=node.value)
    parts = reader.mapping(node, _TRANSITION)
    to = reader.text(parts, "to", node) if "to" in parts else None
    refuse = reader.text(parts, "refuse", node, "")
    if to is None and not refuse and "do" not in parts:
        raise reader.wrong(node, "says neither where to go nor what to do", "Give 'to', 'do' or 'refuse'.")
    return Transition(
        to=to,
        when=tuple(_conditions(reader, parts.get("when"))),
        steps=tuple(_steps(reader, parts.get("do"))),
        refuse=refuse,
    )


def _conditions(reader: _Reader, node: Node | None) -> Iterator[Condition]:
    for path, wanted in (reader.mapping(node) if node is not None else {}).items():
        nodes = wanted.value if isinstance(wanted.value, list) else [wanted]
        values = [n.value for n in nodes]
        if any(isinstance(v, (dict, list)) for v in values):
            raise reader.wrong(
                wanted, "a condition compares with plain values", "Put richer logic into a decision table."
            )
        yield Condition(tuple(path.split(".")), tuple(values))


def _steps(reader: _Reader, node: Node | None) -> Iterator[Step]:
    for item in reader.items(node):
        parts = reader.mapping(item)
        kind = kind_in(parts)
        if kind is None:
            raise reader.wrong(item, "should be exactly one kind of step", f"Use one of {', '.join(STEP_KINDS)}.")
        if kind == "set":
            yield Step("set", "set", "set", {k: n.plain() for k, n in reader.mapping(parts["set"]).items()})
            continue
        name = reader.text(parts, kind, item)
        id_ = reader.text(parts, "id", item, name.rsplit(".", 1)[-1])
        args = {k: n.plain() for k, n in parts.items() if k not in (kind, "id", "branches")}
        branches = _branches(reader, parts, item) if kind == "parallel" else {}
        yield Step(id_, kind, name, args, branches)


def _branches(reader: _Reader, parts: dict[str, Node], item: Node) -> dict[str, tuple[Step, ...]]:
    """The branches of a `parallel` step. Its join is all, any, or how many of them."""
    reader.mapping(item, {"parallel", "id", "join", "branches"})
    if "branches" not in parts:
        raise reader.wrong(item, "'branches' is missing", "Give at least two named lists of steps.")
    named = reader.mapping(parts["branches"])
    branches = {name: tuple(_steps(reader, node)) for name, node in named.items()}
    if len(branches) < 2:
        raise reader.wrong(parts["branches"], "has fewer than two branches", "Write the steps without 'parallel'.")
    for name, node in named.items():
        if not branches[name]:
            raise reader.wrong(node, f"branch '{name}' has no steps", "Give it a step, or remove it.")
    join = parts.get("join")
    if join is not None and join.value not in JOINS:
        count = join.value
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= len(branches):
            fix = f"Write all, any, or a number from 1 to {len(branches)}."
            raise reader.wrong(join, "'join' is no way for branches to come together", fix)
    return branches

"""A GoRules JSON Decision Model as policies: its decision table nodes, and expression nodes as rows that always fit.

Function nodes hold JavaScript and are refused: rules never run host code. Custom, switch and nested decision nodes have
no equal and are refused by name. Tables that feed tables become chained inputs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, cast

from headgate.kernel.phrases import phrase
from headgate.policy.core.model import (
    PolicyTable,
)
from headgate.policy.exchange.jdm.nodes import Node
from headgate.policy.exchange.jdm.values import content_of, name_of
from headgate.policy.exchange.jdm.writing import AGGREGATE
from headgate.policy.exchange.notice import Imported, Refusals, refusal

MAX_NODES = 100

_REFUSED = {
    "functionNode": (
        phrase("runs a program, and rules never run host code"),
        phrase("State it as a table or as expressions."),
    ),
    "customNode": (phrase("runs code of another tool"), phrase("State it as a table or as expressions.")),
    "switchNode": (
        phrase("branches between nodes, which policies do not have"),
        phrase("Write the condition into the table's rows."),
    ),
    "decisionNode": (
        phrase("calls a decision in another file"),
        phrase("Import that file and chain the two policies."),
    ),
}

_IGNORED = ("inputNode", "outputNode")


def read_jdm(data: bytes, file: str) -> list[Imported]:
    """The policies of the model, in the order of its graph. Raises `Invalid` with every reason and its place."""
    try:
        graph = json.loads(data.decode("utf-8-sig"), parse_float=Decimal)
    except json.JSONDecodeError as error:
        place = phrase("line %(line)s, column %(column)s", line=error.lineno, column=error.colno)
        raise refusal(file, place, phrase("is not JSON"), phrase("Export the model once more.")) from None
    except (ValueError, RecursionError):
        raise refusal(file, phrase("the file"), phrase("is not JSON"), phrase("Export the model once more.")) from None
    if not isinstance(graph, dict) or not isinstance(graph.get("nodes"), list):
        raise refusal(file, phrase("the file"), phrase("is not a GoRules decision model: it has no list of nodes"))
    wrong = Refusals(file)
    found = _Graph(graph, wrong).policies()
    wrong.check()
    return [Imported(table, tuple(wrong.notices) if place == 0 else ()) for place, table in enumerate(found)]


class _Graph:
    def __init__(self, graph: dict[str, Any], wrong: Refusals) -> None:
        self.wrong = wrong
        nodes = [n for n in graph["nodes"] if isinstance(n, dict) and isinstance(n.get("id"), str)]
        if len(nodes) != len(graph["nodes"]) or len(nodes) > MAX_NODES:
            wrong.refuse(phrase("nodes"), phrase("are not at most %(most)s objects with an id", most=MAX_NODES))
        self.nodes: dict[str, dict[str, Any]] = {n["id"]: n for n in nodes[:MAX_NODES]}
        edges = graph.get("edges") if isinstance(graph.get("edges"), list) else []
        self.before: dict[str, set[str]] = {id_: set() for id_ in self.nodes}
        for edge in cast(list[Any], edges):
            source, target = (edge.get("sourceId"), edge.get("targetId")) if isinstance(edge, dict) else (None, None)
            if source in self.nodes and target in self.nodes:
                self.before[cast(str, target)].add(cast(str, source))
            else:
                wrong.refuse(
                    phrase("edge %(edge)s", edge=str(edge)[:60]), phrase("leads from or to a node that is not there")
                )
        self.about = self.schema()

    def schema(self) -> dict[str, Any]:
        """What the input node says of types; ours under its own key."""
        for node in self.nodes.values():
            text = content_of(node).get("schema")
            if node.get("type") == "inputNode" and isinstance(text, str) and text.strip():
                try:
                    found = json.loads(text)
                except (ValueError, RecursionError):
                    self.wrong.tell(
                        phrase("node %(name)s", name=name_of(node)),
                        phrase("has a schema that is not JSON, so it tells no types"),
                    )
                    continue
                return found if isinstance(found, dict) else {}
        return {}

    def policies(self) -> list[PolicyTable]:
        found: list[PolicyTable] = []
        made: dict[str, str] = {}  # outputs of nodes before, by the policy that gives them
        for node in self.ordered():
            kind = node.get("type")
            if kind in _IGNORED or node["id"] == AGGREGATE:
                continue
            if kind in ("decisionTableNode", "expressionNode"):
                upstream = {o: p for o, p in made.items() if p in self.above(node["id"], found)}
                table = Node(node, self.about, upstream, {t.policy for t in found}, self.wrong).policy()
                if table is not None:
                    found.append(table)
                    self.nodes[node["id"]]["_policy"] = table.policy
                    made.update({o.name: table.policy for o in table.outputs})
                continue
            message, fix = _REFUSED.get(str(kind), (phrase("is of a kind that policies do not have"), ""))
            self.wrong.refuse(phrase("node %(name)s (%(kind)s)", name=name_of(node), kind=str(kind)[:40]), message, fix)
        if not found and not self.wrong.found:
            self.wrong.refuse(phrase("the model"), phrase("has no decision table"))
        return found

    def above(self, id_: str, found: list[PolicyTable]) -> set[str]:
        """The policies made of nodes that come before a node."""
        seen: set[str] = set()
        open_ = [id_]
        while open_:
            for before in self.before[open_.pop()] - seen:
                seen.add(before)
                open_.append(before)
        return {str(self.nodes[i].get("_policy")) for i in seen} & {t.policy for t in found}

    def ordered(self) -> Iterator[dict[str, Any]]:
        done: set[str] = set()
        waiting = list(self.nodes)
        while waiting:
            ready = [id_ for id_ in waiting if self.before[id_] <= done]
            if not ready:
                names = ", ".join(name_of(self.nodes[id_]) for id_ in waiting[:10])
                self.wrong.refuse(
                    phrase("edges"),
                    phrase("the nodes %(names)s feed each other in a circle", names=names),
                    phrase("Remove an edge."),
                )
                return
            done.update(ready)
            waiting = [id_ for id_ in waiting if id_ not in done]
            yield from (self.nodes[id_] for id_ in ready)

"""A policy as DMN 1.3 XML, without diagram interchange: modellers lay out what has no layout.

What DMN has a place for goes there: item definitions for money, percent and allowed values, annotation columns for
`because` and `clause`, the row's id as the rule's label. The policy's own name, version and owner are attributes of our
namespace, which other tools keep or pass over. A cell beyond S-FEEL is written in ZEN and says so in
`expressionLanguage`, as the standard provides; every such place is also told in a notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from html import escape

from headgate.kernel.phrases import counted, phrase
from headgate.policy.core.model import (
    MULTIPLE,
    NUMERIC,
    TIMES,
    Formula,
    InputColumn,
    OutputColumn,
    PolicyTable,
    Row,
    Value,
)
from headgate.policy.core.times import time_value
from headgate.policy.exchange.dmn.model import FEEL, OURS, WRITTEN, ZEN
from headgate.policy.exchange.dmn.types import BASES
from headgate.policy.exchange.feel.from_zen import NotCarried, expression_of, tests_of
from headgate.policy.exchange.feel.printing import literal_text, print_expression, print_tests
from headgate.policy.exchange.feel.tokens import KEYWORDS
from headgate.policy.exchange.notice import Exported, Refusals

_REFS = {ours: feel for feel, ours in BASES.items()} | {"enum": "string"}
_SPECIAL = {"money": "tMoney", "percent": "tPercent", "integer": "tInteger", "list": "tList"}
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MEDIA = "application/xml"


def write_dmn(table: PolicyTable) -> Exported:
    """The file and what it cannot hold."""
    wrong = Refusals(f"{table.policy}.dmn")
    writer = _Writer(table, wrong)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', *writer.definitions()]
    return Exported(("\n".join(lines) + "\n").encode(), MEDIA, "dmn", tuple(wrong.notices))


def _tag(name: str, attributes: Mapping[str, str] | None = None, inner: Sequence[str] | str = ()) -> list[str]:
    told = "".join(f' {key}="{_clean(value)}"' for key, value in (attributes or {}).items() if value)
    if isinstance(inner, str):
        return [f"<{name}{told}>{_clean(inner)}</{name}>"]
    if not inner:
        return [f"<{name}{told}/>"]
    return [f"<{name}{told}>", *(f"  {line}" for line in inner), f"</{name}>"]


def _clean(text: str) -> str:
    return escape(_ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text), quote=True).replace("\n", "&#10;")


class _Writer:
    def __init__(self, table: PolicyTable, wrong: Refusals) -> None:
        self.table = table
        self.wrong = wrong
        self.kinds = {c.name: c.type for c in table.inputs}
        self.names = {c.name: self.name(c.name) for c in table.inputs}

    def name(self, name: str) -> str:
        """The name in the model; one that FEEL reads as a word of its own gets an underscore."""
        if name not in KEYWORDS:
            return name
        self.wrong.tell(
            phrase("column %(name)s", name=name),
            phrase("%(name)s is a word of FEEL, so it is called %(name_2)s_ in the model", name=name, name_2=name),
        )
        return f"{name}_"

    def definitions(self) -> list[str]:
        table = self.table
        if table.tests:
            self.wrong.tell(
                phrase("tests"),
                counted("%(count)s test has no place in DMN", "%(count)s tests have no place in DMN", len(table.tests)),
                phrase("Keep the YAML file beside it."),
            )
        attributes = {
            "xmlns": WRITTEN,
            "xmlns:headgate": OURS,
            "id": f"definitions_{table.policy}",
            "name": table.title,
            "namespace": f"{OURS}:{table.policy}",
            "expressionLanguage": FEEL,
            "typeLanguage": FEEL,
            "exporter": "Headgate",
        }
        inner = [*self.item_definitions(), *self.input_data(), *self.decision()]
        return _tag("definitions", attributes, inner)

    def item_definitions(self) -> Iterator[str]:
        columns: list[InputColumn | OutputColumn] = [*self.table.inputs, *self.table.outputs]
        for special in sorted({self.special(c) for c in columns} - {""}):
            base = "string" if special == "tList" else "number"
            collection = {"isCollection": "true"} if special == "tList" else {}
            yield from _tag("itemDefinition", {"name": special, **collection}, _tag("typeRef", None, base))
        for column in columns:
            if allowed := _allowed(column):
                base = self.special(column) or _REFS[column.type]
                inner = [*_tag("typeRef", None, base), *_tag("allowedValues", None, _tag("text", None, allowed))]
                yield from _tag("itemDefinition", {"name": f"t_{column.name}"}, inner)
        if len(self.table.outputs) > 1:
            parts = [
                line
                for c in self.table.outputs
                for line in _tag("itemComponent", {"name": c.name}, _tag("typeRef", None, self.ref(c)))
            ]
            yield from _tag("itemDefinition", {"name": self.whole(), **self.collection()}, parts)
        elif self.collection():
            inner = _tag("typeRef", None, self.ref(self.table.outputs[0]))
            yield from _tag("itemDefinition", {"name": self.whole(), "isCollection": "true"}, inner)

    def collection(self) -> dict[str, str]:
        several = self.table.hit in MULTIPLE and self.table.aggregate == "list"
        return {"isCollection": "true"} if several else {}

    def whole(self) -> str:
        return f"t_result_of_{self.table.policy}"

    def special(self, column: InputColumn | OutputColumn) -> str:
        """The item definition that says what kind of number or list this is."""
        name = _SPECIAL.get(column.type, "")
        return f"{name}_{column.currency}" if name and column.currency else name

    def ref(self, column: InputColumn | OutputColumn) -> str:
        return f"t_{column.name}" if _allowed(column) else self.special(column) or _REFS[column.type]

    def input_data(self) -> Iterator[str]:
        for column in self.table.inputs:
            name = self.names[column.name]
            variable = _tag("variable", {"id": f"variable_{column.name}", "name": name, "typeRef": self.ref(column)})
            yield from _tag("inputData", {"id": f"data_{column.name}", "name": name, "label": column.label}, variable)

    def decision(self) -> list[str]:
        table = self.table
        one = table.outputs[0] if len(table.outputs) == 1 else None
        ref = self.whole() if one is None or self.collection() else self.ref(one)
        if table.aggregate != "list":
            ref = "number"
        attributes = {
            "id": table.policy,
            "name": table.title,
            "headgate:policy": table.policy,
            "headgate:version": str(table.version),
            "headgate:owner": table.owner,
            "headgate:because": table.default.because if table.default else "",
            "headgate:clause": table.default.clause if table.default else "",
        }
        inner = [
            *(_tag("description", None, table.description) if table.description else []),
            *_tag("variable", {"id": f"variable_{table.policy}", "name": table.title, "typeRef": ref}),
            *(line for c in table.inputs for line in self.requirement(c)),
            *self.decision_table(),
        ]
        return _tag("decision", attributes, inner)

    def requirement(self, column: InputColumn) -> list[str]:
        required = _tag("requiredInput", {"href": f"#data_{column.name}"})
        return _tag("informationRequirement", {"id": f"requires_{column.name}"}, required)

    def decision_table(self) -> list[str]:
        table = self.table
        attributes = {
            "id": f"table_{table.policy}",
            "hitPolicy": table.hit.upper().replace("_", " "),
            "aggregation": "" if table.aggregate == "list" else table.aggregate.upper(),
            "preferredOrientation": "Rule-as-Row",
        }
        inner = [
            *(line for c in table.inputs for line in self.input(c)),
            *(line for c in table.outputs for line in self.output(c)),
            *_tag("annotation", {"name": "because"}),
            *_tag("annotation", {"name": "clause"}),
            *(line for row in table.rows for line in self.rule(row)),
        ]
        return _tag("decisionTable", attributes, inner)

    def input(self, column: InputColumn) -> list[str]:
        if column.default is not None:
            self.wrong.tell(
                phrase("input %(name)s", name=column.name),
                phrase("its default has no place in DMN"),
                phrase("Give the fact always."),
            )
        if column.source is not None:
            self.wrong.tell(
                phrase("input %(name)s", name=column.name),
                phrase("comes from %(source)s; in the model it is input data", source=column.source),
            )
        attributes = {
            "id": f"input_{column.name}",
            "label": column.label,
            "headgate:nullable": "true" if column.nullable else "",
        }
        name = self.names[column.name]
        look = {"id": f"expression_{column.name}", "typeRef": self.ref(column)}
        allowed = _allowed(column)
        inner = [
            *_tag("inputExpression", look, _tag("text", None, name)),
            *(_tag("inputValues", None, _tag("text", None, allowed)) if allowed else []),
        ]
        return _tag("input", attributes, inner)

    def output(self, column: OutputColumn) -> list[str]:
        attributes = {
            "id": f"output_{column.name}",
            "label": column.label,
            "name": column.name,
            "typeRef": self.ref(column),
            "headgate:nullable": "true" if column.nullable else "",
        }
        allowed = _allowed(column)
        inner = _tag("outputValues", None, _tag("text", None, allowed)) if allowed else []
        default = self.table.default
        if default is not None and (column.name in default.then):
            inner = [*inner, *self.entry("defaultOutputEntry", "", column, default)]
        return _tag("output", attributes, inner)

    def rule(self, row: Row) -> list[str]:
        inner = [
            *(line for c in self.table.inputs for line in self.cell(row, c)),
            *(line for c in self.table.outputs for line in self.entry("outputEntry", f"{row.id}_{c.name}", c, row)),
            *_tag("annotationEntry", None, _tag("text", None, row.because)),
            *_tag("annotationEntry", None, _tag("text", None, row.clause)),
        ]
        return _tag("rule", {"id": f"rule_{row.id}", "label": row.id}, inner)

    def cell(self, row: Row, column: InputColumn) -> list[str]:
        attributes = {"id": f"cell_{row.id}_{column.name}"}
        text = row.when.get(column.name, "-")
        try:
            told = print_tests(tests_of(text, self.kinds, self.names, column.name))
        except NotCarried as error:
            self.wrong.tell(
                phrase("row %(id)s, column %(name)s", id=row.id, name=column.name),
                phrase(
                    "%(text)s stays in ZEN, which other tools do not run: %(error)s",
                    text=repr(text),
                    error=error.said,
                ),
                phrase("Write it with comparisons, ranges and lists."),
            )
            attributes["expressionLanguage"] = ZEN
            told = text
        return _tag("inputEntry", attributes, _tag("text", None, told))

    def entry(self, tag: str, id_: str, column: OutputColumn, row: Row) -> list[str]:
        attributes = {"id": f"result_{id_}"} if id_ else {}
        value = row.then.get(column.name)
        if not isinstance(value, Formula):
            return _tag(tag, attributes, _tag("text", None, _literal(column, value)))
        try:
            told = print_expression(expression_of(value.text, self.kinds, self.names))
        except NotCarried as error:
            place = phrase("row %(row)s, column %(column)s", row=row.id, column=column.name)
            self.wrong.tell(
                place,
                phrase(
                    "'= %(text)s' stays in ZEN, which other tools do not run: %(error)s",
                    text=value.text,
                    error=error.said,
                ),
            )
            attributes["expressionLanguage"] = ZEN
            told = value.text
        return _tag(tag, attributes, _tag("text", None, told))


def _allowed(column: InputColumn | OutputColumn) -> str:
    if column.values:
        return ", ".join(_value(v) for v in column.values)
    low = getattr(column, "minimum", None)
    high = getattr(column, "maximum", None)
    if low is not None and high is not None:
        return f"[{_value(low)}..{_value(high)}]"
    return f">= {_value(low)}" if low is not None else f"<= {_value(high)}" if high is not None else ""


def _value(value: Value) -> str:
    return literal_text(list(value) if isinstance(value, tuple) else value)


def _literal(column: OutputColumn, value: object) -> str:
    if value is None or isinstance(value, bool):
        return literal_text(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(literal_text(str(v)) for v in value)}]"
    if column.type in NUMERIC:
        return literal_text(Decimal(str(value)))
    if column.type in TIMES:
        return literal_text(time_value(column.type, value))
    return literal_text(str(value))

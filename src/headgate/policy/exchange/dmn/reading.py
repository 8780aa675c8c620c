"""DMN XML to a model: shape, references and known words. What the cells mean is for those who use the model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from headgate.kernel.phrases import phrase
from headgate.policy.exchange.dmn.model import (
    AGGREGATIONS,
    HIT_POLICIES,
    NAMESPACES,
    OURS,
    SIMPLE_TYPES,
    ZEN,
    Beyond,
    Context,
    Decision,
    Definitions,
    HitPolicy,
    Input,
    InputData,
    Invocation,
    ItemType,
    Knowledge,
    Logic,
    Output,
    Rule,
    Table,
    Text,
    type_name,
)
from headgate.policy.exchange.notice import Refusals, refusal
from headgate.policy.exchange.xml_tree import Element, read_xml

_LOGIC = frozenset(
    "decisionTable literalExpression invocation context relation list functionDefinition conditional filter for".split()
)
_NO_PART = ("DMNDI", "extensionElements", "description", "itemDefinition", "decision", "inputData")
_OUR_MARK = f"{OURS}\x1f"


def read_dmn(data: bytes, file: str) -> Definitions:
    """The model. Raises `Invalid` listing what is wrong, each with its line and element."""
    root = read_xml(data, file)
    version = NAMESPACES.get(root.space)
    if root.name != "definitions" or version is None:
        told = phrase(
            "is <%(root)s> of the namespace %(space)s, not the definitions of a DMN model",
            root=root.name[:40],
            space=root.space[:120] or "(none)",
        )
        raise refusal(file, phrase("line %(line)s", line=root.line), told, phrase("Save it as DMN 1.3 or later."))
    wrong = Refusals(file)
    reader = _Reader(wrong)
    found = reader.definitions(root, version)
    wrong.check()
    return found


def place(element: Element) -> str:
    """Where an element stands, as messages tell it."""
    named = element.get("id") or element.get("name")
    what = f"{element.name} {named[:60]}" if named else element.name
    return phrase("line %(line)s, %(what)s", line=element.line, what=what)


class _Reader:
    def __init__(self, wrong: Refusals) -> None:
        self.wrong = wrong
        self.languages = ""

    def definitions(self, root: Element, version: str) -> Definitions:
        self.language(root, root.get("expressionLanguage"))
        types = {t.name: t for t in (self.item_type(e) for e in root.all("itemDefinition"))}
        decisions = [self.decision(e) for e in root.all("decision")]
        inputs = [self.input_data(e) for e in root.all("inputData")]
        knowledge = [self.knowledge(e) for e in root.all("businessKnowledgeModel")]
        for element in root.walk():
            if element.space == root.space and "typeRef" in element.attributes:
                self.known_type(element, element.get("typeRef"), types)
        ids = [d.id for d in decisions] + [i.id for i in inputs] + [k.id for k in knowledge]
        for twice in sorted({i for i in ids if ids.count(i) > 1}):
            self.wrong.refuse(
                phrase("id %(twice)s", twice=twice[:60]),
                phrase("is given twice"),
                phrase("Give each element its own id."),
            )
        known = (*_NO_PART, "businessKnowledgeModel")
        return Definitions(
            name=root.get("name"),
            version=version,
            types=types,
            decisions={d.id: d for d in decisions},
            inputs={i.id: i for i in inputs},
            knowledge={k.id: k for k in knowledge},
            passed_over=tuple((c.name, c.line) for c in root.children if c.name not in known),
        )

    def known_type(self, element: Element, ref: str, types: dict[str, ItemType]) -> None:
        name = type_name(ref)
        if name and name not in SIMPLE_TYPES and name not in types and ref.strip() not in types:
            known = ", ".join(sorted([*SIMPLE_TYPES, *types])[:30])
            self.wrong.refuse(
                place(element),
                phrase("the type %(ref)s is not known", ref=repr(ref[:60])),
                phrase("Use %(names)s.", names=known),
            )

    def language(self, element: Element, uri: str) -> None:
        """Refuse a language that is neither FEEL nor ours."""
        if uri and "FEEL" not in uri.upper() and uri != ZEN:
            self.wrong.refuse(
                place(element), phrase("is written in %(uri)s", uri=uri[:80]), phrase("Only S-FEEL is understood.")
            )

    def item_type(self, element: Element) -> ItemType:
        base = element.one("typeRef")
        allowed = element.one("allowedValues")
        return ItemType(
            name=element.get("name"),
            base=type_name(_joined(base)) if base else "",
            collection=element.get("isCollection") == "true",
            allowed=_text(allowed),
            components=tuple(self.item_type(c) for c in element.all("itemComponent")),
            line=element.line,
        )

    def input_data(self, element: Element) -> InputData:
        variable = element.one("variable")
        ref = variable.get("typeRef") if variable else ""
        return InputData(element.get("id"), element.get("name"), type_name(ref), element.get("label"))

    def decision(self, element: Element) -> Decision:
        variable = element.one("variable")
        about = {k.removeprefix(_OUR_MARK): v for k, v in element.attributes.items() if k.startswith(_OUR_MARK)}
        return Decision(
            id=element.get("id"),
            name=element.get("name"),
            type_ref=type_name(variable.get("typeRef")) if variable else "",
            logic=self.logic(element),
            needs=tuple(_needs(element)),
            description=_joined(element.one("description")),
            about=about,
            line=element.line,
        )

    def knowledge(self, element: Element) -> Knowledge:
        body = element.one("encapsulatedLogic")
        parameters = tuple(p.get("name") for p in body.all("formalParameter")) if body else ()
        logic = self.logic(body) if body else Beyond("empty", element.line)
        return Knowledge(element.get("id"), element.get("name"), parameters, logic)

    def logic(self, element: Element) -> Logic:
        found = next((c for c in element.children if c.name in _LOGIC and c.space == element.space), None)
        if found is None:
            return Beyond("nothing", element.line)
        if found.name == "literalExpression":
            return self.text(found)
        if found.name == "decisionTable":
            return self.table(found, element)
        if found.name == "invocation":
            called = found.one("literalExpression")
            return Invocation(_text(called), tuple(self.bindings(found)))
        if found.name == "context":
            return Context(tuple(self.entries(found)))
        return Beyond(found.name, found.line)

    def bindings(self, element: Element) -> Iterator[tuple[str, Logic]]:
        for binding in element.all("binding"):
            parameter = binding.one("parameter")
            yield parameter.get("name") if parameter else "", self.logic(binding)

    def entries(self, element: Element) -> Iterator[tuple[str, Logic]]:
        for entry in element.all("contextEntry"):
            variable = entry.one("variable")
            yield variable.get("name") if variable else "", self.logic(entry)

    def text(self, element: Element) -> Text:
        language = element.get("expressionLanguage")
        self.language(element, language)
        return Text(_text(element), ZEN if language == ZEN else "", element.get("id"), element.line)

    def table(self, element: Element, owner: Element) -> Table:
        hit = element.get("hitPolicy", "UNIQUE").strip().upper()
        if hit not in HIT_POLICIES:
            self.wrong.refuse(
                place(element),
                phrase("the hit policy %(hit)s is not known", hit=repr(hit[:40])),
                phrase("Use %(names)s.", names=", ".join(HIT_POLICIES)),
            )
        aggregation = element.get("aggregation").strip().upper()
        if aggregation not in AGGREGATIONS:
            fix = phrase("Use %(names)s, or leave it out.", names=", ".join(AGGREGATIONS[1:]))
            self.wrong.refuse(
                place(element),
                phrase("the aggregation %(aggregation)s is not known", aggregation=repr(aggregation[:40])),
                fix,
            )
        inputs = tuple(self.input(e) for e in element.all("input"))
        outputs = tuple(self.output(e, owner) for e in element.all("output"))
        if not outputs:
            self.wrong.refuse(place(element), phrase("has no output"))
        rules = tuple(self.rule(e, len(inputs), len(outputs)) for e in element.all("rule"))
        notes = tuple(e.get("name") for e in element.all("annotation"))
        kind = cast(HitPolicy, hit)
        return Table(element.get("id"), kind, aggregation, inputs, outputs, rules, notes, element.line)

    def input(self, element: Element) -> Input:
        expression = element.one("inputExpression")
        if expression is None or not _text(expression):
            self.wrong.refuse(
                place(element), phrase("does not say what it looks at"), phrase("Give it an input expression.")
            )
        elif expression.get("expressionLanguage"):
            self.language(expression, expression.get("expressionLanguage"))
        values = element.one("inputValues")
        return Input(
            id=element.get("id"),
            expression=_text(expression),
            type_ref=type_name(expression.get("typeRef")) if expression else "",
            label=element.get("label"),
            values=_text(values),
            nullable=element.attributes.get(f"{_OUR_MARK}nullable") == "true",
            line=element.line,
        )

    def output(self, element: Element, owner: Element) -> Output:
        default = element.one("defaultOutputEntry")
        values = element.one("outputValues")
        return Output(
            id=element.get("id"),
            name=element.get("name"),
            type_ref=type_name(element.get("typeRef")),
            label=element.get("label"),
            values=_text(values),
            default=self.text(default) if default else None,
            nullable=element.attributes.get(f"{_OUR_MARK}nullable") == "true",
            line=element.line,
        )

    def rule(self, element: Element, inputs: int, outputs: int) -> Rule:
        tests = tuple(self.text(e) for e in element.all("inputEntry"))
        results = tuple(self.text(e) for e in element.all("outputEntry"))
        if len(tests) != inputs:
            told = phrase("has %(count)s input entries for %(wanted)s columns", count=len(tests), wanted=inputs)
            self.wrong.refuse(place(element), told)
        if len(results) != outputs:
            told = phrase("has %(count)s output entries for %(wanted)s columns", count=len(results), wanted=outputs)
            self.wrong.refuse(place(element), told)
        return Rule(
            id=element.get("id"),
            tests=tests,
            outputs=results,
            notes=tuple(_text(e) for e in element.all("annotationEntry")),
            label=element.get("label"),
            description=_joined(element.one("description")),
            line=element.line,
        )


def _needs(element: Element) -> Iterator[str]:
    for kind in ("informationRequirement", "knowledgeRequirement"):
        for requirement in element.all(kind):
            for child in requirement.children:
                if child.name in ("requiredInput", "requiredDecision", "requiredKnowledge"):
                    yield child.get("href").rpartition("#")[2]


def _text(element: Element | None) -> str:
    return _joined(element.one("text")) if element is not None else ""


def _joined(element: Element | None) -> str:
    return element.text.strip() if element is not None else ""

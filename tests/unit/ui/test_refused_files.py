"""A file of policies that cannot be taken is refused in the reader's language: place, reason and how to mend it."""

from __future__ import annotations

import json
import re

import pytest

from headgate.kernel.errors import Invalid
from headgate.kernel.phrases import joined, sentence
from headgate.policy.core.parse import parse_policy
from headgate.policy.exchange import read_tables
from headgate.ui.languages import translations
from headgate.ui.web import problem_told
from tests.unit.policy.exchange.test_dmn import model, rule
from tests.unit.policy.exchange.test_jdm import START, graph, other, table_node
from tests.unit.policy.exchange.test_sheets import sheet
from tests.unit.ui.test_spoken import WORD, Bracketed

FILES = [
    ("m.dmn", model(rule(hit='hitPolicy="SOMETIMES"'))),
    ("m.dmn", model(rule("for i in [1] return i"))),
    ("m.dmn", model(rule(result=""))),
    ("m.dmn", model(rule().replace("<text>Age</text>", "<text>Age * 2</text>"))),
    ("m.dmn", model("<relation id='x'/>")),
    ("m.dmn", b"<a><b></a>"),
    ("m.dmn", b'<!DOCTYPE d [<!ENTITY x SYSTEM "y">]><d>&x;</d>'),
    ("m.json", graph(START, other("functionNode"))),
    ("m.json", graph(START, table_node(hitPolicy="sometimes"))),
    ("m.json", graph(table_node("a"), table_node("b"), edges=[("a", "b"), ("b", "a")])),
    ("m.json", b'{"nodes": ['),
    ("m.json", json.dumps({"nodes": 5}).encode()),
    ("m.xlsx", sheet(["in amount: float", "out fee: number"], ["a", "b"])),
    ("m.xlsx", sheet(["id", "in a: number", "out b: money"], ["x", "=1+1", "1,250.5"])),
    ("m.xlsx", b"PK\x03\x04 not really"),
    ("m.csv", b'id,"in a: number\n1,2'),
    ("m.csv", b"x,y\n" * 3),
    ("m.docx", b"x"),
]
# Names of the file, its cells and elements, types, and what stands in quotes as it was found.
DATA = re.compile(
    r"m\.\w+|'[^']*'|\b[A-Z]\d\b|\.?(?:csv|dmn|json|tsv|xlsx|ya?ml)\b"
    r"|\b(?:age|approval_status|amount|decisionTable|functionNode|relation|Table [a-z]|Other|file|float|id|[abrtxy])\b"
    r"|\b(?:bool|date(?:time)?|duration|enum|integer|list|money|months|number|percent|string)\b"
    r"|\b(?:UNIQUE|FIRST|PRIORITY|ANY|COLLECT|RULE ORDER|OUTPUT ORDER|Approval Status|for)\b"
    r"|\b(?:policy|version|title|owner|hit|aggregate|description|label)\b"
)


def outside(text: str) -> str:
    """What stands outside of brackets."""
    depth, found = 0, ""
    for each in text:
        depth += (each == "⟦") - (each == "⟧")
        if depth == 0 and each != "⟧":
            found += each
    return found


def told(error: Invalid) -> list[str]:
    spoken = Bracketed()
    parts = [sentence(error.message), *(problem_told(p, p.field) for p in error.problems)]
    return [part.said(spoken.gettext, spoken.ngettext) for part in parts]


@pytest.mark.parametrize(("name", "data"), FILES)
def test_every_word_of_a_refusal_is_a_phrase(name: str, data: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        read_tables(data, name)
    left = {DATA.sub(" ", outside(each)).strip() for each in told(caught.value)}
    assert [each for each in sorted(left) if WORD.search(each)] == []


@pytest.mark.parametrize(
    ("data", "german"),
    [
        (model(rule(kind="tMystery")), "der Typ 'tMystery' ist nicht bekannt"),
        (model(rule("&gt; 2 ** 3")), "Zeile 1 (r), Eingabe age: '> 2 ** 3': ** gibt es in Regeln nicht"),
        (b"<a><b></a>", "Zeile 1, Spalte 9: ist kein XML: Anfang und Ende eines Elements passen nicht zusammen"),
    ],
)
def test_a_german_reader_is_told_in_german(data: bytes, german: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_tables(data, "m.dmn")
    spoken = translations("de")
    said = [
        problem_told(p, joined("", (p.field, ":"))).said(spoken.gettext, spoken.ngettext) for p in caught.value.problems
    ]
    assert german in "\n".join(said)


def test_a_broken_policy_is_told_in_german() -> None:
    with pytest.raises(Invalid) as caught:
        parse_policy("policy: A B\nversion: x\nrows: 5\n", "a.yaml")
    spoken = translations("de")
    said = caught.value.message.said(spoken.gettext, spoken.ngettext)
    assert said == "a.yaml:2: version ist keine ganze Zahl ab 1. (und 8 weitere)"

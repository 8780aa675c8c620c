"""Test cases of the DMN Technology Compatibility Kit: read them, and compare what they expect with what came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, DecimalException

from headgate.policy.exchange.feel.dates import BadDate, temporal_of
from headgate.policy.exchange.feel.tree import Value
from headgate.policy.exchange.notice import refusal
from headgate.policy.exchange.xml_tree import Element, read_xml

NIL = "http://www.w3.org/2001/XMLSchema-instance\x1fnil"
TYPE = "http://www.w3.org/2001/XMLSchema-instance\x1ftype"
# As the kit's own runner compares: expected numbers are rounded to doubles.
TOLERANCE = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class KitCase:
    """One case: facts by input name, expected values by decision name."""

    id: str
    facts: Mapping[str, Value]
    expected: Mapping[str, Value]


def read_cases(data: bytes, file: str) -> tuple[KitCase, ...]:
    """The cases of a test file. Raises `Invalid` where it is not one."""
    root = read_xml(data, file)
    if root.name != "testCases":
        raise refusal(file, f"line {root.line}", f"is <{root.name[:40]}>, not the test cases of the kit")
    return tuple(_case(e, file) for e in root.all("testCase"))


def _case(element: Element, file: str) -> KitCase:
    expected: dict[str, Value] = {}
    for node in element.all("resultNode"):
        found = node.one("expected")
        expected[node.get("name")] = _value(found, file) if found is not None else None
    return KitCase(element.get("id"), {n.get("name"): _value(n, file) for n in element.all("inputNode")}, expected)


def _value(element: Element, file: str) -> Value:
    listing = element.one("list")
    if listing is not None:
        return [_value(item, file) for item in listing.all("item")]
    if element.all("component"):
        return {c.get("name"): _value(c, file) for c in element.all("component")}
    value = element.one("value")
    if value is None or value.attributes.get(NIL) == "true":
        return None
    return _simple(value.attributes.get(TYPE, "").rpartition(":")[2], value.text, f"line {value.line}", file)


def _simple(kind: str, text: str, place: str, file: str) -> Value:
    try:
        if kind in ("decimal", "double", "integer", "int", "long", "float"):
            return Decimal(text.strip())
        if kind == "boolean":
            return text.strip() == "true"
        if kind in ("string", ""):
            return text
        return temporal_of(text.strip())
    except (DecimalException, BadDate) as error:
        raise refusal(file, place, f"is not of type {kind}: {str(error)[:100]}") from None


def same(expected: Value, got: Value) -> bool:
    """Whether a result is the expected one; numbers to within the kit's own tolerance."""
    if type(expected) is Decimal and type(got) is Decimal:
        return abs(expected - got) <= TOLERANCE
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(map(same, expected, got))
    if isinstance(expected, dict) and isinstance(got, dict):
        return expected.keys() == got.keys() and all(same(v, got[k]) for k, v in expected.items())
    return type(expected) is type(got) and expected == got

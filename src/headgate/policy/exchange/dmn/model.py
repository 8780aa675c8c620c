"""A DMN model as its file states it: texts unparsed, each part with its line. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

HitPolicy = Literal["UNIQUE", "ANY", "FIRST", "PRIORITY", "RULE ORDER", "OUTPUT ORDER", "COLLECT"]
HIT_POLICIES: tuple[HitPolicy, ...] = ("UNIQUE", "ANY", "FIRST", "PRIORITY", "RULE ORDER", "OUTPUT ORDER", "COLLECT")
AGGREGATIONS = ("", "SUM", "MIN", "MAX", "COUNT")

# The namespaces of the versions whose decision tables are alike. DMN 1.3 is what we write.
NAMESPACES: Mapping[str, str] = {
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
    "https://www.omg.org/spec/DMN/20240513/MODEL/": "1.6",
}
WRITTEN = "https://www.omg.org/spec/DMN/20191111/MODEL/"
FEEL = "https://www.omg.org/spec/DMN/20191111/FEEL/"
# Our own attributes in a model; other tools keep or ignore them.
OURS = "urn:headgate:dmn"
# What a cell beyond S-FEEL is written in, as DMN's `expressionLanguage` says it.
ZEN = "urn:headgate:zen"
SIMPLE_TYPES = frozenset(
    {
        "string",
        "number",
        "boolean",
        "date",
        "time",
        "dateTime",
        "dayTimeDuration",
        "yearMonthDuration",
        "Any",
    }
)
_SPELLINGS = {
    "date and time": "dateTime",
    "days and time duration": "dayTimeDuration",
    "dayTimeDuration": "dayTimeDuration",
    "years and months duration": "yearMonthDuration",
}


def type_name(ref: str) -> str:
    """A type reference without prefix, in one spelling."""
    local = ref.strip().rpartition(":")[2]
    return _SPELLINGS.get(local, local)


@dataclass(frozen=True, slots=True)
class Text:
    """An expression or cell as written, its language (empty: S-FEEL) and place."""

    text: str
    language: str = ""
    id: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class ItemType:
    """A type that the model defines: over a base, or a structure of components; perhaps a list of it."""

    name: str
    base: str
    collection: bool = False
    allowed: str = ""
    components: tuple[ItemType, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Input:
    """An input column: what it looks at, its type and its allowed values."""

    id: str
    expression: str
    type_ref: str = ""
    label: str = ""
    values: str = ""
    nullable: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True)
class Output:
    """An output column. `values` rank from high to low under PRIORITY and OUTPUT ORDER."""

    id: str
    name: str
    type_ref: str = ""
    label: str = ""
    values: str = ""
    default: Text | None = None
    nullable: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: a cell per input, a cell per output, and what is noted beside them."""

    id: str
    tests: tuple[Text, ...]
    outputs: tuple[Text, ...]
    notes: tuple[str, ...] = ()
    label: str = ""
    description: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """A decision table; `notes` names the annotation columns."""

    id: str
    hit: HitPolicy
    aggregation: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]
    notes: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Invocation:
    """A call of a business knowledge model with its parameters bound by name."""

    function: str
    bindings: tuple[tuple[str, Logic], ...]


@dataclass(frozen=True, slots=True)
class Context:
    """Named results, each seeing those before it; a last one without name is the result."""

    entries: tuple[tuple[str, Logic], ...]


@dataclass(frozen=True, slots=True)
class Beyond:
    """Logic that is not understood, by the name of its element."""

    element: str
    line: int = 0


Logic: TypeAlias = Text | Table | Invocation | Context | Beyond


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision, what it needs, and how it is made. `about` holds our own attributes."""

    id: str
    name: str
    type_ref: str
    logic: Logic
    needs: tuple[str, ...] = ()
    description: str = ""
    about: Mapping[str, str] | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class InputData:
    """A fact that comes from outside."""

    id: str
    name: str
    type_ref: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A business knowledge model: a function with named parameters."""

    id: str
    name: str
    parameters: tuple[str, ...]
    logic: Logic


@dataclass(frozen=True, slots=True)
class Definitions:
    """A model. Decisions, input data and knowledge models by their id."""

    name: str
    version: str
    types: Mapping[str, ItemType]
    decisions: Mapping[str, Decision]
    inputs: Mapping[str, InputData]
    knowledge: Mapping[str, Knowledge]
    passed_over: tuple[tuple[str, int], ...] = ()  # elements that play no part, with their lines

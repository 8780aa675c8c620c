"""Policy evaluations as a decision recorded them: their facts by the policy's own labels, their rows as references."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from headgate.console.present.asks import instant
from headgate.console.present.lens import Lens
from headgate.console.views.common import Fact, FactValue, PolicyRef
from headgate.console.views.explain import Cell, Link
from headgate.kernel.money import CURRENCIES
from headgate.kernel.phrases import Figure, Opening, Phrase, joined, phrase, swapped, worded
from headgate.policy import CompiledPolicy, InputColumn, OutputColumn, Row
from headgate.policy.core.evaluation import plain_json
from headgate.policy.core.missed import rows_missed
from headgate.policy.core.model import MULTIPLE
from headgate.ui.figures import Percent
from headgate.ui.packed import coded_slots
from headgate.ui.recorded import recorded
from headgate.ui.words import STATES, humanise

# Numbers with decimals; not parts of codes, versions or clauses such as 2.4.
_NUMBER = re.compile(r"(?<![\w.#-])-?\d+\.\d{2,}(?![\w.])|(?<![\w.#-])-?\d+\.\d+(?= %)")
_AMOUNT = re.compile(rf"(?<![\w.#-])(-?\d{{1,15}}(?:\.\d{{1,6}})?) ({'|'.join(sorted(CURRENCIES))})(?!\w)")
_DECIMAL = re.compile(r"-?\d{1,30}\.\d{1,30}")
# A policy measures one way; a negative distance is said as the other side.
_BELOW = re.compile(r"-(\d+(?:\.\d+)?)( %) below\b")
# Values that are codes: by the name of what they stand for, or by their shape.
_CODED = frozenset({"exception", "outcome", "role", "escalate_to"})
# Values that are codes of what has a name.
NAMED = ("partner", "product")
_CODE = re.compile(r"[a-z]+(?:_[a-z0-9]+)+")
_ANSWERS: Mapping[str, str] = {"true": phrase("yes"), "false": phrase("no")}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")

Tables = Mapping[tuple[str, int], CompiledPolicy]
Recorded = Mapping[str, Any]


def version_of(evaluation: Recorded) -> tuple[str, int]:
    """Which policy version made an evaluation."""
    return str(evaluation["policy"]), int(evaluation["version"])


def row_of(tables: Tables, evaluation: Recorded, place: int = 0) -> Row | None:
    """The row that decided; None when the policy's text is not known or its default decided."""
    compiled, rows = tables.get(version_of(evaluation)), evaluation.get("rows") or ()
    if compiled is None or place >= len(rows):
        return None
    return next((row for row in compiled.table.rows if row.id == rows[place]), None)


def policy_ref(tables: Tables, evaluation: Recorded, place: int = 0) -> PolicyRef:
    """The version that decided, and the row of it that did."""
    policy, version = version_of(evaluation)
    compiled, row = tables.get((policy, version)), row_of(tables, evaluation, place)
    title = compiled.table.title if compiled is not None else humanise(policy)
    clause = recorded(row.clause) if row is not None else ""
    return PolicyRef(policy, worded(title), version, row.id if row else "", clause)


def input_facts(tables: Tables, evaluation: Recorded) -> tuple[Fact, ...]:
    """What the policy looked at."""
    compiled = tables.get(version_of(evaluation))
    return _facts(evaluation.get("inputs", {}), compiled.table.inputs if compiled is not None else ())


def output_facts(tables: Tables, evaluation: Recorded) -> tuple[Fact, ...]:
    """What the policy said; of a collecting one, what each row that fits said."""
    compiled = tables.get(version_of(evaluation))
    outputs = evaluation.get("outputs", {})
    items = outputs.get("list")
    if isinstance(items, list):
        rows = evaluation.get("rows") or ()
        known = {column.name: column for column in compiled.table.outputs} if compiled is not None else {}
        texts = [listed({k: v for k, v in item.items() if v not in (None, "")}, known) for item in items]
        return tuple(Fact(phrase("Row %(row)s", row=row), text) for row, text in zip(rows, texts, strict=False))
    return _facts(outputs, compiled.table.outputs if compiled is not None else ())


def _facts(values: Mapping[str, object], columns: Sequence[InputColumn | OutputColumn]) -> tuple[Fact, ...]:
    """Values in the order of the table's columns; recorded ones come sorted by name."""
    known = {column.name: column for column in columns}
    names = [*(name for name in known if name in values), *(name for name in values if name not in known)]
    return tuple(fact(name, values[name], known.get(name)) for name in names)


def fact(name: str, value: object, column: InputColumn | OutputColumn | None) -> Fact:
    """A value under its label, typed as its column says."""
    label = (column.label if column is not None else "") or humanise(name)
    kind = column.type if column is not None else "string"
    if kind == "percent":
        label = label.removesuffix(", in %")
    shown = typed(value, kind)
    return Fact(worded(label), _in_words(name, shown) if isinstance(shown, str) else shown, name)


def listed(item: Mapping[str, object], columns: Mapping[str, OutputColumn]) -> Phrase:
    """One of several results, each value under its label: 'Level 1, Role finance director'."""
    parts = [fact(name, plain_json(value), columns.get(name)) for name, value in item.items()]
    return joined(", ", [joined(" ", (each.label, _said(each.value))) for each in parts])


def _said(value: object) -> object:
    return Figure(str(value), value) if isinstance(value, Decimal) else value if isinstance(value, str) else str(value)


def _in_words(name: str, code: str) -> str:
    """A code as a word: the outcome of a check, an exception, what a pack has words for; other text as it is."""
    if name == "outcome" and code in STATES["check"]:
        return worded(STATES["check"][code].label)
    if name in coded_slots():
        return worded(code)
    return humanise(code) if name in _CODED or _CODE.fullmatch(code) else code


def typed(value: object, kind: str) -> FactValue:
    """A recorded value, which is JSON, as what it is."""
    if value is None or value == "":
        return None
    if kind in ("number", "money", "percent", "integer") and not isinstance(value, bool):
        number = Decimal(str(value))
        return Percent(number) if kind == "percent" else number
    if isinstance(value, (list, tuple)):
        return tuple(str(item) for item in value)
    return value if isinstance(value, (bool, int, Decimal, datetime)) else str(value)


def linked(evaluation: Recorded) -> Sequence[Recorded]:
    """The evaluations that chained inputs come from, in the order in which they were made."""
    links: Sequence[Recorded] = evaluation.get("links") or ()
    return links


def cells(tables: Tables, evaluation: Recorded, links: Sequence[Recorded] = ()) -> tuple[Cell, ...]:
    """Each input beside what the row that decided asks of it, and where the input comes from."""
    row = row_of(tables, evaluation)
    asks = row.when if row is not None else {}
    sources, absent = evaluation.get("from") or {}, evaluation.get("defaulted") or ()
    places = {str(link["policy"]): place for place, link in enumerate(links, 1)}
    found = []
    for each in input_facts(tables, evaluation):
        fed_by = places.get(str(sources.get(each.name, "")).partition(".")[0], 0)
        origin = "chained" if fed_by else "default" if each.name in absent else "given"
        found.append(Cell(each.label, each.value, asks.get(each.name, ""), origin, fed_by))
    return tuple(found)


def links_of(tables: Tables, evaluation: Recorded, lens: Lens) -> tuple[Link, ...]:
    """The links as the explanation tells them."""
    links = linked(evaluation)
    return tuple(
        Link(reason_of(link, lens), policy_ref(tables, link), cells(tables, link, links), output_facts(tables, link))
        for link in links
    )


def passed_over(tables: Tables, evaluation: Recorded, lens: Lens) -> tuple[tuple[str, str], ...]:
    """The rows read before the one that decided, each with the first input that kept it from deciding."""
    compiled = tables.get(version_of(evaluation))
    if compiled is None or evaluation.get("hit") in MULTIPLE:
        return ()
    values = {each.name: each for each in input_facts(tables, evaluation)}
    found = []
    for missed in rows_missed(compiled, evaluation.get("inputs", {})):
        known = values.get(missed.column)
        if known is None:
            found.append((missed.row, phrase("it did not fit")))
            continue
        test = _ANSWERS.get(missed.test, missed.test) or phrase("something else")
        value = lens.fmt.show(known.value)
        why = phrase("%(label)s: %(value)s; the row asks for %(test)s", label=known.label, value=value, test=test)
        found.append((missed.row, why))
    return tuple(found)


def outcome_of(evaluation: Recorded) -> str:
    """pass, flag, hold or reject; `release` is how the last table says pass."""
    outcome = str(evaluation.get("outputs", {}).get("outcome") or "note")
    return "pass" if outcome == "release" else outcome


def reason_of(evaluation: Recorded, lens: Lens, place: int = 0) -> str:
    """The sentence of the row that decided, its numbers as people write them."""
    reasons = evaluation.get("reasons") or ()
    return readable(str(reasons[place]), lens) if place < len(reasons) else ""


def readable(text: str, lens: Lens, decimals: int = 2) -> Phrase:
    """A recorded sentence in the reader's language: a capital, instants and long numbers as people write them, codes of
    partners and products after their names."""

    def tidy(value: str) -> str:
        if isinstance(value, Figure):
            return lens.fmt.figured(value) if value.currency else lens.fmt.number(value.value, decimals)
        value = _INSTANT.sub(lambda m: lens.fmt.minute(instant(m[0]) or lens.now), value)
        if _DECIMAL.fullmatch(value):
            return lens.fmt.number(Decimal(value), decimals)
        value = _AMOUNT.sub(lambda m: lens.fmt.figured(Figure(m[0], Decimal(m[1]), m[2])), value)
        return _NUMBER.sub(lambda m: lens.fmt.number(Decimal(m[0]), decimals), value)

    return Opening(_named(swapped(recorded(_BELOW.sub(r"\1\2 above", text)), tidy), lens.called))


def _named(told: Phrase, called: Mapping[str, str]) -> Phrase:
    """A recorded phrase with `name (code)` where it speaks of a partner or product whose name is known."""
    names = {slot: called[code] for slot in NAMED if (code := str(told.values.get(slot))) in called}
    values = {slot: f"{name} ({told.values[slot]})" for slot, name in names.items()}
    return Phrase(told.text, {**told.values, **values}, told.many, told.number) if values else told


def day_of(at: datetime, lens: Lens) -> date:
    """The tenant's day of an instant."""
    return at.astimezone(lens.zone).date()


def last_day_of(end: datetime | None, lens: Lens) -> date | None:
    """The tenant's last day of a span whose end is not part of it; None for one without an end."""
    return None if end is None else day_of(end - timedelta(microseconds=1), lens)

"""How a backtest reads decisions on orders, and what it makes of them when a policy answers otherwise.

The checks that ask policies are answered by the candidate or as recorded; their outcomes are combined anew through
`order_release` and `order_exceptions` as they stood then, and the approval matrix is asked anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson

from headgate.channel.orders.core.outline import questions, risk_of
from headgate.domain.checks import ExceptionFound, Verdict
from headgate.domain.checks.again import (
    NotRecorded,
    RecordedOrder,
    RecordedVerdict,
    read_order,
    recorded_exceptions,
    weigh_again,
)
from headgate.domain.checks.combine import RELEASE_POLICY
from headgate.domain.checks.govern import EXCEPTIONS_POLICY
from headgate.kernel.canonical import decimal_text
from headgate.kernel.errors import NotFound
from headgate.kernel.phrases import phrase
from headgate.kernel.tabular import expand
from headgate.policy.backtest.core.lens import About, Asked, Effect, Judge, Undecidable
from headgate.policy.backtest.core.matcher import Answer

MATRIX = "approval_matrix"
# Whose decisions hold the answers of which policies.
DECIDING = (RELEASE_POLICY,)
ASKED = frozenset({"price_deviation", "margin_floor", "credit_release", EXCEPTIONS_POLICY, RELEASE_POLICY})
RELEASE_PLACE, NAMING_PLACE = -1, -2
HEAD = 10  # columns of a table of checks before the inputs
# Of a record, what an order is weighed again by; and of that, what need not be written out.
WEIGHED = (
    "allocation", "checks", "credit", "exceptions", "lines", "naming", "outcome", "release", "stake", "tax", "totals"
)  # fmt: skip
UNREAD = frozenset(f"evaluation.{name}" for name in ("clauses", "digest", "hit", "reasons", "rows")) | {
    "trace.bands",
    "trace.candidates",
    "trace.rates",
    "addends",
}
STOPPED = frozenset({"hold", "reject"})
_INPUTS = "evaluation.inputs."
# Marks in the text of a record, as `record_text` writes it.
_CHECKS, _TABLE, _NEXT_TABLE = b'"checks":{"$tables":[', b'{"$always":{', b',{"$always":{'
_LAST_TABLE = b']},"credit":{'
_WAIVED, _WAIVED_NOTE = b",true,[", b'"note",true]'


class OrderLens:
    """Decisions on orders, as `record_text` keeps them."""

    @property
    def note(self) -> str:
        """What is weighed again and what is not."""
        return (
            "The outcome of each order is combined anew through order_release and order_exceptions as they stood then, "
            "and the approval matrix of then is asked anew. Prices, costs, stock, credit, tax and repeats are those "
            "recorded: what one order would have left to the next is not weighed again."
        )

    @property
    def edition(self) -> int:
        """The first way of reading them."""
        return 1

    def peek(self, text: bytes, policy: str) -> Sequence[Asked] | None:
        """The tables of the policy's checks, cut out of the text.

        Quotes inside a JSON string are escaped, so what is sought here with its quotes is never part of one. Keys are
        sorted: of what stands always the policy comes last, and credit follows the checks.
        """
        start = text.find(_CHECKS)
        stop = text.find(_LAST_TABLE, start)
        if policy in (RELEASE_POLICY, EXCEPTIONS_POLICY) or start < 0 or stop < 0:
            return None
        # The second may be something else as well; then the whole tells.
        if text.find(_WAIVED_NOTE, start, stop) >= 0 or text.find(_WAIVED, start, stop) >= 0:
            return None
        found: list[Asked] = []
        head = b'"policy":"%b"},"$columns":' % policy.encode()
        at = text.find(head, start, stop)
        while at >= 0:
            end = text.find(_NEXT_TABLE, at, stop)
            if end < 0:
                end = stop
            table = orjson.loads(text[text.rfind(_TABLE, 0, at) : end])
            names, version = _names(table["$columns"]), table["$always"]["evaluation.version"]
            found += [_read(0, version, names, row) for row in table["$rows"]]
            at = text.find(head, end, stop)
        return found

    def opened(self, record: Any) -> Any:
        """Its tables written out as far as an order is weighed by them, its amounts read."""
        return read_order({name: expand(record[name], UNREAD) for name in WEIGHED if name in record})

    def asked(self, record: Any, policy: str) -> Sequence[Asked]:
        """The evaluations of a check's policy, or of one of the two that combine them."""
        if not isinstance(record, dict):
            return ()
        if policy == RELEASE_POLICY:
            return [_asked(RELEASE_PLACE, record["release"])]
        if policy == EXCEPTIONS_POLICY:
            return [_asked(NAMING_PLACE, record["naming"])] if record["naming"] else ()
        checks = record["checks"]
        if isinstance(checks, list):  # written out
            return [_asked(n, item["evaluation"]) for n, item in enumerate(checks) if item["policy"] == policy]
        found: list[Asked] = []
        before = 0
        for table in checks["$tables"]:
            always, rows = table["$always"], table["$rows"]
            if always["policy"] == policy:
                names = _names(table["$columns"])
                version = always["evaluation.version"]
                found += [_read(before + n, version, names, row) for n, row in enumerate(rows)]
            before += len(rows)
        return found

    def stops(self, record: Any, outcome: str) -> bool:
        """An order that waits or is rejected does not go straight through."""
        return outcome in STOPPED

    def followed(self, record: Any) -> bool:
        """Whether something was set aside by an approval of the same content."""
        if not isinstance(record, dict):
            return False
        checks = record["checks"]
        if isinstance(checks, list):
            return any(item["waived"] for item in checks)
        for table in checks["$tables"]:
            # Both kinds of tables have it as their sixth column.
            for row in table["$rows"]:
                if row[5]:
                    return True
        return False

    def about(self, opened: RecordedOrder) -> About:
        """Partner, gross amount and margin of the order; product and amount of each checked line."""
        order, full = opened, opened.record
        places = {
            n: (order.lines[item["line"]].product, order.lines[item["line"]].tenant_amount)
            for n, item in enumerate(full["checks"])
            if item["line"] in order.lines
        }
        partner = full["lines"][0]["trace"]["partner"] if full["lines"] else ""
        return About(partner, order.gross, order.margin, places)

    def recorded(self, opened: RecordedOrder, outcome: str, judge: Judge) -> Effect:
        """The outcome as recorded, and whom the matrix asked about its exceptions."""
        order = opened
        stake = Decimal(order.record["stake"])
        return _effect(order, outcome, tuple(recorded_exceptions(order.record)), stake, judge)

    def again(self, opened: RecordedOrder, policy: str, answers: Mapping[int, Answer], judge: Judge) -> Effect:
        """The outcome with other answers. Raises `Undecidable` for what was not recorded."""
        order = opened

        def answer(number: int, _: str, said: Mapping[str, Any]) -> Verdict:
            changed = answers.get(number)
            return RecordedVerdict(said if changed is None else {"outputs": changed.outputs})

        def decide(name: str, inputs: Mapping[str, object]) -> Verdict:
            given = judge(name, {key: _text(value) for key, value in inputs.items()})
            if given.missing == (f"a version of {name} in force",):
                raise NotFound(phrase("no version of %(name)s was in force", name=name))
            return RecordedVerdict({"outputs": _decided(name, given)})

        try:
            weighed = weigh_again(order, answer, decide)
        except NotRecorded as error:
            raise Undecidable(str(error)) from None
        return _effect(order, weighed.outcome, weighed.exceptions, weighed.stake, judge)


def _names(columns: Sequence[Any]) -> tuple[str, ...]:
    """The inputs; behind them may stand where a chained policy has them from, and which were not given."""
    return tuple([name[len(_INPUTS) :] for name in columns[HEAD:] if name.startswith(_INPUTS)])


def _read(place: int, version: int, names: tuple[str, ...], row: Sequence[Any]) -> Asked:
    return Asked(place, version, names, row[HEAD : HEAD + len(names)], row[6], row[7])


def _asked(place: int, said: Mapping[str, Any]) -> Asked:
    inputs = said["inputs"]
    return Asked(place, said["version"], tuple(inputs), tuple(inputs.values()), said["rows"], said["outputs"])


def _decided(policy: str, answer: Answer) -> Mapping[str, Any]:
    if answer.missing:
        raise Undecidable(f"{', '.join(answer.missing)} (read by {policy})")
    if answer.refused:
        raise Undecidable(f"an answer of {policy}: {answer.refused}")
    return answer.outputs


def _effect(
    order: RecordedOrder, outcome: str, exceptions: Sequence[ExceptionFound], stake: Decimal, judge: Judge
) -> Effect:
    steps = tuple(sorted(set(_steps(order, exceptions, judge)))) if outcome == "hold" else ()
    return Effect(outcome, outcome in STOPPED, steps, stake)


def _steps(order: RecordedOrder, exceptions: Sequence[ExceptionFound], judge: Judge) -> Iterator[tuple[int, str]]:
    """Level and role of everybody that the matrix asks."""
    lines = {name: (line.deviation_pct, line.margin_pct) for name, line in order.lines.items()}
    for ask in questions(exceptions, lines, _told(order)):
        given = judge(MATRIX, {name: _text(value) for name, value in ask.items()})
        for item in _decided(MATRIX, given).get("list") or ():
            yield int(str(item["level"])), str(item["role"])


def _told(order: RecordedOrder) -> dict[str, Any]:
    """Tier and risk of the partner; the tier only where a policy was told of it."""
    credit = order.record["credit"]
    risk = risk_of(credit["on_hold"], credit["overdue_days"], Decimal(credit["utilisation_pct"]))
    inputs = (item["evaluation"]["inputs"] for item in order.record["checks"] if item["evaluation"])
    tier = next((each["tier"] for each in inputs if "tier" in each), None)
    return {"risk": risk} if tier is None else {"risk": risk, "tier": tier}


def _text(value: object) -> object:
    if isinstance(value, Decimal):
        return decimal_text(value)
    return str(value) if type(value) is int else value

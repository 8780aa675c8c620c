"""Why something needs approval, once per type of exception, in the words of the policy row that asked for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headgate.console import urls
from headgate.console.present.asks import DEAL, PRICE_EXCEPTION, RMA, deepest, number
from headgate.console.present.checks import Found, findings, reference
from headgate.console.present.evaluations import readable, reason_of
from headgate.console.present.lens import Lens
from headgate.console.present.order import OrderFacts
from headgate.console.views.approval import Reason
from headgate.kernel.phrases import phrase, sentence
from headgate.process import Approval
from headgate.ui.recorded import recorded
from headgate.ui.words import humanise


def reasons(approval: Approval, facts: OrderFacts | None, lens: Lens) -> tuple[Reason, ...]:
    """Why it needs approval, once per type of exception; with the policy rows where the decision still stands."""
    summary = approval.summary
    if approval.subject_type == PRICE_EXCEPTION:
        return (Reason("price_exception", _special_reason(summary, lens), None),)
    if approval.subject_type == DEAL:
        return _deal_reasons(summary)
    if approval.subject_type == RMA:
        return _return_reasons(approval.exceptions, summary)
    by_key = {(f.exception, f.line): f for f in findings(facts.recorded)} if facts is not None else {}
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for item in summary.get("exceptions") or ():  # type: ignore[attr-defined]
        groups.setdefault(str(item.get("type")), []).append(item)
    return tuple(_reason(kind, items, by_key, facts, lens) for kind, items in groups.items())


def _reason(
    kind: str,
    items: Sequence[Mapping[str, Any]],
    by_key: Mapping[tuple[str, str], Found],
    facts: OrderFacts | None,
    lens: Lens,
) -> Reason:
    worst = max(items, key=lambda item: number(item.get("stake")))
    found = by_key.get((kind, str(worst.get("line") or "")))
    text: str = readable(str(worst.get("detail", "")), lens)
    if found is not None and found.evaluation is not None and found.evaluation.get("outputs", {}).get("list") is None:
        text = reason_of(found.evaluation, lens, found.place)
    if len(items) > 1:
        text = phrase(
            "%(text)s (line %(line)s; %(items)s more like it)", text=text, line=worst.get("line"), items=len(items) - 1
        )
    policy = reference(found, facts.tables) if found is not None and facts is not None else None
    href = urls.explain_check(facts.order_no, found.key) if policy and found is not None and facts is not None else ""
    return Reason(kind, sentence(text), policy, href)


def _return_reasons(exceptions: Sequence[str], summary: Mapping[str, Any]) -> tuple[Reason, ...]:
    """What the rules say of each line of a return or, once it was inspected, of what was found."""
    kind = next(iter(exceptions), RMA)
    outcomes: Any = summary.get("outcomes") or ()
    if outcomes:
        said = [
            phrase(
                "%(quantity)s of line %(line)s, found %(condition)s: %(outcome)s. %(because)s.",
                quantity=o.get("quantity"),
                line=o.get("line"),
                condition=humanise(str(o.get("condition"))).lower(),
                outcome=humanise(str(o.get("outcome"))).lower(),
                because=recorded(str(o.get("because"))),
            )
            for o in outcomes
        ]
    else:
        findings: Any = summary.get("findings") or ()
        said = [
            phrase(
                "%(quantity)s of %(product)s, %(reason)s. %(because)s.",
                quantity=f.get("quantity"),
                product=f.get("product"),
                reason=humanise(str(f.get("reason"))).lower(),
                because=recorded(str(f.get("because"))),
            )
            for f in findings
        ]
    return tuple(Reason(kind, text, None) for text in said)


def _deal_reasons(summary: Mapping[str, Any]) -> tuple[Reason, ...]:
    """The rules a deal ran into, or what the partner asks for beyond them."""
    extension: Any = summary.get("extension")
    if isinstance(extension, Mapping):
        said = phrase(
            "%(days)s days more. They say: “%(reason)s”", days=extension.get("days"), reason=extension.get("reason")
        )
        return (Reason("extension", said, None),)
    if summary.get("appeal"):
        return (Reason("appeal", phrase("They say: “%(appeal)s”", appeal=summary["appeal"]), None),)
    return tuple(
        Reason(str(each.get("exception")), sentence(recorded(str(each.get("because")))), None)
        for each in summary.get("findings") or ()
    )


def _special_reason(summary: Mapping[str, Any], lens: Lens) -> str:
    far = deepest(summary)
    justification = str(summary.get("justification") or "")
    why = phrase(" They say: “%(justification)s”", justification=justification) if justification else ""
    if summary.get("contract") is None or far is None:
        return phrase("No agreement gives a price for it.%(why)s", why=why)
    return phrase("%(far)s below the contract price.%(why)s", far=lens.fmt.percent(-far), why=why)

"""Who must approve and why: the matrix's answers beside the steps they became."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headgate.access import Account
from headgate.console.present.asks import ask_of
from headgate.console.present.evaluations import Recorded, Tables, input_facts, reason_of, row_of, version_of
from headgate.console.present.lens import Lens
from headgate.console.views.common import Fact, PolicyRef
from headgate.console.views.explain import ApprovalPathView, PathStep
from headgate.kernel.phrases import joined, phrase, worded
from headgate.process import Approval
from headgate.ui.recorded import recorded
from headgate.ui.words import humanise


def path_view(
    approval: Approval,
    evaluations: Sequence[Recorded],
    tables: Tables,
    holders: Mapping[str, Sequence[Account]],
    lens: Lens,
) -> ApprovalPathView:
    """The steps of an approval, each with the row of the matrix that asks for it. `evaluations` has one or more."""
    why = {
        str(row): reason_of(evaluation, lens, place)
        for evaluation in evaluations
        for place, row in enumerate(evaluation.get("rows") or ())
    }
    first = evaluations[0]
    policy, version = version_of(first)
    compiled, row = tables.get((policy, version)), row_of(tables, first)
    facts: list[Fact] = []
    for evaluation in evaluations:
        found = input_facts(tables, evaluation)
        of = humanise(str(evaluation.get("inputs", {}).get("exception", ""))) if len(evaluations) > 1 else None
        facts += [
            Fact(joined(": ", (of, lens.fmt.within(each.label))) if of else each.label, each.value) for each in found
        ]
    return ApprovalPathView(
        approval=approval.approval,
        subject=ask_of(approval.subject_type, approval.exceptions, approval.summary, lens.fmt).act,
        steps=tuple(
            PathStep(
                level=step.level,
                role=step.role,
                quorum=step.quorum,
                people=tuple(a.name for a in holders.get(step.role, ())) or (phrase("nobody holds this role yet"),),
                status=step.status,
                why=joined(". ", [why[each] for each in step.matrix_row.split(", ") if each in why])
                or phrase("The matrix asks for it"),
                row=step.matrix_row,
                due_at=step.due_at,
                escalates_to=humanise(step.escalate_to).lower(),
            )
            for step in approval.steps
        ),
        facts=tuple(facts),
        policy=PolicyRef(
            policy,
            worded(compiled.table.title) if compiled is not None else humanise(policy),
            version,
            row.id if row is not None else "",
            recorded(row.clause) if row is not None else "",
        ),
    )

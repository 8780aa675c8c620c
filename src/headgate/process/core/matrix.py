"""From rows of an approval matrix to the steps of a request: who is asked, in which order, and who is not needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from headgate.kernel.errors import Invalid
from headgate.kernel.phrases import phrase
from headgate.policy.core import Evaluation, PolicyTable
from headgate.process.core.conditions import judge, values_for
from headgate.process.core.state import ApprovalStep

MOST_PEOPLE: Final = 99
_TRUE: Final = (True, "true", "yes")
_FALSE: Final = (False, None, "", "false", "no")


@dataclass(frozen=True, slots=True)
class Asked:
    """One row of the approval matrix: who must agree, how fast, and who steps in when they do not.

    `not_needed` is why the row's condition (`only_if`) leaves it out, '' when it applies.
    """

    level: int
    role: str
    quorum: int
    sla_hours: Decimal
    escalate_to: str
    expires_hours: Decimal
    row: str
    of_people: int = 0
    veto: bool = False
    keep_if: str = ""
    remind_hours: Decimal | None = None
    not_needed: str = ""


def plan_steps(asked: Sequence[Asked]) -> tuple[ApprovalStep, ...]:
    """Merge matrix rows into steps: one per level and role, with the larger quorum and the shorter clock.

    A row whose condition does not hold leaves a skipped step with the reason. When no row that could agree is left,
    conditions are set aside: somebody always decides. Raises Invalid when every row can only stop the request.
    """
    if not any(row.quorum for row in asked):
        raise Invalid("the approval matrix names nobody who must agree; give at least one row a quorum of 1 or more")
    rows = asked
    if not any(row.quorum for row in asked if not row.not_needed):
        rows = [replace(row, not_needed="") for row in asked]
    merged: dict[tuple[int, str], ApprovalStep] = {}
    for row in rows:
        if not row.not_needed:
            key = (row.level, row.role)
            merged[key] = _joined(merged[key], row) if key in merged else _step(row, "waiting")
    for row in rows:
        merged.setdefault((row.level, row.role), _step(row, "skipped"))
    return tuple(merged[key] for key in sorted(merged))


def _step(row: Asked, status: str) -> ApprovalStep:
    return ApprovalStep(
        level=row.level,
        step=row.role,
        role=row.role,
        quorum=row.quorum,
        status=status,
        due_at=None,
        sla_hours=row.sla_hours,
        escalate_to=row.escalate_to,
        matrix_row=row.row,
        of_people=row.of_people,
        veto=row.veto,
        note=f"not needed because {row.not_needed}" if row.not_needed else "",
        keep_if=row.keep_if,
        remind_hours=row.remind_hours,
    )


def _joined(step: ApprovalStep, row: Asked) -> ApprovalStep:
    """The stricter of both: more people, sooner, and an agreement is kept only where both rows would keep it."""
    rows = step.matrix_row if row.row in step.matrix_row.split(", ") else f"{step.matrix_row}, {row.row}"
    keeps = [step.keep_if, row.keep_if]
    reminds = [hours for hours in (step.remind_hours, row.remind_hours) if hours is not None]
    return replace(
        step,
        quorum=max(step.quorum, row.quorum),
        sla_hours=min(step.sla_hours, row.sla_hours),
        escalate_to=step.escalate_to or row.escalate_to,
        matrix_row=rows,
        # Where one row lets a single rejection end the request, it does.
        of_people=max(step.of_people, row.of_people) if step.of_people and row.of_people else 0,
        veto=step.veto or row.veto,
        keep_if=" and ".join(f"({text})" for text in dict.fromkeys(keeps)) if all(keeps) else "",
        remind_hours=min(reminds) if reminds else None,
    )


def asked_by(
    evaluations: Sequence[Evaluation], summary: Mapping[str, object], stake: Decimal | None
) -> tuple[Asked, ...]:
    """What the evaluations of a matrix ask for, row by row. Raises Invalid as `asked_from`."""
    found = []
    for evaluation in evaluations:
        values = values_for(summary, evaluation.inputs, stake)
        outputs = evaluation.outputs.get("list", [])
        assert isinstance(outputs, Sequence)
        found += [asked_from(each, row, values) for each, row in zip(outputs, evaluation.rows, strict=True)]
    return tuple(found)


def asked_from(outputs: Mapping[str, object], row: str, values: Mapping[str, object] | None = None) -> Asked:
    """A matrix row's outputs as an `Asked`; `values` is what its condition `only_if` is worked out with.

    Raises Invalid naming the output that is missing, mistyped or contradicts another.
    """
    try:
        found = Asked(
            level=int(str(outputs["level"])),
            role=str(outputs["role"]),
            quorum=_quorum(outputs),
            sla_hours=Decimal(str(outputs.get("sla_hours") or 8)),
            escalate_to=str(outputs.get("escalate_to") or ""),
            expires_hours=Decimal(str(outputs.get("expires_hours") or 80)),
            row=row,
            of_people=int(str(outputs.get("of_people") or 0)),
            veto=_flag(outputs.get("veto"), row),
            keep_if=str(outputs.get("keep_if") or "").strip(),
            remind_hours=Decimal(str(outputs["remind_hours"])) if outputs.get("remind_hours") else None,
        )
    except (KeyError, ArithmeticError, ValueError) as error:
        needed = "outputs need level and role, and whole numbers where counts are meant"
        raise Invalid(
            phrase("approval matrix row %(row)s: %(needed)s (%(error)s)", row=row, needed=needed, error=error)
        ) from None
    # A quorum of 0 asks for nobody: only a veto can be meant like that, anything else has always been read as 1.
    found = found if found.quorum or found.veto else replace(found, quorum=1)
    _check(found)
    condition = str(outputs.get("only_if") or "").strip()
    verdict = judge(condition, values or {}) if condition else None
    return replace(found, not_needed=verdict.why) if verdict is not None and verdict.holds is False else found


def _quorum(outputs: Mapping[str, object]) -> int:
    given = outputs.get("quorum")
    return 1 if given is None or given == "" else int(str(given))


def _flag(value: object, row: str) -> bool:
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise Invalid(
        phrase("approval matrix row %(row)s: veto is %(value)s; write true or false", row=row, value=repr(value))
    )


def _check(row: Asked) -> None:
    if not 0 <= row.quorum <= MOST_PEOPLE:
        raise Invalid(
            phrase(
                "approval matrix row %(row)s: quorum is %(quorum)s; ask for 1 to %(most_people)s people",
                row=row.row,
                quorum=row.quorum,
                most_people=MOST_PEOPLE,
            )
        )
    if row.of_people and not row.quorum <= row.of_people <= MOST_PEOPLE:
        raise Invalid(
            phrase(
                "approval matrix row %(row)s: of_people is %(of_people)s; use the quorum of "
                "%(quorum)s or more, up to %(most_people)s",
                row=row.row,
                of_people=row.of_people,
                quorum=row.quorum,
                most_people=MOST_PEOPLE,
            )
        )
    if row.remind_hours is not None and row.remind_hours < Decimal("0.25"):
        raise Invalid(
            phrase(
                "approval matrix row %(row)s: remind_hours is %(remind_hours)s; use 0.25 or more",
                row=row.row,
                remind_hours=row.remind_hours,
            )
        )


def is_matrix(table: PolicyTable) -> bool:
    """Whether a policy says who must approve: every row that fits gives a level and a role."""
    names = {column.name for column in table.outputs}
    return table.multiple and table.aggregate == "list" and {"level", "role"} <= names

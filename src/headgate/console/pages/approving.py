"""Who would be asked and why, for any input of an approval matrix. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from headgate.access import list_accounts
from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.present import approving as present
from headgate.console.views.approving import PreviewView
from headgate.console.views.common import Option
from headgate.console.visit import Answer, Door, Shown, Visit
from headgate.kernel.errors import Invalid, NotFound
from headgate.kernel.phrases import joined, sentence, worded
from headgate.policy import PolicySet, decisions_get
from headgate.process import get_approval, work_queue
from headgate.process.core.matrix import is_matrix
from headgate.process.preview import Preview, Question, preview
from headgate.ui.typed import typed_number, with_point
from headgate.ui.web import problem_told
from headgate.ui.words import humanise

MOST_OPEN = 100
INPUT = "in."
ALSO = "also."
NUMBERS = frozenset({"number", "integer", "percent", "money"})
MOST_EARLIER = 9
USUAL = "approval_matrix"
MOST_PEOPLE = 500


@dataclass(frozen=True, slots=True)
class Taken:
    """The exceptions of a request that waits as its matrix saw them, and who asked."""

    policy: str
    asks: list[dict[str, str]]
    requested_by: str


def show(visit: Visit) -> Answer:
    """The form and, once it says something, the answer."""
    policies = visit.app.engine.policies.active(visit.conn, visit.now)
    matrices = {name: found.table for name, found in policies.items() if is_matrix(found.table)}
    if not matrices:
        raise NotFound("no approval matrix is in force")
    policy = visit.choice("policy", matrices) or (USUAL if USUAL in matrices else min(matrices))
    open_ones = _open_ones(visit)
    picked = visit.choice("open", [each.value for each in open_ones])
    taken = _taken(visit, UUID(picked)) if picked else None
    # What another matrix was asked begins a request of that one.
    policy = taken.policy if taken is not None and taken.policy in matrices else policy
    given = {name: visit.text(f"{INPUT}{name}") for name in (c.name for c in policies.needs(policy))}
    asked_by, stake = visit.text("asked_by"), visit.text("stake")
    answer, error, problems = None, "", {}
    earlier = _earlier(visit, list(given))
    if taken is not None:
        earlier = [*earlier, *({n: each.get(n, "") for n in given} for each in taken.asks)][:MOST_EARLIER]
        asked_by = asked_by or taken.requested_by
    if visit.text("add") == "1" and any(given.values()):
        earlier, given = [*earlier, given][:MOST_EARLIER], dict.fromkeys(given, "")
    asked = visit.text("ask") == "1" or bool(earlier)
    if asked:
        try:
            # A form that is still empty is the next exception to describe, not one of the request.
            asks = [*earlier, given] if any(given.values()) or not earlier else earlier
            answer = _answer(visit, policies, policy, asks, asked_by, stake)
        except Invalid as wrong:
            problems = {p.field.rsplit(".", 1)[-1]: problem_told(p) for p in wrong.problems}
            known = problems.keys() & (given.keys() | {"stake"})
            error = "" if known and len(known) == len(problems) else sentence(wrong.message)
    table = matrices[policy]
    names = names_of(visit, people=present.people_in(answer.steps)) if answer is not None else None
    view = PreviewView(
        matrices=tuple(Option(name, worded(table.title)) for name, table in sorted(matrices.items())),
        policy=policy,
        title=worded(table.title),
        version=table.version,
        fields=tuple(
            present.matrix_field(table, column, given[column.name], problems) for column in policies.needs(policy)
        ),
        earlier=present.earlier_asks(table, policies.needs(policy), earlier, policy, asked_by, stake),
        people=present.person_options(list_accounts(visit.conn, visit.now, kind="person", limit=MOST_PEOPLE)),
        asked_by=asked_by,
        stake=stake,
        currency=visit.tenant.currency,
        answered=answer is not None,
        steps=present.foreseen_steps(answer.steps, answer.evaluations, names, visit.lens)
        if answer is not None and names is not None
        else (),
        expires_at=answer.expires_at if answer is not None else None,
        error=error,
        open_ones=open_ones,
    )
    return Shown(view, 422) if asked and answer is None else view


def _earlier(visit: Visit, names: list[str]) -> list[dict[str, str]]:
    """The exceptions that were described before this one, from the address: `also.0.amount` and so on, those of numbers
    without a value left out."""
    found = ({name: visit.text(f"{ALSO}{n}.{name}") for name in names} for n in range(MOST_EARLIER))
    return [each for each in found if any(each.values())]


def _open_ones(visit: Visit) -> tuple[Option, ...]:
    """Requests that wait, to begin from: each once, the most urgent first."""
    found: dict[UUID, Option] = {}
    for row in work_queue(visit.conn, visit.now, view="all", limit=MOST_OPEN):
        if row["approval"] is not None:
            kinds = joined(", ", (humanise(kind).lower() for kind in row["exceptions"]))
            words = joined(": ", (row["subject"], kinds)) if kinds else row["subject"]
            found.setdefault(row["approval"], Option(str(row["approval"]), words))
    return tuple(found.values())


def _taken(visit: Visit, approval: UUID) -> Taken | None:
    """What a request asked its matrix; None where that is not kept."""
    found = get_approval(visit.conn, approval)
    if found is None or found.decision is None:
        return None
    kept = decisions_get(visit.conn, [found.decision]).get(found.decision)
    evaluations = kept.evaluations if kept is not None and isinstance(kept.evaluations, list) else []
    if not evaluations:
        return None
    asks = [{name: present.typed(value) for name, value in each["inputs"].items()} for each in evaluations]
    return Taken(str(evaluations[0]["policy"]), asks, found.requested_by)


def _ask(policies: PolicySet, policy: str, given: dict[str, str], locale: str) -> dict[str, Any]:
    """What is left empty is not known; the matrix says where it must be. Numbers may have the reader's decimal sign."""
    ask: dict[str, Any] = {}
    for column in policies.needs(policy):
        text = given[column.name]
        if not text and column.default is not None:
            continue
        value: Any = text or (None if column.nullable else "")
        if text and column.type == "bool":
            value = text == "true"
        elif text and column.type == "list":
            value = [part.strip() for part in text.split(",") if part.strip()]
        elif text and column.type in NUMBERS:
            value = with_point(text, locale)
        ask[column.name] = value
    return ask


def _answer(
    visit: Visit, policies: PolicySet, policy: str, asks: list[dict[str, str]], asked_by: str, stake: str
) -> Preview:
    """Ask the matrix about all exceptions of one request."""
    money: Decimal | None = None
    if stake:
        try:
            money = typed_number(stake, visit.lens.fmt.locale)
        except ArithmeticError:
            raise Invalid("The money at stake is not an amount; write it like 5000.00.") from None
    question = Question(
        policy,
        [_ask(policies, policy, each, visit.lens.fmt.locale) for each in asks],
        requested_by=asked_by,
        stake=money,
    )
    return preview(visit.conn, visit.ctx, visit.app.engine, question)


DOORS = (Door("GET", urls.APPROVALS_PREVIEW, ("cases.read",), show),)

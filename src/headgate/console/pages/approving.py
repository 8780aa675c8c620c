"""Who would be asked and why, for any input of an approval matrix. Nothing is written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from headgate.access import list_accounts
from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.present import approving as present
from headgate.console.views.approving import PreviewView
from headgate.console.views.common import Option
from headgate.console.visit import Answer, Door, Shown, Visit
from headgate.kernel.errors import Invalid, NotFound
from headgate.policy import PolicySet
from headgate.process.core.matrix import is_matrix
from headgate.process.preview import Preview, Question, preview
from headgate.ui.web import sentence

INPUT = "in."
ALSO = "also."
MOST_EARLIER = 9
USUAL = "approval_matrix"
MOST_PEOPLE = 500


def show(visit: Visit) -> Answer:
    """The form and, once it says something, the answer."""
    policies = visit.app.engine.policies.active(visit.conn, visit.now)
    matrices = {name: found.table for name, found in policies.items() if is_matrix(found.table)}
    if not matrices:
        raise NotFound("no approval matrix is in force")
    policy = visit.choice("policy", matrices) or (USUAL if USUAL in matrices else min(matrices))
    given = {name: visit.text(f"{INPUT}{name}") for name in (c.name for c in policies.needs(policy))}
    asked_by, stake = visit.text("asked_by"), visit.text("stake")
    answer, error, problems = None, "", {}
    earlier = _earlier(visit, list(given))
    if visit.text("add") == "1" and any(given.values()):
        earlier, given = [*earlier, given][:MOST_EARLIER], dict.fromkeys(given, "")
    asked = visit.text("ask") == "1" or bool(earlier)
    if asked:
        try:
            # A form that is still empty is the next exception to describe, not one of the request.
            asks = [*earlier, given] if any(given.values()) or not earlier else earlier
            answer = _answer(visit, policies, policy, asks, asked_by, stake)
        except Invalid as wrong:
            problems = {p.field.rsplit(".", 1)[-1]: sentence(f"{p.message}. {p.fix}".strip()) for p in wrong.problems}
            known = problems.keys() & (given.keys() | {"stake"})
            error = "" if known and len(known) == len(problems) else sentence(wrong.message)
    table = matrices[policy]
    names = names_of(visit, people=present.people_in(answer.steps)) if answer is not None else None
    view = PreviewView(
        matrices=tuple(Option(name, table.title) for name, table in sorted(matrices.items())),
        policy=policy,
        title=table.title,
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
    )
    return Shown(view, 422) if asked and answer is None else view


def _earlier(visit: Visit, names: list[str]) -> list[dict[str, str]]:
    """The exceptions that were described before this one, from the address: `also.0.amount` and so on, those of numbers
    without a value left out."""
    found = ({name: visit.text(f"{ALSO}{n}.{name}") for name in names} for n in range(MOST_EARLIER))
    return [each for each in found if any(each.values())]


def _ask(policies: PolicySet, policy: str, given: dict[str, str]) -> dict[str, Any]:
    """What is left empty is not known; the matrix says where it must be."""
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
        ask[column.name] = value
    return ask


def _answer(
    visit: Visit, policies: PolicySet, policy: str, asks: list[dict[str, str]], asked_by: str, stake: str
) -> Preview:
    """Ask the matrix about all exceptions of one request."""
    money: Decimal | None = None
    if stake:
        try:
            money = present.amount_of(stake)
        except ArithmeticError:
            raise Invalid("The money at stake is not an amount; write it like 5000.00.") from None
        if not money.is_finite():
            raise Invalid("The money at stake is not an amount; write it like 5000.00.")
    question = Question(policy, [_ask(policies, policy, each) for each in asks], requested_by=asked_by, stake=money)
    return preview(visit.conn, visit.ctx, visit.app.engine, question)


DOORS = (Door("GET", urls.APPROVALS_PREVIEW, ("cases.read",), show),)

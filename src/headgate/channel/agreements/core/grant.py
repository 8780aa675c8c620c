"""An approved price exception, and the agreement it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from headgate.channel.agreements.core.draft import EXCEPTION, AgreementDraft, TermDraft
from headgate.domain.pricing import Term, term_problems
from headgate.kernel.errors import Problem

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ExceptionGrant:
    """A price for a partner and product, for a time and up to a quantity (None: any), and who asked and who approved.

    `evidence` is kept with the term: the approval, the case, the justification.
    """

    request: str
    partner: str
    product: str
    unit_price: Decimal
    currency: str
    valid_from: datetime
    valid_until: datetime
    requested_by: str
    approved_by: tuple[str, ...]
    justification: str
    max_quantity: Decimal | None = None
    evidence: Mapping[str, object] | None = None


def exception_code(request: str) -> str:
    """The agreement code of a price exception request."""
    return f"PX-{request}"


def exception_draft(grant: ExceptionGrant) -> AgreementDraft:
    """The agreement of one term that a grant becomes."""
    code = exception_code(grant.request)
    term = Term(
        agreement="",
        code=code,
        revision=0,
        term=1,
        method="net",
        value=grant.unit_price,
        currency=grant.currency,
        valid_from=grant.valid_from,
        recorded_at=_EPOCH,
        kind=EXCEPTION,
        valid_until=grant.valid_until,
        partner=grant.partner,
        partner_group="",
        region="",
        channel="",
        product=grant.product,
        family="",
        max_quantity=grant.max_quantity,
    )
    evidence = {**(grant.evidence or {}), "request": grant.request, "justification": grant.justification}
    return AgreementDraft(
        code=code,
        title=f"Price exception {grant.request}",
        kind=EXCEPTION,
        partner=grant.partner,
        currency=grant.currency,
        valid_from=grant.valid_from,
        valid_until=grant.valid_until,
        note=grant.justification,
        terms=(TermDraft(term, f"Price exception {grant.request}", evidence),),
    )


def grant_problems(grant: ExceptionGrant) -> list[Problem]:
    """What is wrong with a grant; a grant that never ends is refused by its type, one without a partner here."""
    problems = term_problems(exception_draft(grant).terms[0].term, grant.request)
    problems += [
        Problem(f"{grant.request}.{name}", "", "is missing")
        for name, value in (("request", grant.request), ("partner", grant.partner), ("product", grant.product))
        if not value
    ]
    if not grant.approved_by:
        problems.append(
            Problem(f"{grant.request}.approved_by", "", "is missing", "Only approved exceptions are granted.")
        )
    return problems

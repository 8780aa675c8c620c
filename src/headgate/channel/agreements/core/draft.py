"""An agreement as its author writes it, and how that is read: every problem with its path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from headgate.channel.masters.core.reading import ItemReader
from headgate.domain.derive import DraftAgreement
from headgate.domain.pricing import Term, Tier, parse_tiers, term_problems
from headgate.kernel.canonical import decimal_text, digest, instant_text
from headgate.kernel.errors import Invalid, Problem, shorten

ZERO = Decimal(0)
KINDS = ("list", "net", "contract", "promotion")
EXCEPTION = "exception"
METHODS = ("list", "net", "discount", "cost_plus")
TIER_MODES = ("none", "slab", "range")
MAX_TERMS = 50_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TermDraft:
    """One term with what it is called and, where it was derived, what it rests on."""

    term: Term
    description: str = ""
    evidence: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class AgreementDraft:
    """An agreement as authored. An empty `partner` means it is not one partner's; `valid_until` is exclusive, None is
    open."""

    code: str
    title: str
    kind: str
    partner: str
    currency: str
    valid_from: datetime
    valid_until: datetime | None
    note: str
    terms: tuple[TermDraft, ...]


def read_draft(data: object, tz: ZoneInfo) -> tuple[AgreementDraft | None, list[Problem]]:
    """The agreement of a mapping, or None and every problem. Plain dates are days in `tz`, an end day is included."""
    if not isinstance(data, Mapping):
        return None, [Problem("", shorten(data), "is not an object", 'Send {"code": …, "terms": [{…}]}.')]
    problems: list[Problem] = []
    item = ItemReader(data, "", problems)
    code = item.code("code")
    partner, currency = item.code("partner", required=False), item.currency("currency")
    start = item.starts("valid_from", tz)
    if start is None and not any(problem.field == "valid_from" for problem in problems):
        item.note("valid_from", "", "is missing", "Use a day such as 2026-01-01 or an instant with an offset.")
    until = item.ends("valid_until", tz, start)
    head = AgreementDraft(
        code=code,
        title=item.text("title") or code,
        kind=item.choice("kind", KINDS, default="contract"),
        partner=partner,
        currency=currency,
        valid_from=start or _EPOCH,
        valid_until=until,
        note=item.text("note", limit=2000),
        terms=(),
    )
    raw = item.objects("terms", most=MAX_TERMS)
    item.finish()
    terms = tuple(_read_term(ItemReader(found, path, problems), head, number, tz) for number, path, found in raw)
    if problems:
        return None, problems
    return _with_terms(head, terms), []


def from_derived(found: DraftAgreement) -> AgreementDraft:
    """The same agreement as drafted from past sales, with the evidence of each term."""
    head = AgreementDraft(
        code=found.code,
        title=found.title,
        kind=found.kind,
        partner=found.partner or "",
        currency=found.currency,
        valid_from=found.valid_from,
        valid_until=None,
        note="",
        terms=(),
    )
    method = "list" if found.kind == "list" else "net"
    terms = tuple(
        TermDraft(
            _term(head, item.term, method, item.value, product=item.product),
            item.description,
            item.evidence.as_json(),
        )
        for item in found.terms
    )
    return _with_terms(head, terms)


def draft_content(draft: AgreementDraft) -> dict[str, object]:
    """The agreement as canonical content: what is shown for review, approved and bound. Evidence is not part of it."""
    return {
        "code": draft.code,
        "title": draft.title,
        "kind": draft.kind,
        "partner": draft.partner,
        "currency": draft.currency,
        "valid_from": instant_text(draft.valid_from),
        "valid_until": None if draft.valid_until is None else instant_text(draft.valid_until),
        "note": draft.note,
        "terms": [term_content(item) for item in draft.terms],
    }


def draft_digest(draft: AgreementDraft) -> bytes:
    """SHA-256 of the canonical content."""
    return digest(draft_content(draft))


def term_content(item: TermDraft) -> dict[str, object]:
    """One term as canonical content."""
    term = item.term
    return {
        "term": term.term,
        "method": term.method,
        "value": decimal_text(term.value),
        "currency": term.currency,
        "partner": term.partner or "",
        "partner_group": term.partner_group or "",
        "region": term.region or "",
        "channel": term.channel or "",
        "product": term.product or "",
        "family": term.family or "",
        "tier_mode": term.tier_mode,
        "tiers": tiers_json(term.tiers),
        "min_quantity": decimal_text(term.min_quantity),
        "max_quantity": None if term.max_quantity is None else decimal_text(term.max_quantity),
        "valid_from": instant_text(term.valid_from),
        "valid_until": None if term.valid_until is None else instant_text(term.valid_until),
        "description": item.description,
    }


def tiers_json(tiers: tuple[Tier, ...]) -> list[dict[str, str]]:
    """Tiers as they are stored and authored."""
    return [{"from": decimal_text(tier.start), "value": decimal_text(tier.value)} for tier in tiers]


def _read_term(item: ItemReader, head: AgreementDraft, number: int, tz: ZoneInfo) -> TermDraft:
    before = len(item.problems)
    tier_mode = item.choice("tier_mode", TIER_MODES, default="none")
    tiers = _read_tiers(item)
    partner = item.code("partner", required=False)
    if head.partner and partner and partner != head.partner:
        item.note("partner", partner, f"is not the agreement's partner {head.partner}", "Leave it out.")
    start = item.starts("valid_from", tz) or head.valid_from
    term = Term(
        agreement="",
        code=head.code,
        revision=0,
        term=number,
        method=item.choice("method", METHODS, default=_usual_method(head.kind)),
        value=item.number("value", default=None if tier_mode == "none" else ZERO),
        currency=item.currency("currency", required=False) or head.currency,
        valid_from=start,
        recorded_at=_EPOCH,
        kind=head.kind,
        valid_until=item.ends("valid_until", tz, start) or head.valid_until,
        partner=partner or head.partner,
        partner_group=item.code("partner_group", required=False),
        region=item.code("region", required=False),
        channel=item.code("channel", required=False),
        product=item.code("product", required=False),
        family=item.code("family", required=False),
        tier_mode=tier_mode,
        tiers=tiers,
        min_quantity=item.number("min_quantity", default=ZERO),
        max_quantity=item.maybe_number("max_quantity"),
    )
    description = item.text("description")
    item.finish()
    if len(item.problems) == before:
        item.problems.extend(term_problems(term, item.path))
    return TermDraft(term, description)


def _read_tiers(item: ItemReader) -> tuple[Tier, ...]:
    found = item.objects("tiers", most=100, required=False)
    try:
        return parse_tiers([tier for _, _, tier in found])
    except Invalid as error:
        for problem in error.problems:
            item.note(problem.field, problem.value, problem.message, problem.fix)
        return ()


def _usual_method(kind: str) -> str | None:
    return {"list": "list", "net": "net"}.get(kind)


def _term(head: AgreementDraft, number: int, method: str, value: Decimal, *, product: str) -> Term:
    return Term(
        agreement="",
        code=head.code,
        revision=0,
        term=number,
        method=method,
        value=value,
        currency=head.currency,
        valid_from=head.valid_from,
        recorded_at=_EPOCH,
        kind=head.kind,
        valid_until=head.valid_until,
        partner=head.partner,
        partner_group="",
        region="",
        channel="",
        product=product,
        family="",
    )


def _with_terms(head: AgreementDraft, terms: tuple[TermDraft, ...]) -> AgreementDraft:
    return AgreementDraft(
        head.code,
        head.title,
        head.kind,
        head.partner,
        head.currency,
        head.valid_from,
        head.valid_until,
        head.note,
        terms,
    )

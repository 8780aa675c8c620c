"""Partners and the price agreements with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from headgate.channel.agreements import AgreementView as StoredAgreement
from headgate.channel.agreements import FoundTerm, TermView
from headgate.channel.credit import utilisation_pct
from headgate.channel.orders.ranking import RankedPartner
from headgate.channel.partners import PartnerView as StoredPartner
from headgate.console import urls
from headgate.console.present.evaluations import day_of, last_day_of
from headgate.console.present.explain import rule_text, whom
from headgate.console.present.lens import Lens
from headgate.console.present.money import credit_state
from headgate.console.present.names import Names
from headgate.console.views.common import Fact, FormError, Tab, TimelineEntry
from headgate.console.views.order import CreditSum
from headgate.console.views.orders import OrderRow
from headgate.console.views.partners import (
    AgreementRow,
    AgreementStep,
    AgreementView,
    PartnerRow,
    PartnerView,
    TermRow,
    Tier,
)
from headgate.domain.checks import ProductFacts
from headgate.kernel.money import PRICE_DECIMALS, Money
from headgate.kernel.phrases import counted, figure, joined, phrase
from headgate.ui.recorded import recorded
from headgate.ui.words import humanise

ZERO = Decimal(0)


def tabs(current: str, partners: int | None, agreements: int | None) -> tuple[Tab, ...]:
    """The two lists that belong together."""
    return (
        Tab(phrase("Partners"), urls.PARTNERS, partners, current == "partners"),
        Tab(phrase("Price agreements"), urls.AGREEMENTS, agreements, current == "agreements"),
    )


def partner_rows(
    ranked: Sequence[RankedPartner],
    weekly: Mapping[str, tuple[Decimal, ...]],
    open_cases: Mapping[str, int],
    lens: Lens,
) -> tuple[PartnerRow, ...]:
    """The list of partners."""
    found = []
    for each in ranked:
        state, used = _credit(each.credit_limit, each.exposure, on_hold=bool(each.hold))
        found.append(
            PartnerRow(
                code=each.partner,
                name=each.name,
                country=each.country,
                tier=each.tier,
                status=each.status,
                credit=state,
                used=used,
                ordered=lens.money(each.ordered),
                weekly=weekly.get(each.partner, ()),
                open_cases=open_cases.get(each.partner, 0),
            )
        )
    return tuple(found)


def _credit(limit: Decimal | None, exposure: Decimal | None, *, on_hold: bool) -> tuple[str, Decimal | None]:
    if limit is None or exposure is None:
        return "none", None
    used = utilisation_pct(exposure, limit)
    # A share of a limit of zero says nothing.
    return credit_state(on_hold=on_hold, headroom=limit - exposure, used=used), used if limit else None


def partner_view(
    stored: StoredPartner,
    *,
    weekly: tuple[Decimal, ...],
    margin: Decimal | None,
    straight: Decimal | None,
    open_cases: int,
    held: Decimal,
    credit: tuple[CreditSum, ...],
    agreements: tuple[AgreementRow, ...],
    orders: tuple[OrderRow, ...],
    timeline: tuple[TimelineEntry, ...],
    lens: Lens,
) -> PartnerView:
    """The page of a partner."""
    partner = stored.partner
    facts = [
        Fact(phrase("Legal name"), partner.legal_name),
        Fact(phrase("Country"), lens.fmt.country(partner.country)),
        Fact(phrase("Region"), partner.region or None),
        Fact(phrase("Tier"), humanise(partner.tier) if partner.tier else None),
        Fact(phrase("Groups"), tuple(partner.groups)),
        Fact(phrase("Channel"), partner.channel or None),
        Fact(phrase("Terms"), partner.terms or None),
        Fact(phrase("Tax id"), partner.tax_id or None),
        Fact("E-mail", partner.email or None),
        Fact(phrase("Recorded"), stored.recorded_at),
    ]
    return PartnerView(
        code=partner.partner,
        name=partner.name,
        legal_name=partner.legal_name,
        status=partner.status,
        blocked_because=phrase("The master data say that this partner is blocked; its orders are held.")
        if partner.status == "blocked"
        else "",
        facts=tuple(facts),
        ordered=lens.money(sum(weekly, ZERO)),
        weekly=weekly,
        margin=margin,
        straight_through=straight,
        open_cases=open_cases,
        held=lens.money(held),
        credit=credit,
        agreements=agreements,
        orders=orders,
        timeline=timeline,
    )


def agreement_rows(stored: Sequence[StoredAgreement], names: Names, lens: Lens) -> tuple[AgreementRow, ...]:
    """A list of agreements."""
    return tuple(
        AgreementRow(
            agreement_id=each.agreement,
            code=each.code,
            revision=each.revision,
            title=recorded(each.title),
            kind=each.kind,
            status=status_of(each, lens),
            partner=names.partner(each.partner),
            currency=each.currency,
            terms=each.terms,
            valid_from=each.active_from or each.valid_from,
            valid_until=_ends(each),
        )
        for each in stored
    )


def status_of(each: StoredAgreement, lens: Lens) -> str:
    """Its status; one whose time is over counts as retired, whoever ended it."""
    ends = _ends(each)
    return "retired" if each.status == "active" and ends is not None and ends <= lens.now else each.status


def _ends(each: StoredAgreement) -> datetime | None:
    ends = [end for end in (each.valid_until, each.retired_from) if end is not None]
    return min(ends) if ends else None


def agreement_view(
    stored: StoredAgreement,
    *,
    terms: Sequence[TermView],
    more: str,
    products: Mapping[str, ProductFacts],
    conflicts: tuple[str, ...],
    names: Names,
    timeline: tuple[TimelineEntry, ...],
    errors: tuple[FormError, ...],
    lens: Lens,
) -> AgreementView:
    """The page of an agreement. `conflicts` come from an attempt to activate it."""
    step, blocked = next_step(stored, lens, tied=bool(conflicts))
    evidence = [
        Fact(phrase("Terms"), stored.terms),
        Fact(phrase("Source"), humanise(stored.source) if stored.source else None),
        Fact(phrase("Note"), stored.note or None),
    ]
    return AgreementView(
        agreement_id=stored.agreement,
        code=stored.code,
        revision=stored.revision,
        title=recorded(stored.title),
        kind=stored.kind,
        status=status_of(stored, lens),
        partner=names.partner(stored.partner),
        currency=stored.currency,
        valid_from=stored.active_from or stored.valid_from,
        valid_until=_ends(stored),
        recorded_at=stored.recorded_at or stored.created_at,
        author=names.person(stored.author),
        approver=names.person(stored.approver) if stored.approver else None,
        source=humanise(stored.source),
        digest=stored.digest,
        evidence=tuple(fact for fact in evidence if fact.value is not None),
        conflicts=conflicts,
        terms=tuple(_term(term, stored, names, products, lens) for term in terms),
        terms_count=stored.terms,
        step=step,
        blocked=blocked,
        timeline=timeline,
        more=more,
        errors=errors,
    )


def next_step(stored: StoredAgreement, lens: Lens, *, tied: bool) -> tuple[AgreementStep | None, str]:
    """What the reader may do with it next; else a sentence that says whose turn it is."""
    own = lens.me.id in (stored.author, stored.submitted_by)
    if stored.status == "draft":
        if lens.may("agreements.write"):
            return AgreementStep("submit", phrase("Hand in for review")), ""
        return None, phrase("A draft. Whoever writes agreements hands it in for review.")
    if stored.status == "in_review":
        if not lens.may("agreements.approve"):
            return None, phrase("Waits for somebody who approves agreements.")
        if own:
            return None, phrase("You wrote or handed in this agreement, so somebody else must approve it.")
        return AgreementStep(
            "approve", phrase("Approve %(terms)s terms", terms=stored.terms), phrase("Why these prices are right")
        ), ""
    if stored.status == "approved":
        if not lens.may("agreements.approve"):
            return None, phrase("Approved. Whoever approves agreements puts it into force.")
        ask = phrase("Why both terms are meant") if tied else ""
        return AgreementStep("activate", phrase("Activate it anyway") if tied else phrase("Activate"), ask), ""
    return None, ""


def _term(
    term: TermView, stored: StoredAgreement, names: Names, products: Mapping[str, ProductFacts], lens: Lens
) -> TermRow:
    found = as_found(term, stored)
    partner = names.partner(term.partner)
    product = products.get(term.product)
    return TermRow(
        term=term.term,
        scope=whom(found, partner.name if partner else ""),
        item=term.product or (humanise(term.family) if term.family else phrase("Every product")),
        item_name=product.name if product is not None else "",
        method=term.method,
        rule=rule_text(found, lens),
        tier_mode=term.tier_mode,
        tiers=tuple(_tier(tier, found, lens) for tier in term.tiers),
        valid_from=day_of(term.valid_from, lens),
        valid_until=last_day_of(term.valid_until, lens),
        used=term.used_quantity if term.max_quantity is not None else None,
        most=term.max_quantity,
        evidence=_evidence(term, product.name if product is not None else "", lens),
    )


def as_found(term: TermView, stored: StoredAgreement) -> FoundTerm:
    """A term of an agreement in the shape that price traces speak of."""
    return FoundTerm(
        agreement=str(stored.agreement),
        term=term.term,
        code=stored.code,
        revision=stored.revision,
        title=recorded(stored.title),
        method=term.method,
        value=term.value,
        currency=term.currency or stored.currency,
        partner=term.partner,
        partner_group=term.partner_group,
        region=term.region,
        channel=term.channel,
        product=term.product,
        family=term.family,
        tier_mode=term.tier_mode,
        min_quantity=term.min_quantity,
        valid_from=term.valid_from,
        valid_until=term.valid_until,
    )


def _tier(tier: Mapping[str, str], term: FoundTerm, lens: Lens) -> Tier:
    value = Decimal(str(tier["value"]))
    percent = term.method in ("discount", "cost_plus") or not term.currency
    rule = (
        f"{lens.fmt.number(value)} %" if percent else f"{lens.fmt.price(Money(value, term.currency))} {term.currency}"
    )
    return Tier(Decimal(str(tier["from"])), rule)


def _evidence(term: TermView, name: str, lens: Lens) -> str:
    if term.description and term.description != name:
        return term.description
    found = term.evidence or {}
    if isinstance(found.get("n"), int) and {"min", "max"} <= found.keys():
        return _sales(found, lens)
    if found.keys() == {"case"}:
        return phrase("decided in a case of its own")
    told = [
        phrase("%(label)s: %(value)s", label=humanise(name), value=value)
        for name, value in found.items()
        if isinstance(value, (str, int, Decimal)) and not isinstance(value, bool) and str(value)
    ]
    return joined(", ", told[:3])


def _sales(found: Mapping[str, Any], lens: Lens) -> str:
    """What a price rests on that was derived from past sales."""
    low, high = (lens.fmt.number(Decimal(str(found[each])), PRICE_DECIMALS) for each in ("min", "max"))
    count = figure(found["n"])
    if low == high:
        return counted("%(count)s sale at %(low)s", "%(count)s sales at %(low)s", found["n"], count=count, low=low)
    return counted(
        "%(count)s sale from %(low)s to %(high)s",
        "%(count)s sales from %(low)s to %(high)s",
        found["n"],
        count=count,
        low=low,
        high=high,
    )

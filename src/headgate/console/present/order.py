"""One order: lines, checks, money, stock, and what it waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from headgate.console import urls
from headgate.console.present.asks import ask_of, number, tidy
from headgate.console.present.checks import checks_of
from headgate.console.present.clocks import approval_clock, case_clock
from headgate.console.present.evaluations import Recorded, Tables
from headgate.console.present.history import worst_proof
from headgate.console.present.lens import Lens
from headgate.console.present.money import credit_sums, tax_snapshot
from headgate.console.present.names import Names
from headgate.console.views.common import AuditLine, PartnerName, TimelineEntry
from headgate.console.views.order import OrderLine, OrderNeeds, OrderView, Reservation
from headgate.domain.checks import ProductFacts
from headgate.kernel.money import Money
from headgate.kernel.phrases import joined, phrase
from headgate.policy import Decision
from headgate.process import Approval
from headgate.ui.words import humanise


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """An order as stored with the decision that stands, the texts of its policies, and its products."""

    row: Mapping[str, Any]
    decision: Decision | None
    tables: Tables
    products: Mapping[str, ProductFacts]
    names: Names

    @property
    def recorded(self) -> Recorded:
        """What the decision recorded; empty before there is one."""
        found = self.decision.evaluations if self.decision is not None else None
        return found if isinstance(found, Mapping) else {}

    @property
    def order_no(self) -> str:
        """The order's number."""
        return str(self.row["order_no"])

    @property
    def currency(self) -> str:
        """The order's currency."""
        return str(self.row["currency"])

    @property
    def partner(self) -> PartnerName:
        """Whose order it is."""
        return self.names.partner(self.row["partner"]) or PartnerName(self.row["partner"], self.row["partner"])

    @property
    def called(self) -> Mapping[str, str]:
        """The names of its partner and products, by code, where they have any."""
        found = {code: product.name for code, product in self.products.items()} | {self.partner.code: self.partner.name}
        return {code: name for code, name in found.items() if name and name != code}

    @property
    def decided_at(self) -> datetime:
        """When it was decided, or came."""
        return self.decision.at if self.decision is not None else self.row["received_at"]

    def money(self, amount: Decimal) -> Money:
        """An amount in the order's currency."""
        return Money(amount, self.currency)

    def line(self, line: str) -> Mapping[str, Any] | None:
        """A line as stored."""
        return next((each for each in self.row["lines"] if each["line"] == line), None)

    def recorded_line(self, line: str) -> Recorded | None:
        """A line as decided, with its price trace."""
        return next((each for each in self.recorded.get("lines") or () if each.get("line") == line), None)

    def name_of(self, line: Mapping[str, Any]) -> str:
        """What a line sells, in words."""
        product = self.products.get(line["product"])
        told = next((x.get("description") for x in self.row["content"]["lines"] if str(x["line"]) == line["line"]), "")
        return (product.name if product is not None else "") or str(told or "") or str(line["product"])


@dataclass(frozen=True, slots=True)
class OrderStory:
    """What happened to an order: its approvals, case, history and proof."""

    pending: Approval | None = None
    may_decide: bool = False
    case: Mapping[str, Any] | None = None
    history: tuple[TimelineEntry, ...] = ()
    audit: tuple[AuditLine, ...] = ()
    verified_at: datetime | None = None
    deciders: Sequence[str] = field(default_factory=tuple)


def order_view(facts: OrderFacts, story: OrderStory, lens: Lens) -> OrderView:
    """The page of an order."""
    row, recorded = facts.row, facts.recorded
    foreign = lens.is_foreign(facts.currency)
    content = row["content"]
    margins = [line["margin"] for line in row["lines"]]
    net = row["total"] - row["tax"]
    return OrderView(
        order=facts.order_no,
        revision=row["revision"],
        status=row["status"],
        partner=facts.partner,
        storefront=row["storefront"],
        customer_reference=row["customer_reference"],
        placed_at=row["placed_at"],
        received_at=row["received_at"],
        terms=terms_of(facts),
        ship_to=address(content.get("ship_to") or {}, lens),
        requested_by=facts.names.person(row["requested_by"]) if row["requested_by"] else None,
        exceptions=tuple(row["exceptions"]),
        net=facts.money(net),
        tax=facts.money(row["tax"]),
        total=facts.money(row["total"]),
        margin=sum(margins, Decimal(0)) * 100 / net if net and margins and None not in margins else None,
        tenant_total=lens.money(row["tenant_total"]) if foreign else None,
        rate=row["rate"] if foreign else None,
        rate_on=row["rate_on"] if foreign else None,
        needs=needs_of(facts, story, lens),
        case_id=row["case_id"],
        decision=row["decision"],
        decided_at=facts.decision.at if facts.decision is not None else None,
        lines=tuple(_line(facts, line) for line in row["lines"]),
        checks=checks_of(recorded, facts.tables, lens),
        credit=credit_sums(recorded, facts.partner.name, facts.decided_at),
        reservations=(*_held(facts), *_short(facts)),
        tax_snapshot=tax_snapshot(recorded, lens),
        history=story.history,
        audit=story.audit,
        proof=worst_proof(story.audit),
        verified_at=story.verified_at,
        audit_href=urls.audit_of("order", facts.order_no) if lens.may("audit.read") else "",
    )


def needs_of(facts: OrderFacts, story: OrderStory, lens: Lens) -> OrderNeeds | None:
    """What the order waits for; None when nothing is needed."""
    status = facts.row["status"]
    if story.pending is not None:
        approval = story.pending
        ask = ask_of(approval.subject_type, approval.exceptions, approval.summary, lens.fmt).short
        who = phrase("you") if story.may_decide else joined(phrase(" and "), story.deciders) or phrase("an approver")
        return OrderNeeds(
            phrase("Held: %(ask)s. Waits for %(who)s.", ask=lens.fmt.within(ask), who=who),
            urls.approval(approval.approval) if story.may_decide else "",
            phrase("Decide") if story.may_decide else "",
            approval_clock(approval, lens.now),
        )
    clock = case_clock(story.case, lens.now) if story.case is not None else None
    if status == "returned":
        return OrderNeeds(phrase("Returned to the requester: it waits for a corrected order."), clock=clock)
    if status == "held":
        return OrderNeeds(phrase("Held. Open the case to see what it waits for."), clock=clock)
    if status == "received":
        return OrderNeeds(phrase("Waits to be checked, normally for less than a second."))
    return None


def _line(facts: OrderFacts, line: Mapping[str, Any]) -> OrderLine:
    recorded = facts.recorded_line(line["line"]) or {}
    priced = line["contract_price"] is not None
    found = [e for e in facts.recorded.get("exceptions") or () if e.get("line") == line["line"]]
    return OrderLine(
        line=line["line"],
        product=line["product"],
        description=facts.name_of(line),
        quantity=line["quantity"],
        unit=line["unit"],
        unit_price=facts.money(line["unit_price"]),
        contract_price=facts.money(line["contract_price"]) if priced else None,
        deviation=tidy(-number(recorded.get("deviation_pct"))) if priced else None,
        margin=number(recorded.get("margin_pct")) if line["margin"] is not None else None,
        amount=facts.money(line["amount"]),
        shipped=line["shipped"],
        exceptions=tuple(dict.fromkeys(str(e["type"]) for e in found)),
    )


def _held(facts: OrderFacts) -> list[Reservation]:
    lines = {line["line"]: line for line in facts.row["lines"]}
    return [
        Reservation(
            line=each["line"],
            product=each["product"],
            warehouse=each["warehouse"],
            quantity=each["quantity"],
            unit=lines[each["line"]]["unit"] if each["line"] in lines else "",
            status=each["status"],
            expires_at=each["expires_at"],
            name=_name(each["product"], facts),
        )
        for each in facts.row["reservations"]
        if each["quantity"] or each["status"] == "shipped"
    ]


def _name(code: str, facts: OrderFacts) -> str:
    product = facts.products.get(code)
    return product.name if product is not None else ""


def _short(facts: OrderFacts) -> list[Reservation]:
    if facts.row["status"] != "held":
        return []
    lines = {line["line"]: line for line in facts.row["lines"]}
    return [
        Reservation(
            line=str(each["line"]),
            product=str(each["product"]),
            warehouse=phrase("no warehouse has them"),
            quantity=number(each["back_order"]),
            unit=lines[each["line"]]["unit"] if each["line"] in lines else "",
            status="short",
            expires_at=None,
            name=_name(str(each["product"]), facts),
        )
        for each in facts.recorded.get("allocation") or ()
        if number(each.get("back_order"))
    ]


def terms_of(facts: OrderFacts) -> str:
    """The payment terms that count and whence they come: the order's own before the partner's. '' for none.

    A decided order keeps the terms it was decided with, whatever is agreed since.
    """
    asked = str(facts.row["content"].get("terms") or "")
    known = facts.names.partners.get(facts.row["partner"])
    agreed = known.terms if known is not None else ""
    if asked and agreed and asked != agreed:
        return phrase("%(terms)s, as the order asks; agreed with the partner: %(agreed)s", terms=asked, agreed=agreed)
    if asked:
        return phrase("%(terms)s, as the order asks", terms=asked)
    counted = _terms_decided(facts.recorded)
    if counted is not None and counted != agreed:
        return phrase("%(terms)s, as agreed when it was decided", terms=counted) if counted else ""
    return phrase("%(terms)s, as agreed with the partner", terms=agreed) if agreed else ""


def _terms_decided(recorded: Recorded) -> str | None:
    """The payment terms that the credit check read; None where it asked no policy."""
    found: Recorded = next((each for each in recorded.get("checks") or () if each.get("check") == "credit"), {})
    inputs = (found.get("evaluation") or {}).get("inputs", {})
    return str(inputs["terms"] or "") if "terms" in inputs else None


def address(ship_to: Mapping[str, Any], lens: Lens) -> str:
    """Where an order goes: city and country."""
    country = lens.fmt.country(str(ship_to.get("country") or ""))
    return joined(", ", (part for part in (str(ship_to.get("city") or ""), country) if part))


def deciders_of(approval: Approval, names: Mapping[str, Sequence[str]]) -> list[str]:
    """Who is asked now, by role: up to two names, else the role."""
    found: list[str] = []
    for step in approval.steps:
        if step.status == "open":
            people = names.get(step.role, ())
            found.append(joined(phrase(" or "), people) if 0 < len(people) <= 2 else humanise(step.role).lower())
    return found

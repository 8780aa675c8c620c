"""Deals in words: scores with their reasons, the deal beside each rival, the rules that fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from headgate.channel.deals import STATUSES
from headgate.channel.evidence import KeptFile
from headgate.console import urls
from headgate.console.present.asks import instant, number
from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.views.common import Fact, FileLink, PartnerName, Person, Tab, TimelineEntry
from headgate.console.views.deals import DealRow, DealView, Rival, RuleRow, SignalRow
from headgate.kernel.money import Money
from headgate.kernel.phrases import joined, phrase
from headgate.policy import Decision
from headgate.ui.recorded import recorded
from headgate.ui.words import humanise

HUNDRED = Decimal(100)
PROTECTED = "approved"
SIGNALS: Mapping[str, str] = {
    "duns": phrase("D-U-N-S number"),
    "duns_differs": phrase("D-U-N-S numbers differ"),
    "domain": phrase("Domain"),
    "domain_variant": phrase("Domain, another ending"),
    "name": phrase("Name"),
    "parent": phrase("Parent company"),
    "address": phrase("Address"),
    "place": phrase("Place"),
    "products": phrase("Products"),
    "time": phrase("Time"),
}
KINDS: Mapping[str, str] = {
    "deal": phrase("Deal"),
    "opportunity": phrase("Opportunity of our own sales"),
    "customer": phrase("Existing customer"),
}
# Whose the customer's place is, as `deal_rules` was asked.
TERRITORIES: Mapping[str, str] = {
    "ours": phrase("the partner’s own"),
    "exclusive": phrase("another partner’s alone"),
    "foreign": phrase("another partner’s"),
    "open": phrase("nobody’s in particular"),
}
# The lists people work with; everything else is under “All”.
VIEWS: tuple[tuple[str, str], ...] = (
    ("", phrase("All")),
    ("under_review", phrase("Under review")),
    ("pending_approval", phrase("Waiting for approval")),
    ("approved", phrase("Protected")),
    ("appealed", phrase("Appealed")),
    ("converted", phrase("Converted")),
)


def tabs(current: str) -> tuple[Tab, ...]:
    """The saved views of the list."""
    known = dict(VIEWS)
    shown = VIEWS if current in known else (*VIEWS, (current, humanise(current)))
    return tuple(
        Tab(label, urls.query(urls.DEALS, [("status", status)]), None, status == current) for status, label in shown
    )


def is_status(status: str) -> bool:
    """Whether a deal can have it."""
    return status in STATUSES


def deal_rows(rows: Sequence[Mapping[str, Any]], lens: Lens) -> tuple[DealRow, ...]:
    """The list."""
    return tuple(
        DealRow(
            deal=row["deal"],
            customer=row["customer"],
            country=lens.fmt.country(row["country"]),
            partner=PartnerName(row["partner"], row["partner_name"] or row["partner"]),
            status=row["status"],
            amount=Money(row["amount"], row["currency"]),
            closes=row["close_on"],
            ends=row["protected_until"] if row["status"] == PROTECTED else None,
            changed=row["updated_at"],
        )
        for row in rows
    )


def deal_view(
    row: Mapping[str, Any],
    *,
    against: Sequence[Mapping[str, Any]],
    decision: Decision | None,
    approval: UUID | None,
    may_decide: bool,
    history: tuple[TimelineEntry, ...],
    names: Names,
    lens: Lens,
    files: Sequence[KeptFile] = (),
) -> DealView:
    """The page of a deal."""
    content: Mapping[str, Any] = row["content"]
    customer, contact = content["customer"], content["contact"]
    return DealView(
        deal=row["deal"],
        customer=row["customer"],
        status=row["status"],
        partner=PartnerName(row["partner"], row["partner_name"] or row["partner"]),
        amount=Money(row["amount"], row["currency"]),
        stake=lens.money(row["stake"]) if lens.is_foreign(row["currency"]) else None,
        facts=_facts(row, content, decision, lens),
        contact=tuple(
            Fact(label, contact[key])
            for label, key in (
                (phrase("Contact"), "name"),
                ("E-mail", "email"),
                (phrase("Phone"), "phone"),
                (phrase("Title"), "title"),
            )
            if contact.get(key)
        ),
        lines=tuple(_line(line, row["currency"], names) for line in content["lines"]),
        protected_until=row["protected_until"],
        granted_days=row["granted_days"],
        told=tuple(map(recorded, row["told"])),
        requested_by=_registrant(str(row["requested_by"]), row["partner"], names),
        rivals=tuple(_rival(each, customer, row, names, lens) for each in against),
        rules=_rules(decision),
        decided_at=decision.at if decision else None,
        case_id=row["case_id"],
        approval=approval,
        may_decide=may_decide,
        timeline=history,
        files=tuple(FileLink(f.name, urls.deal_file(row["deal"], f.file), f.size, f.sha256) for f in files),
    )


def products_in(*contents: Mapping[str, Any] | None) -> set[str]:
    """The codes of the products that deals are about."""
    return {str(line["product"]) for content in contents if content for line in content["lines"]}


def _line(line: Mapping[str, Any], currency: str, names: Names) -> tuple[str, str, Decimal, Money]:
    amount, code = Money(number(line["amount"]), currency), str(line["product"])
    return code, names.product(code), number(line["quantity"]), amount


def _territory(content: Mapping[str, Any], decision: Decision | None) -> str | None:
    """What the partner named, and whose the customer's place is as the last assessment found it."""
    named = str(content.get("territory") or "")
    whose = TERRITORIES.get(str(decision.inputs.get("territory", "")), "") if decision is not None else ""
    return phrase("%(named)s (%(whose)s)", named=named, whose=whose) if named and whose else named or whose or None


def _facts(
    row: Mapping[str, Any], content: Mapping[str, Any], decision: Decision | None, lens: Lens
) -> tuple[Fact, ...]:
    facts = (
        Fact(phrase("Registered"), row["registered_at"]),
        Fact(phrase("Expected close"), lens.fmt.day(row["close_on"])),
        Fact(phrase("Programme"), content["programme"] or None),
        Fact(phrase("Territory"), _territory(content, decision)),
        Fact(phrase("Distributor"), content["distributor"] or None),
        Fact(phrase("Incumbent"), content["incumbent"] or None),
        Fact(phrase("Competitor"), content["competitor"] or None),
        Fact(phrase("Last activity"), row["last_activity_at"]),
        Fact(phrase("Evidence"), tuple(content["evidence"]) or None),
    )
    return tuple(fact for fact in facts if fact.value is not None)


def _rival(
    each: Mapping[str, Any], customer: Mapping[str, Any], row: Mapping[str, Any], names: Names, lens: Lens
) -> Rival:
    content: Mapping[str, Any] = each["content"]
    kind = str(each["kind"])
    rival: Mapping[str, Any] | None = each["rival"]
    return Rival(
        kind=KINDS[kind],
        title=str(each["ref"]),
        href=urls.deal(each["ref"]) if kind == "deal" else "",
        holder=str(each["holder_name"] or each["holder"]),
        state=str(each["status"] or "") if kind == "deal" else "",
        since=each["registered_at"] or instant(content.get("since")),
        score=number(each["score"]),
        same=number(content["same_customer"]),
        overlap=number(content["overlap"]),
        signals=tuple(_signal(signal) for signal in content["signals"]),
        pairs=_pairs(customer, row, rival, content, names, lens),
    )


def _signal(signal: Mapping[str, Any]) -> SignalRow:
    name = str(signal["name"])
    return SignalRow(
        label=SIGNALS.get(name, humanise(name)),
        because=recorded(str(signal["because"])),
        ours=str(signal["ours"]),
        theirs=str(signal["theirs"]),
        points=number(signal["strength"]) * number(signal["weight"]) * HUNDRED,
    )


def _pairs(
    customer: Mapping[str, Any],
    row: Mapping[str, Any],
    rival: Mapping[str, Any] | None,
    content: Mapping[str, Any],
    names: Names,
    lens: Lens,
) -> tuple[tuple[str, str, str, bool], ...]:
    """What each says, side by side: label, this deal, the other, whether they agree."""
    other: Mapping[str, Any] = rival["customer"] if rival else {"name": content["customer"]}
    pairs = [
        (phrase("Customer"), str(customer["name"]), str(other["name"])),
        (phrase("Domain"), joined(", ", customer["domains"]), joined(", ", other.get("domains") or ())),
        ("D-U-N-S", str(customer["duns"]), str(other.get("duns") or "")),
        (phrase("Street"), str(customer["street"]), str(other.get("street") or "")),
        (phrase("Place"), _place(customer, lens), _place(other, lens)),
        (phrase("Parent"), str(customer["parent_name"]), str(other.get("parent_name") or "")),
    ]
    if rival is not None:
        mine = row["content"]
        pairs += [
            (phrase("Territory"), str(mine.get("territory") or ""), str(rival.get("territory") or "")),
            (phrase("Products"), _products(mine, names), _products(rival, names)),
            (
                phrase("Amount"),
                lens.fmt.money(Money(number(mine["amount"]), mine["currency"])),
                lens.fmt.money(Money(number(rival["amount"]), rival["currency"])),
            ),
            (phrase("Closes"), _day(mine["close_on"], lens), _day(rival["close_on"], lens)),
        ]
    return tuple((label, a, b, a.casefold() == b.casefold()) for label, a, b in pairs if a or b)


def _place(company: Mapping[str, Any], lens: Lens) -> str:
    country = str(company.get("country") or "")
    town = " ".join(str(company[key]) for key in ("postcode", "city") if company.get(key))
    return joined(", ", (each for each in (town, lens.fmt.country(country) if country else "") if each))


def _day(value: object, lens: Lens) -> str:
    return lens.fmt.day(date.fromisoformat(str(value))) if value else ""


def _products(content: Mapping[str, Any], names: Names) -> str:
    return joined(", ", [names.product(code) for code in sorted(products_in(content))])


def _rules(decision: Decision | None) -> tuple[RuleRow, ...]:
    """The rows of the last assessment that fit."""
    if decision is None:
        return ()
    found = []
    for evaluation in decision.evaluations:
        outputs = evaluation["outputs"].get("list", ())
        for i, row in enumerate(evaluation["rows"]):
            found.append(
                RuleRow(
                    row=row,
                    outcome=str(outputs[i].get("outcome", "")) if i < len(outputs) else "",
                    because=recorded(evaluation["reasons"][i]) if i < len(evaluation["reasons"]) else "",
                    clause=recorded(evaluation["clauses"][i]) if i < len(evaluation["clauses"]) else "",
                    href=urls.policy_row(decision.policy, decision.version, row),
                )
            )
    return tuple(found)


def _registrant(principal: str, partner: str, names: Names) -> Person:
    """Who registered a deal: a person with their company; the company, where no person is named."""
    company = names.partner(partner) or PartnerName(partner, partner)
    account = names.accounts.get(principal)
    if account is None:
        of_partner = principal.startswith(("partner:", "source:")) or not principal
        return Person(principal, company.name, "service") if of_partner else names.person(principal)
    if account.partner == partner:
        return Person(
            principal, phrase("%(name)s of %(company)s", name=account.name, company=company.name), account.kind
        )
    return names.person(principal)

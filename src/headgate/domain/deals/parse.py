"""From payloads of deal events to values. Each parser raises `Invalid` with all its problems."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from headgate.domain import fields
from headgate.domain.deals import names
from headgate.domain.deals.model import Address, Company, Contact, Deal, DealLine
from headgate.domain.fields import Data, Problems, Validator, note, validator_of, whole
from headgate.kernel.errors import Problem
from headgate.kernel.money import MAX_AMOUNT
from headgate.kernel.phrases import phrase

MAX_LINES = 500
MAX_DOMAINS = 20
MAX_EVIDENCE = 20
NOTE_LENGTH = 2000
_DUNS = re.compile(r"\d{9}").fullmatch
_DATE = re.compile(r"\d{4}-\d\d-\d\d").fullmatch
_MAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}").fullmatch
# What stands in the log in the place of a personal value (ledger, personal values).
_MARKER = re.compile(r"\$pd:[A-Za-z0-9_-]{43}\.[0-9a-z]").fullmatch
_NOWHEN = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class DealNote:
    """A word on a deal: withdrawn, appealed, with the reason."""

    deal: str
    reason: str


@dataclass(frozen=True, slots=True)
class Activity:
    """Something the partner did for a protected deal, which keeps the protection alive."""

    deal: str
    activity: str
    happened_at: datetime
    notes: str


@dataclass(frozen=True, slots=True)
class Extension:
    """The wish to keep a deal protected until the end of a day."""

    deal: str
    until: date
    reason: str


@dataclass(frozen=True, slots=True)
class OpportunityClosed:
    """The CRM's word that the opportunity behind a deal was won or lost. `amount` is what it came to."""

    opportunity: str
    deal: str
    amount: Decimal | None
    currency: str
    order: str
    reason: str


def parse_deal(data: object) -> Deal:
    """`deal.drafted`, `deal.submitted` or `deal.amended`. Raises `Invalid` with all problems.

    1 to 500 lines; the amount is their sum and, when it is sent as well, must agree with it.
    """
    return whole(_deal, data)


def parse_note(data: object) -> DealNote:
    """`deal.withdrawn` or `deal.appealed`. Raises `Invalid` with all problems."""
    return whole(
        lambda body, problems: DealNote(
            fields.code(body, "deal", problems),
            fields.text(body, "reason", problems, limit=NOTE_LENGTH, required=True),
        ),
        data,
    )


def parse_activity(data: object) -> Activity:
    """`deal.activity_recorded`. Raises `Invalid` with all problems."""
    return whole(
        lambda body, problems: Activity(
            fields.code(body, "deal", problems),
            fields.code(body, "activity", problems),
            fields.instant(body, "happened_at", problems),
            fields.text(body, "notes", problems, limit=NOTE_LENGTH),
        ),
        data,
    )


def parse_extension(data: object) -> Extension:
    """`deal.extension_requested`. Raises `Invalid` with all problems."""
    return whole(
        lambda body, problems: Extension(
            fields.code(body, "deal", problems),
            _date(body, "until", problems),
            fields.text(body, "reason", problems, limit=NOTE_LENGTH, required=True),
        ),
        data,
    )


def parse_opportunity(data: object) -> OpportunityClosed:
    """`opportunity.won` or `opportunity.lost`. Raises `Invalid` with all problems."""
    return whole(_opportunity, data)


def _opportunity(data: Data, problems: Problems) -> OpportunityClosed:
    valued = data.get("amount") is not None
    return OpportunityClosed(
        opportunity=fields.code(data, "opportunity", problems),
        deal=fields.code(data, "deal", problems),
        amount=fields.number(data, "amount", problems) if valued else None,
        currency=fields.currency(data, problems) if valued else "",
        order=fields.code(data, "order", problems, required=False),
        reason=fields.text(data, "reason", problems, limit=NOTE_LENGTH),
    )


def _deal(data: Data, problems: Problems) -> Deal:
    lines = _lines(data, problems)
    total = sum((line.amount for line in lines), Decimal(0))
    if total >= MAX_AMOUNT:
        note(problems, None, "lines", format(total, "f"), "add up to 10^15 or more", "Split the deal.")
    if data.get("amount") is not None and fields.number(data, "amount", problems) != total and lines:
        fix = phrase("The lines add up to %(total)s; send that or leave it out.", total=f"{total:f}")
        note(problems, None, "amount", data.get("amount"), "is not the sum of the lines", fix)
    return Deal(
        deal=fields.code(data, "deal", problems),
        partner=fields.code(data, "partner", problems),
        programme=fields.code(data, "programme", problems, required=False),
        customer=_company(data, "customer", problems),
        contact=_contact(data, problems),
        lines=lines,
        amount=total,
        currency=fields.currency(data, problems),
        close_on=_date(data, "close_on", problems),
        territory=fields.code(data, "territory", problems, required=False),
        distributor=fields.code(data, "distributor", problems, required=False),
        incumbent=fields.text(data, "incumbent", problems),
        competitor=fields.text(data, "competitor", problems),
        notes=fields.text(data, "notes", problems, limit=NOTE_LENGTH),
        evidence=fields.texts(data, "evidence", problems, MAX_EVIDENCE),
        requested_by=fields.text(data, "requested_by", problems),
        reason=fields.text(data, "reason", problems, limit=NOTE_LENGTH),
    )


def _lines(data: Data, problems: Problems) -> tuple[DealLine, ...]:
    lines: list[DealLine] = []
    seen: set[str] = set()
    for index, raw in enumerate(fields.items(data, "lines", problems, most=MAX_LINES)):
        if not isinstance(raw, dict):
            note(problems, index, "", raw, "is not an object", "Send a JSON object.")
            continue
        line = fields.line_code(raw, problems, index)
        if line in seen:
            note(problems, index, "line", line, "is used by an earlier line", "Number each line once.")
        seen.add(line)
        lines.append(
            DealLine(
                line,
                fields.code(raw, "product", problems, index),
                fields.positive(raw, "quantity", problems, index),
                fields.number(raw, "amount", problems, index),
            )
        )
    return tuple(lines)


def company_from(data: Mapping[str, Any], path: str = "customer") -> Company:
    """A company from its canonical content. Raises `Invalid` with all problems."""
    return whole(lambda body, problems: _company(body, path, problems), {path: data})


def _company(data: Data, key: str, problems: Problems) -> Company:
    before = len(problems)
    body = fields.mapping(data.get(key), key, problems)
    if len(problems) > before:
        return Company("", Address(""))
    start = len(problems)
    name = fields.text(body, "name", problems, required=True)
    if name and not names.legal_core(name):
        note(problems, None, "name", name, "has no letters or digits", "Give the name the company trades under.")
    address = Address(
        country=fields.country(body, "country", "country", problems),
        region=fields.code(body, "region", problems, required=False),
        postcode=fields.text(body, "postcode", problems, limit=32),
        city=fields.text(body, "city", problems),
        street=fields.text(body, "street", problems),
    )
    company = Company(
        name=name,
        address=address,
        domains=_domains(body, problems),
        duns=_duns(body, "duns", problems),
        parent_name=fields.text(body, "parent_name", problems),
        parent_duns=_duns(body, "parent_duns", problems),
    )
    for index in range(start, len(problems)):
        found = problems[index]
        problems[index] = Problem(f"{key}.{found.field}", found.value, found.message, found.fix)
    return company


def _domains(body: Data, problems: Problems) -> tuple[str, ...]:
    """`domain`, or `domains`, or both: each must be something that can be registered."""
    found = list(fields.texts(body, "domains", problems, MAX_DOMAINS))
    if body.get("domain"):
        found.append(fields.text(body, "domain", problems))
    for domain in found:
        if domain and "." not in domain:
            note(problems, None, "domain", domain, "is not a domain", "Use for example acme.com.")
    return tuple(dict.fromkeys(domain for domain in found if domain))


def _duns(body: Data, key: str, problems: Problems) -> str:
    value = body.get(key)
    if value is None or value == "":
        return ""
    digits = value.replace("-", "").replace(" ", "") if isinstance(value, str) else ""
    if _DUNS(digits):
        return digits
    note(problems, None, key, value, "is not a D-U-N-S number", "Send nine digits as text.")
    return ""


def _contact(data: Data, problems: Problems) -> Contact:
    if data.get("contact") is None:
        return Contact()
    body = fields.mapping(data.get("contact"), "contact", problems)
    email = fields.text(body, "email", problems)
    if email and not _MAIL(email) and not _MARKER(email):
        note(problems, None, "contact.email", email, "is not an e-mail address")
    return Contact(
        fields.text(body, "name", problems),
        email,
        fields.text(body, "phone", problems, limit=50),
        fields.text(body, "title", problems),
    )


def _date(data: Data, key: str, problems: Problems) -> date:
    value = data.get(key)
    if isinstance(value, str) and _DATE(value):
        try:
            found = date.fromisoformat(value)
        except ValueError:
            pass
        else:
            if 1970 <= found.year < 2200:
                return found
    message = "is missing" if value is None else phrase("is not a date from 1970 to 2199")
    note(problems, None, key, value, message, "Use a date such as 2026-09-30.")
    return _NOWHEN


def company_json(company: Company) -> dict[str, object]:
    """A company as canonical content; `company_from` reads it back."""
    return {
        "name": company.name,
        "country": company.address.country,
        "region": company.address.region,
        "postcode": company.address.postcode,
        "city": company.address.city,
        "street": company.address.street,
        "domains": list(company.domains),
        "duns": company.duns,
        "parent_name": company.parent_name,
        "parent_duns": company.parent_duns,
    }


def deal_json(deal: Deal) -> dict[str, object]:
    """A deal as canonical content: what an approval binds, and what `parse_deal` reads back."""
    return {
        "deal": deal.deal,
        "partner": deal.partner,
        "programme": deal.programme,
        "customer": company_json(deal.customer),
        "contact": {
            "name": deal.contact.name,
            "email": deal.contact.email,
            "phone": deal.contact.phone,
            "title": deal.contact.title,
        },
        "lines": [
            {"line": row.line, "product": row.product, "quantity": row.quantity, "amount": row.amount}
            for row in deal.lines
        ],
        "amount": deal.amount,
        "currency": deal.currency,
        "close_on": deal.close_on.isoformat(),
        "territory": deal.territory,
        "distributor": deal.distributor,
        "incumbent": deal.incumbent,
        "competitor": deal.competitor,
        "notes": deal.notes,
        "evidence": list(deal.evidence),
        "requested_by": deal.requested_by,
    }


validators: Mapping[str, Validator] = {
    "deal.drafted": validator_of(parse_deal),
    "deal.submitted": validator_of(parse_deal),
    "deal.amended": validator_of(parse_deal),
    "deal.withdrawn": validator_of(parse_note),
    "deal.appealed": validator_of(parse_note),
    "deal.activity_recorded": validator_of(parse_activity),
    "deal.extension_requested": validator_of(parse_extension),
    "opportunity.won": validator_of(parse_opportunity),
    "opportunity.lost": validator_of(parse_opportunity),
}

"""The form of a deal: kept as a draft in any state, or sent. Its number is made when the form is opened, so that files
can be kept with it and sending it twice makes one deal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from headgate.channel import deals
from headgate.channel.deals import list_programmes
from headgate.kernel.errors import Conflict, Invalid, NotFound
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase
from headgate.portal import urls
from headgate.portal.pages.evidence import OF_DEALS
from headgate.portal.pages.reading import by_field, currencies, plain_number, products, unknown_products
from headgate.portal.pages.sending import DEAL, kept_form, send_form
from headgate.portal.views import Choice, DealFormView
from headgate.portal.visit import Answer, Door, Go, Settle, Shown, Visit
from headgate.process.messages import About, send_message
from headgate.process.sent_forms import drop_sent
from headgate.ui.cookies import Notice
from headgate.ui.countries import countries
from headgate.ui.recorded import recorded

MOST_ROWS = 20
ROWS = 3
# Fields of the form, as they are called in the deal.
TEXTS = ("programme", "close_on", "currency", "territory", "distributor", "incumbent", "competitor", "notes")
CUSTOMER = ("name", "country", "domain", "duns", "street", "postcode", "city", "region", "parent_name")
CONTACT = ("name", "email", "phone", "title")
LINE = ("product", "quantity", "amount")
NAMES = {
    **{name: name for name in TEXTS},
    **{f"customer.{name}": f"customer_{name}" for name in CUSTOMER},
    "customer.domains": "customer_domain",
    "customer": "customer_name",
    **{f"contact.{name}": f"contact_{name}" for name in CONTACT},
    # What the parser says of the contact without naming it.
    "email": "contact_email",
    "phone": "contact_phone",
    "title": "contact_title",
    "lines": "line_1_product",
    "evidence": "evidence",
}
_NUMBER = re.compile(r"DR-[0-9A-F]{12}")
CHANGES = {
    "draft": "deal.submitted",
    "returned": "deal.submitted",
    "under_review": "deal.amended",
    "pending_approval": "deal.amended",
}


def begin(visit: Visit) -> Answer:
    """A new form."""
    number = f"DR-{new_id(visit.now).hex[-12:].upper()}"
    return _view(visit, number, {"currency": visit.tenant.currency}, {})


def resume(visit: Visit) -> Answer:
    """A form that was begun, or the content of a deal that may be changed."""
    code = visit.code("deal")
    row = _stored(visit, code)
    sent = kept_form(visit, DEAL, code, lambda fields: _names(content_of(code, fields)))
    if row is None and sent is None:
        return _view(visit, code, deals.get_draft(visit.conn, visit.ctx, code).fields, {}, kept=True)
    if row is None and sent is not None:
        return _view(visit, code, sent.fields, sent.errors, kept=bool(sent.errors), waits=not sent.errors)
    assert row is not None, "one of both is there"
    if row["status"] not in CHANGES:
        return Go(urls.deal(code), Notice("risk", visit.fmt.say("This deal cannot be changed any more.")))
    if len(row["content"]["lines"]) > MOST_ROWS:
        return Go(
            urls.deal(code),
            Notice(
                "risk",
                phrase("A deal of more than %(most_rows)s lines is changed where it came from.", most_rows=MOST_ROWS),
            ),
        )
    if sent is not None:
        return _view(visit, code, sent.fields, sent.errors, row=row, waits=not sent.errors)
    return _view(visit, code, fields_of(row["content"]), {}, row=row)


def save(visit: Visit) -> Answer:
    """Keep the form, send it, or add what was uploaded, as the button pressed says."""
    code = visit.code("deal")
    row = _stored(visit, code)
    if row is None and not _NUMBER.fullmatch(code):
        raise NotFound("there is no such form")
    if row is not None and row["status"] not in CHANGES:
        return Go(urls.deal(code), Notice("quiet", visit.fmt.say("This deal was sent before.")))
    fields = _entered(visit.form)
    problem = _take_files(visit, code, row)
    errors = {} if problem is None else by_field(problem.problems, NAMES)
    act = visit.form.get("act", "")
    if act == "send":
        asked = {name: fields[name] for n in _filled(fields) if (name := f"line_{n}_product") in fields}
        errors |= unknown_products(visit, asked)
    if act == "send" and not errors:
        return _send(visit, code, fields, row)
    if row is None:
        deals.save_draft(visit.conn, visit.ctx, code, fields)
        drop_sent(visit.conn, visit.ctx, DEAL.kind, code)
    if act == "draft" and not errors:
        return Go(urls.DEALS, Notice("done", phrase("Your draft is kept. Nobody but your company sees it.")))
    return Shown(_view(visit, code, fields, errors, row=row, kept=row is None), 400 if errors else 200)


def discard(visit: Visit) -> Answer:
    """Throw a form away that was not sent."""
    code = visit.code("deal")
    if _stored(visit, code) is not None:
        raise Conflict("this deal was sent; withdraw it instead")
    for file in deals.DEAL_FILES.of(visit.conn, code, visit.partner):
        deals.DEAL_FILES.drop(visit.conn, visit.ctx, code, file.file)
    deals.drop_draft(visit.conn, visit.ctx, code)
    drop_sent(visit.conn, visit.ctx, DEAL.kind, code)
    return Go(urls.DEALS, Notice("done", phrase("The draft is gone.")))


def _send(visit: Visit, code: str, fields: Mapping[str, str], row: Mapping[str, Any] | None) -> Answer:
    data = content_of(code, fields)
    data["evidence"] = OF_DEALS.references(visit, code)
    data["requested_by"] = visit.me.id
    kind = "deal.submitted" if row is None else CHANGES[row["status"]]
    try:
        with visit.conn.transaction():
            seq = send_form(visit, DEAL, code, kind, data, fields)
            deals.drop_draft(visit.conn, visit.ctx, code)
    except Invalid as error:
        # The form is kept, so that nothing is lost whatever the browser does.
        if row is None:
            deals.save_draft(visit.conn, visit.ctx, code, fields)
        errors = by_field(error.problems, _names(data))
        return Shown(_view(visit, code, fields, errors, row=row, kept=row is None), 400)

    def tell(after: Visit, settled: bool) -> Answer:
        refused = after.refusal(seq) if settled else None
        if refused is not None:
            errors = by_field(refused.problems, _names(data))
            return Shown(_view(after, code, fields, errors, row=row, kept=row is None), 409)
        if not settled:
            return Go(urls.DEALS, Notice("waiting", phrase("Your registration was sent and is being looked at.")))
        return Go(urls.deal(code), Notice("done", phrase("Your registration was sent.")))

    return Settle(seq, tell)


def _stored(visit: Visit, code: str) -> Mapping[str, Any] | None:
    try:
        return deals.get_deal(visit.conn, code)
    except NotFound:
        return None


def _take_files(visit: Visit, code: str, row: Mapping[str, Any] | None) -> Invalid | None:
    """Keep what was uploaded; the first file that is not taken is told of. With a deal that was sent before, staff
    learn of new files by a message."""
    taken = OF_DEALS.take(visit, code)
    if taken.new and row is not None and row["case_id"] is not None:
        about = About(row["case_id"], "deal", code, visit.partner)
        send_message(visit.conn, visit.ctx, about, phrase("Evidence was added: %(taken)s", taken=", ".join(taken.new)))
    return taken.problem


def _entered(form: Mapping[str, str]) -> dict[str, str]:
    """What was entered, of the fields there are."""
    known = {*TEXTS, *(f"customer_{n}" for n in CUSTOMER), *(f"contact_{n}" for n in CONTACT)}
    known |= {f"line_{n}_{part}" for n in range(1, MOST_ROWS + 1) for part in LINE}
    return {
        name: value.replace("\r\n", "\n").strip() for name, value in form.items() if name in known and value.strip()
    }


def content_of(code: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """The form as the content of `deal.submitted`. Lines without anything in them are left out."""
    customer: dict[str, Any] = {name: fields[f"customer_{name}"] for name in CUSTOMER if fields.get(f"customer_{name}")}
    if "domain" in customer:
        customer["domains"] = [part.strip() for part in str(customer.pop("domain")).split(",") if part.strip()]
    contact = {name: fields[f"contact_{name}"] for name in CONTACT if fields.get(f"contact_{name}")}
    lines = []
    for n in _filled(fields):
        line: dict[str, str] = {"line": str(n)}
        if fields.get(f"line_{n}_product"):
            line["product"] = fields[f"line_{n}_product"]
        for part in ("quantity", "amount"):
            if fields.get(f"line_{n}_{part}"):
                line[part] = plain_number(fields[f"line_{n}_{part}"])
        lines.append(line)
    data: dict[str, Any] = {name: fields[name] for name in TEXTS if fields.get(name)}
    return data | {"deal": code, "customer": customer, "lines": lines} | ({"contact": contact} if contact else {})


def fields_of(content: Mapping[str, Any]) -> dict[str, str]:
    """The content of a deal as the form has it."""
    customer, contact = content["customer"], content["contact"]
    found = {name: str(content[name]) for name in TEXTS}
    found |= {f"customer_{name}": str(customer.get(name) or "") for name in CUSTOMER if name != "domain"}
    found["customer_domain"] = ", ".join(customer["domains"])
    found |= {f"contact_{name}": str(contact.get(name) or "") for name in CONTACT}
    for n, line in enumerate(content["lines"][:MOST_ROWS], 1):
        found |= {f"line_{n}_{part}": str(line[part]) for part in LINE}
    return {name: value for name, value in found.items() if value}


def _filled(fields: Mapping[str, str]) -> list[int]:
    return [n for n in range(1, MOST_ROWS + 1) if any(fields.get(f"line_{n}_{part}") for part in LINE)]


def _names(data: Mapping[str, Any]) -> dict[str, str]:
    """Where each field of the sent content stands in the form."""
    names = dict(NAMES)
    for index, line in enumerate(data["lines"]):
        names |= {f"lines[{index}].{part}": f"line_{line['line']}_{part}" for part in LINE}
    return names


def _view(
    visit: Visit,
    code: str,
    fields: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    row: Mapping[str, Any] | None = None,
    kept: bool = False,
    waits: bool = False,
) -> DealFormView:
    programmes = tuple(Choice(p.programme, p.title) for p in list_programmes(visit.conn, visit.now))
    return DealFormView(
        deal=code,
        fields=fields,
        errors=errors,
        rows=min(MOST_ROWS, max([ROWS, *(n + 1 for n in _filled(fields))])),
        programmes=programmes,
        countries=tuple(Choice(c, name) for c, name in countries(visit.fmt.locale)),
        currencies=currencies(visit),
        products=products(visit),
        files=OF_DEALS.rows(visit, code, stay=() if row is None else None),
        today=visit.today(),
        told=tuple(map(recorded, row["told"])) if row is not None else (),
        sent=row is not None,
        kept=kept,
        waits=waits,
    )


DOORS = (
    Door("GET", urls.DEAL_NEW, "deals.write", begin),
    Door("GET", urls.deal_form("{deal}"), "deals.write", resume),
    Door("POST", urls.deal_form("{deal}"), "deals.write", save),
    Door("POST", urls.deal_act("{deal}", "discard"), "deals.write", discard),
)

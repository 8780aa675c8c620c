"""Forms on their way: sent in one transaction with what was filled in, and shown until they are taken in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from headgate.kernel.phrases import phrase
from headgate.portal import urls
from headgate.portal.pages.reading import by_field
from headgate.portal.views import Need, Unsettled
from headgate.portal.visit import Visit
from headgate.process.sent_forms import SentForm, keep_sent, sent_form, sent_forms


@dataclass(frozen=True, slots=True)
class FormKind:
    """A form that can be sent: what its things are called, where it is opened again, what a partner needs to see it,
    and what is asked when it could not be taken in."""

    kind: str
    href: Callable[[object], str]
    needs: str
    title: Callable[[SentForm], str]
    again: str


DEAL = FormKind(
    "deal",
    urls.deal_form,
    "deals.write",
    lambda form: form.fields.get("customer_name") or form.number,
    phrase("Send the registration for %(title)s again"),
)
PRICE = FormKind(
    "price_exception",
    urls.price_form,
    "prices.request",
    lambda form: form.fields.get("product") or form.number,
    phrase("Ask for the price of %(title)s again"),
)
RETURN = FormKind(
    "rma",
    urls.return_form,
    "returns.request",
    lambda form: form.number,
    phrase("Send return %(title)s again"),
)
FORMS = (DEAL, PRICE, RETURN)


@dataclass(frozen=True, slots=True)
class Kept:
    """A form that was sent and is not taken in: what was filled in, and what is wrong with it ('' : nothing is known
    yet)."""

    fields: Mapping[str, str]
    errors: Mapping[str, str]


def send_form(
    visit: Visit, form: FormKind, number: str, type_: str, data: Mapping[str, Any], fields: Mapping[str, str]
) -> int:
    """Put the event into the log and keep the form until it is applied; its number. Raises `Invalid`."""
    with visit.conn.transaction():
        seq = visit.send(type_, data)
        keep_sent(visit.conn, visit.ctx, form.kind, number, fields, seq)
    return seq


def kept_form(
    visit: Visit, form: FormKind, number: str, names: Callable[[Mapping[str, str]], Mapping[str, str]]
) -> Kept | None:
    """What was sent for one thing and is not taken in. `names` says of what was filled in where the fields of the
    event stand in the form."""
    found = sent_form(visit.conn, visit.ctx, form.kind, number)
    if found is None:
        return None
    refused = visit.refusal(found.seq)
    return Kept(found.fields, {} if refused is None else by_field(refused.problems, names(found.fields)))


def unsettled(visit: Visit, form: FormKind) -> tuple[Unsettled, ...]:
    """What the reader's company has sent of a kind and is not taken in yet."""
    if not visit.may(form.needs):
        return ()
    found = sent_forms(visit.conn, visit.ctx, [form.kind])
    refused = visit.refusals([each.seq for each in found])
    return tuple(
        Unsettled(
            form.title(each),
            form.href(each.number),
            refused[each.seq].message if each.seq in refused else "",
            each.sent_at,
        )
        for each in found
    )


def needs(visit: Visit) -> list[Need]:
    """What could not be taken in, and can be sent again."""
    mine = {form.kind: form for form in FORMS if visit.may(form.needs)}
    found = sent_forms(visit.conn, visit.ctx, mine)
    refused = visit.refusals([each.seq for each in found])
    return [
        Need(
            phrase(form.again, title=form.title(each)),
            form.href(each.number),
            refused[each.seq].message,
            each.sent_at,
            icon="alert-triangle",
            tone="risk",
        )
        for each in found
        if each.seq in refused
        for form in [mine[each.kind]]
    ]

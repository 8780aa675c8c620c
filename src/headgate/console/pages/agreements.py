"""Price agreements: the list, one with its terms, and the steps of its life."""

from __future__ import annotations

from headgate.channel import agreements as contracts
from headgate.channel.products import load_products
from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.present import partners as present
from headgate.console.present.history import actors, timeline
from headgate.console.views.common import FormError, Notice
from headgate.console.views.partners import AgreementsView, AgreementView
from headgate.console.visit import Answer, Door, Go, Shown, Visit
from headgate.kernel.errors import Invalid, Stale
from headgate.kernel.phrases import phrase, sentence
from headgate.ledger import append_events, audit_list

PAGE = 50
_SAID = {
    "submit": phrase("It is handed in: somebody who approves agreements looks at it next."),
    "approve": phrase("It is approved. It sets prices once it is activated."),
    "activate": phrase("It is active: orders are priced by it from now on."),
}
ACTS = {"submit": ("agreements.write",), "approve": ("agreements.approve",), "activate": ("agreements.approve",)}


def show_all(visit: Visit) -> Answer:
    """Agreements by code, the newest revision first."""
    text = visit.text("q")
    page = contracts.list_agreements(visit.conn, text=text, cursor=visit.cursor(), limit=PAGE)
    names = names_of(visit, partners=[each.partner for each in page.items if each.partner])
    return AgreementsView(
        tabs=present.tabs("agreements", None, None),
        text=text,
        agreements=present.agreement_rows(page.items, names, visit.lens),
        matching=contracts.count_agreements(visit.conn, text),
        more=visit.further(urls.AGREEMENTS, page.next_cursor),
    )


def show(visit: Visit) -> Answer:
    """One agreement with a page of its terms."""
    return _view(visit)


def submit(visit: Visit) -> Answer:
    """Hand a draft in."""
    stored = _read(visit)
    contracts.submit(visit.conn, visit.ctx, [stored.agreement])
    return _done(stored, "submit")


def approve(visit: Visit) -> Answer:
    """Approve what is in review, with a reason."""
    stored, why = _read(visit), visit.form.get("reason", "")
    if not why.strip():
        missing = FormError("reason", phrase("Write why these prices are right: it is kept with the agreement."))
        return Shown(_view(visit, errors=(missing,)), 422)
    contracts.approve(visit.conn, visit.ctx, [stored.agreement], justification=why)
    return _done(stored, "approve")


def activate(visit: Visit) -> Answer:
    """Put it into force. Where a term ties with another, the reason must be given why that is meant."""
    stored = _read(visit)
    try:
        done = contracts.activate(visit.conn, visit.ctx, stored.agreement, acknowledged=visit.form.get("reason", ""))
    except Invalid as error:
        ties = tuple(sentence(problem.message) for problem in error.problems) or (sentence(error.message),)
        return Shown(_view(visit, conflicts=ties), 422)
    events = contracts.activation_events(done, visit.ctx)
    append_events(visit.conn, visit.now, events, lanes=visit.app.engine.lanes)
    return _done(stored, "activate")


def _read(visit: Visit) -> contracts.AgreementView:
    """The agreement, if it is still what the reader saw. Raises `NotFound`, `Stale`."""
    stored = contracts.get_agreement(visit.conn, visit.uuid("agreement"))
    if visit.form.get("digest", "") != stored.digest:
        raise Stale("the agreement has changed since it was shown")
    return stored


def _done(stored: contracts.AgreementView, act: str) -> Go:
    return Go(urls.agreement(stored.agreement), Notice("done", _SAID[act]))


def _view(visit: Visit, *, conflicts: tuple[str, ...] = (), errors: tuple[FormError, ...] = ()) -> AgreementView:
    stored = contracts.get_agreement(visit.conn, visit.uuid("agreement"))
    terms = contracts.list_terms(visit.conn, stored.agreement, cursor=visit.cursor(), limit=PAGE)
    entries = [
        entry
        for entry in audit_list(visit.conn, subject_type="agreement", subject=stored.code, limit=100)
        if entry.body.get("revision") == stored.revision
    ]
    names = names_of(
        visit,
        people={stored.author, stored.approver, *actors(entries)},
        partners=[code for code in (stored.partner, *(term.partner for term in terms.items)) if code],
    )
    return present.agreement_view(
        stored,
        terms=terms.items,
        more=visit.further(urls.agreement(stored.agreement), terms.next_cursor),
        products=load_products(visit.conn, sorted({term.product for term in terms.items if term.product})),
        conflicts=conflicts,
        names=names,
        timeline=timeline(entries, names),
        errors=errors,
        lens=visit.lens,
    )


READ = ("orders.read", "agreements.write", "agreements.approve")
DOORS = (
    Door("GET", urls.AGREEMENTS, READ, show_all),
    Door("GET", f"{urls.AGREEMENTS}/{{agreement}}", READ, show),
    Door("POST", urls.agreement_act("{agreement}", "submit"), ACTS["submit"], submit),
    Door("POST", urls.agreement_act("{agreement}", "approve"), ACTS["approve"], approve),
    Door("POST", urls.agreement_act("{agreement}", "activate"), ACTS["activate"], activate),
)

"""The tenant's domains: add one, see what to set, let it be checked now, give it up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from headgate.access.branding import draft_of
from headgate.access.domains import Domain, claim_domain, list_domains, remove_domain
from headgate.console import urls
from headgate.console.present.domains import FOUND, domains_view
from headgate.console.views.common import Notice
from headgate.console.views.domains import DomainsView
from headgate.console.visit import Answer, Door, Go, Later, Shown, Visit
from headgate.kernel.context import Context
from headgate.kernel.errors import Busy, Conflict, HeadgateError, Invalid, NotFound
from headgate.kernel.phrases import Phrase, phrase, sentence
from headgate.ui.web import problem_told

ADMIN = ("admin",)
_LONGEST = 300


def show(visit: Visit) -> Answer:
    """All of them."""
    return _page(visit)


def add(visit: Visit) -> Answer:
    """Claim one."""
    typed = _named(visit)
    try:
        with visit.conn.transaction():
            made = claim_domain(visit.conn, visit.ctx, typed, visit.app.prover.rules)
    except Invalid as error:
        return Shown(_page(visit, typed, {"domain": problem_told(error.problems[0])}), 422)
    except Conflict as error:
        return Shown(_page(visit, typed, {"domain": sentence(error.message)}), 409)
    said = phrase("%(domain)s is in the list. Set its record, then check.", domain=made.name)
    return Go(f"{urls.DOMAINS}#{made.name}", Notice("done", said))


def check(visit: Visit) -> Answer:
    """Look for its record now; the page says what came of it."""
    name, ctx, prover = _named(visit), visit.ctx, visit.app.prover
    came: list[Domain | HeadgateError] = []

    def run() -> None:
        try:
            came.append(prover.ask(Context(ctx.tenant_id, ctx.principal, ctx.now), name))
        except (Busy, NotFound) as error:
            came.append(error)

    def tell(after: Visit) -> Answer:
        (what,) = came
        if isinstance(what, HeadgateError):
            status = 429 if isinstance(what, Busy) else 404
            return Shown(_page(after, "", {"": sentence(what.message)}), status)
        return Go(f"{urls.DOMAINS}#{what.name}", _told(what))

    return Later(run, tell)


def remove(visit: Visit) -> Answer:
    """Give one up."""
    name = _named(visit)
    try:
        with visit.conn.transaction():
            remove_domain(visit.conn, visit.ctx, name, visit.app.prover.rules)
    except Conflict as error:
        return Shown(_page(visit, "", {"": sentence(error.message)}), 409)
    return Go(urls.DOMAINS, Notice("done", phrase("%(domain)s is removed. Its record can go as well.", domain=name)))


def _told(domain: Domain) -> Notice:
    if domain.stands and domain.found == "proven":
        return Notice("done", phrase("%(domain)s is proven to be yours.", domain=domain.name))
    words: Phrase = FOUND[domain.found]
    return Notice("risk", phrase("%(domain)s: %(told)s", domain=domain.name, told=words))


def _named(visit: Visit) -> str:
    return visit.form.get("domain", "").replace("\0", "").strip()[:_LONGEST]


def _page(visit: Visit, typed: str = "", errors: Mapping[str, str] | None = None) -> DomainsView:
    kept = visit.tenant.settings.get("brand")
    address = draft_of(kept if isinstance(kept, Mapping) else {}).from_address
    prover = visit.app.prover
    view = domains_view(list_domains(visit.conn), visit.tenant, address, prover.rules, prover.spf, typed=typed)
    return replace(view, errors=errors or {})


DOORS = (
    Door("GET", urls.DOMAINS, ADMIN, show),
    Door("POST", urls.DOMAINS, ADMIN, add, fresh=True),
    Door("POST", urls.DOMAINS_CHECK, ADMIN, check),
    Door("POST", urls.DOMAINS_REMOVE, ADMIN, remove, fresh=True),
)

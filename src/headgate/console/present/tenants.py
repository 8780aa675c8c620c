"""From tenants below one's own to their pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from headgate.access import Tenant
from headgate.access.tenancy import GUEST_ROLES, QUOTAS, Deletion, TenantBelow, UmbrellaRow
from headgate.console import urls
from headgate.console.views.common import Option
from headgate.console.views.guests import GuestRow
from headgate.console.views.tenants import ClientRow, ClientsView, ClientView, DeletionBox, QuotaRow
from headgate.identity.founding import PACKS
from headgate.kernel.money import Money
from headgate.kernel.phrases import Opening, phrase, worded
from headgate.ui.words import humanise

PERIODS = ("7", "30", "90", "365")
_KINDS = (Option("client", phrase("Client")), Option("provider", phrase("Provider, with clients of its own")))


def clients_page(
    found: Sequence[UmbrellaRow],
    days: int,
    *,
    operates: bool,
    invites: bool = True,
    values: Mapping[str, str] | None = None,
    error: str = "",
) -> ClientsView:
    """Every tenant below, those with late cases first, then those with most waiting."""
    rows = sorted(found, key=lambda each: (-each.cases_late, -each.held, each.slug))
    return ClientsView(
        rows=tuple(_row(each, operates=operates) for each in rows),
        days=days,
        periods=tuple(Option(each, phrase("%(count)s days", count=each)) for each in PERIODS),
        may_make=operates,
        kinds=_KINDS,
        packs=tuple(Option(each, humanise(each)) for each in PACKS),
        invites=invites,
        values=values or {},
        error=error,
    )


def client_page(
    found: TenantBelow,
    above: Tenant,
    others: Sequence[TenantBelow],
    deletion: Deletion | None,
    me: str,
    *,
    wait: int,
    error: str = "",
    guests: Sequence[GuestRow] = (),
    may_enter: bool = False,
) -> ClientView:
    """One tenant below. `me` is the reader as deletions name them."""
    slugs = {above.id: above.slug} | {each.id: each.slug for each in others}
    places = [Option(above.slug, phrase("%(above)s (your own)", above=above.name))]
    places += [Option(e.slug, e.name) for e in others if e.kind == "provider" and e.id != found.id]
    return ClientView(
        slug=found.slug,
        name=found.name,
        kind=found.kind,
        status=found.status,
        reason=found.status_reason,
        since=found.status_at,
        parent=slugs.get(found.parent, ""),
        residency=found.residency,
        currency=found.currency,
        created_at=found.created_at,
        kinds=_KINDS,
        parents=tuple(places),
        quotas=tuple(
            QuotaRow(name, Opening(worded(words)), str(found.quotas.get(name, ""))) for name, words in QUOTAS.items()
        ),
        deletion=None if deletion is None else _deletion(deletion, me),
        wait=wait,
        error=error,
        guests=tuple(guests),
        guest_roles=tuple(Option(role, humanise(role)) for role in GUEST_ROLES),
        may_enter=may_enter,
    )


def _row(each: UmbrellaRow, *, operates: bool) -> ClientRow:
    return ClientRow(
        urls.tenant(each.slug) if operates else "",
        each.slug,
        each.name,
        each.kind,
        each.depth,
        each.status,
        each.orders,
        Money(each.order_value, each.currency),
        Decimal(each.straight * 100) / each.decided if each.decided else None,
        each.held,
        Money(each.held_value, each.currency),
        each.cases_late,
        each.approvals_waiting,
        each.events_waiting,
    )


def _deletion(found: Deletion, me: str) -> DeletionBox:
    return DeletionBox(
        found.reason,
        _shown(found.asked_by),
        found.asked_at,
        _shown(found.confirmed_by or ""),
        found.confirmed_at,
        found.not_before,
        found.asked_by == me,
    )


def _shown(actor: str) -> str:
    """Who acted from outside the client: the part of the id that says who."""
    return actor.rpartition("/")[2].removeprefix("user:").removeprefix("operator:")

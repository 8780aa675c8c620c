"""Every page in every state worth looking at."""

from __future__ import annotations

from dataclasses import dataclass

from headgate.console.views.common import Notice, View
from tests.unit.ui.samples import (
    approval,
    audit,
    cases,
    connections,
    deals,
    explain,
    home,
    operations,
    order,
    orders,
    partners,
    policies,
    quarantine,
    sign_in,
    work,
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A view to render; `target` renders a part of it; `signed_in` is False for pages before sign-in."""

    view: View
    target: str = ""
    signed_in: bool = True
    notices: tuple[Notice, ...] = ()


SAMPLES: dict[str, Sample] = {
    "sign-in": Sample(sign_in.SIGN_IN, signed_in=False),
    "sign-in-failed": Sample(sign_in.FAILED_SIGN_IN, signed_in=False),
    "home": Sample(home.HOME),
    "home-quiet": Sample(home.QUIET_HOME),
    "work": Sample(
        work.WORK,
        notices=(Notice("done", "You approved 5 % below contract for Kestrel IT Ltd.", "/orders/1", "Open the order"),),
    ),
    "work-empty": Sample(work.EMPTY_WORK),
    "orders": Sample(orders.ORDERS),
    "orders-filtered": Sample(orders.FILTERED_ORDERS),
    "orders-many": Sample(orders.MANY_ORDERS),
    "orders-none": Sample(orders.NO_ORDERS),
    "order": Sample(order.ORDER),
    "order-released": Sample(order.RELEASED_ORDER),
    "order-new": Sample(order.NEW_ORDER),
    "explain-price": Sample(explain.PRICE_TRACE),
    "explain-margin": Sample(explain.MARGIN),
    "explain-policy": Sample(explain.EVALUATION),
    "explain-credit": Sample(explain.CREDIT_VIEW),
    "explain-tax": Sample(explain.TAX_VIEW),
    "explain-stock": Sample(explain.STOCK),
    "explain-path": Sample(explain.PATH),
    "approval": Sample(approval.APPROVAL),
    "approval-edit": Sample(approval.EDITED_APPROVAL),
    "approval-decided": Sample(approval.DECIDED_APPROVAL),
    "approval-own": Sample(approval.OWN_APPROVAL),
    "cases": Sample(cases.CASES),
    "case": Sample(cases.CASE),
    "case-closed": Sample(cases.CLOSED_CASE),
    "deals": Sample(deals.DEALS),
    "deals-none": Sample(deals.NO_DEALS),
    "deals-no-match": Sample(deals.NO_MATCH),
    "deals-more": Sample(deals.DEALS, target="rows"),
    "deal": Sample(deals.DEAL),
    "deal-free": Sample(deals.FREE_DEAL),
    "deal-new": Sample(deals.NEW_DEAL),
    "policies": Sample(policies.POLICIES),
    "policy": Sample(policies.POLICY),
    "partners": Sample(partners.PARTNERS),
    "partner": Sample(partners.PARTNER),
    "partner-blocked": Sample(partners.BLOCKED_PARTNER),
    "agreements": Sample(partners.AGREEMENTS),
    "agreement": Sample(partners.AGREEMENT),
    "agreement-approved": Sample(partners.PLAIN_AGREEMENT),
    "agreement-own": Sample(partners.OWN_AGREEMENT),
    "quarantine": Sample(quarantine.QUARANTINE),
    "quarantine-item": Sample(quarantine.QUARANTINE_ITEM),
    "quarantine-event": Sample(quarantine.QUARANTINED_EVENT),
    "quarantine-settled": Sample(quarantine.SETTLED_ITEM),
    "connections": Sample(connections.CONNECTIONS),
    "connections-none": Sample(connections.NO_CONNECTIONS),
    "dead-letters": Sample(connections.DEAD),
    "dead-letters-refused": Sample(connections.DEAD_REFUSED),
    "dead-letters-none": Sample(connections.NO_DEAD),
    "dead-letters-more": Sample(connections.DEAD, target="rows"),
    "messages-arrived": Sample(connections.ARRIVED),
    "delivery": Sample(connections.DELIVERY),
    "delivery-refused": Sample(connections.DELIVERY_REFUSED),
    "delivery-waiting": Sample(connections.DELIVERY_WAITING),
    "operations": Sample(operations.TROUBLED),
    "operations-flowing": Sample(operations.FLOWING),
    "operations-crowded": Sample(operations.CROWDED),
    "audit": Sample(audit.AUDIT),
    "audit-broken": Sample(audit.BROKEN_AUDIT),
    "audit-unverified": Sample(audit.UNVERIFIED_AUDIT),
    "audit-entry": Sample(audit.AUDIT_ENTRY),
    "search": Sample(sign_in.SEARCH),
    "search-nothing": Sample(sign_in.NOTHING_FOUND),
    "keyboard": Sample(sign_in.KEYBOARD),
    **{f"error-{status}": Sample(view) for status, view in sign_in.ERRORS.items()},
    "error-signed-out": Sample(sign_in.ERRORS[404], signed_in=False),
    # parts, as HTMX asks for them
    "part-orders-results": Sample(orders.ORDERS, "results"),
    "part-orders-more": Sample(orders.ORDERS, "rows"),
    "part-work-more": Sample(work.WORK, "rows"),
    "part-order-peek": Sample(order.ORDER, "drawer-body"),
    "part-explain-price": Sample(explain.PRICE_TRACE, "drawer-body"),
    "part-audit-proof": Sample(audit.AUDIT, "proof"),
    "part-audit-entry": Sample(audit.AUDIT_ENTRY, "drawer-body"),
}

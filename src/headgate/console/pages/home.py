"""The first page: what needs the reader, and what happened today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from headgate.access.branding import draft_of
from headgate.access.domains import list_domains
from headgate.channel.orders import insight
from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.present.domains import unproved
from headgate.console.present.home import DAYS, home_view
from headgate.console.views.domains import Unproved
from headgate.console.visit import SIGNED_IN, Answer, Door, Visit
from headgate.process import desk

MOST_WAITING = 8
MOST_ARRIVED = 3
ARRIVED_HOURS = 24
MOST_AT_RISK = 6
MOST_REVIEWS = 5
USUAL_DAYS = 28


def show(visit: Visit) -> Answer:
    """Home."""
    conn, now, today = visit.conn, visit.now, visit.today()
    since, until = visit.midnight(today), visit.midnight(today + timedelta(days=1))
    waiting = desk.desk_tasks(conn, now, visit.reader, "mine", only_approvals=True, limit=MOST_WAITING)
    arrived = _arrived(visit, [row["task"] for row in waiting])
    risky = desk.desk_cases(conn, now, "at_risk", limit=MOST_AT_RISK) if visit.may("cases.read") else []
    reviews = visit.app.policies.to_review(conn, visit.me.id, MOST_REVIEWS) if visit.may("policies.approve") else []
    names = names_of(
        visit,
        people=[*(row["assignee"] for row in risky if row["assignee"]), *(each.author for each in reviews)],
        partners=[row["partner"] for row in (*waiting, *arrived, *risky) if row["partner"]],
    )
    sees_orders = visit.may("orders.read")
    return home_view(
        visit.lens,
        names,
        today=today,
        waiting=waiting,
        arrived=arrived,
        sums=visit.sums["decisions"],
        risky=risky,
        at_risk=visit.case_counts[1],
        day=insight.day_totals(conn, since, until) if sees_orders else insight.NO_ORDERS,
        usual=insight.straight_share(conn, visit.days_ago(USUAL_DAYS), since) if sees_orders else None,
        exceptions=insight.exception_sums(conn, since, until) if sees_orders else [],
        hours=insight.hour_counts(conn, since, until, visit.tenant.timezone) if sees_orders else {},
        days=insight.day_counts(conn, visit.days_ago(DAYS - 1), until, visit.tenant.timezone) if sees_orders else None,
        quarantined=visit.quarantined,
        reviews=reviews,
        unproved=_unproved(visit),
    )


def _unproved(visit: Visit) -> tuple[Unproved, ...]:
    """What partners and receivers of mails find no more, or soon, for want of a proof: for who can see to it. Nobody
    is asked for anything where the tenant uses no domain of its own."""
    if not visit.may("admin"):
        return ()
    tenant = visit.tenant
    kept, host = tenant.settings.get("brand"), tenant.portal_host or ""
    address = draft_of(kept if isinstance(kept, Mapping) else {}).from_address
    if visit.app.prover.rules.gives(host, tenant.slug):
        host = ""
    return unproved(list_domains(visit.conn), host, address) if host or address else ()


def _arrived(visit: Visit, shown: Sequence[UUID]) -> list[dict[str, Any]]:
    """What came lately and is not urgent enough to be among the shown: who asked waits for an answer."""
    if visit.sums["decisions"].count <= len(shown):
        return []
    since = visit.now - timedelta(hours=ARRIVED_HOURS)
    found = desk.desk_arrivals(visit.conn, visit.now, visit.reader, since, MOST_WAITING + MOST_ARRIVED)
    return [row for row in found if row["task"] not in shown][:MOST_ARRIVED]


DOORS = (Door("GET", urls.HOME, SIGNED_IN, show),)

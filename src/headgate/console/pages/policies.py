"""Policies, to read: the list, and each version with its table, tests and history."""

from __future__ import annotations

from collections.abc import Sequence

from headgate.channel.orders import insight
from headgate.console import urls
from headgate.console.pages.loading import names_of, policy_tables
from headgate.console.present import policies as present
from headgate.console.views.policies import PoliciesView
from headgate.console.visit import Answer, Door, Visit
from headgate.kernel.errors import NotFound
from headgate.policy import PolicyVersion
from headgate.policy.decisions import decision_days, row_counts

COUNTED_DAYS = 28
SAMPLE = 500


def show_all(visit: Visit) -> Answer:
    """Every policy, by the version in force."""
    versions = visit.app.policies.list(visit.conn)
    chosen = present.chosen_versions(versions, visit.lens)
    compiled = policy_tables(visit, [(v.policy, v.version) for v in chosen.values()])
    days = decision_days(visit.conn, visit.days_ago(present.DAYS - 1), visit.tenant.timezone)
    names = names_of(visit, people={v.author for v in versions})
    asked = insight.asked_policies(visit.conn)
    return PoliciesView(present.policy_rows(versions, compiled, days, asked, names, visit.lens))


def show(visit: Visit) -> Answer:
    """The version in force, else the newest."""
    policy = visit.code("policy")
    versions = visit.app.policies.versions(visit.conn, policy)
    if not versions:
        raise NotFound(f"there is no policy {policy}")
    return _version(visit, present.chosen_versions(versions, visit.lens)[policy], versions)


def show_version(visit: Visit) -> Answer:
    """One version."""
    policy, number = visit.code("policy"), visit.number("version")
    versions = visit.app.policies.versions(visit.conn, policy)
    found = next((v for v in versions if v.version == number), None)
    if found is None:
        raise NotFound(f"there is no version {number} of policy {policy}")
    return _version(visit, found, versions)


def _version(visit: Visit, shown: PolicyVersion, versions: Sequence[PolicyVersion]) -> Answer:
    since = visit.days_ago(COUNTED_DAYS - 1)
    compiled = visit.app.policies.compiled(visit.conn, shown.policy, shown.version)
    hits = row_counts(visit.conn, shown.policy, shown.version, since)
    own = decision_days(visit.conn, since, visit.tenant.timezone).get(shown.policy, {})
    hits_of, decisions = "in 28 days", sum(own.values())
    if not hits:
        hits = insight.row_hits(visit.conn, shown.policy, shown.version, since, SAMPLE)
        hits_of = f"among the last {SAMPLE} order decisions" if hits else ""
    names = names_of(visit, people={p for v in versions for p in (v.author, v.approver or "")})
    return present.policy_view(
        shown,
        compiled,
        versions,
        decisions=None if hits and not own else decisions,
        hits=hits,
        hits_of=hits_of,
        names=names,
        lens=visit.lens,
    )


DOORS = (
    Door("GET", urls.POLICIES, ("policies.read",), show_all),
    Door("GET", urls.policy("{policy}"), ("policies.read",), show),
    Door("GET", f"{urls.policy('{policy}')}/versions/{{version}}", ("policies.read",), show_version),
)

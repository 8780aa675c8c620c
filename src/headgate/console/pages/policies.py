"""Policies, to read: the list, each version with its table, tests, life and history, and two versions compared."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from headgate.access.inheritance import locked_by
from headgate.channel import orders
from headgate.channel.orders import insight
from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.present import policies as present
from headgate.console.present.history import actors, timeline
from headgate.console.present.policy_change import diff_view
from headgate.console.views.common import FormError
from headgate.console.views.policies import LastTry, PoliciesView, PolicyView
from headgate.console.visit import Answer, Door, Visit
from headgate.kernel.errors import NotFound
from headgate.kernel.phrases import figure, phrase
from headgate.ledger import AuditEntry, audit_list
from headgate.policy import Checked, PolicyVersion, check_text, evidence_of
from headgate.policy.backtest import headline, latest_results
from headgate.policy.decisions import decision_days
from headgate.policy.rights import stood_in_for

COUNTED_DAYS = 90
MOST_HISTORY = 200
READ = ("policies.read",)


def show_all(visit: Visit) -> Answer:
    """Every policy, by the version in force."""
    versions = visit.app.policies.list(visit.conn)
    chosen = present.chosen_versions(versions, visit.lens)
    checked = checked_versions(visit, [(v.policy, v.version) for v in chosen.values()])
    days = decision_days(visit.conn, visit.days_ago(present.DAYS - 1), visit.tenant.timezone)
    names = names_of(visit, people={v.author for v in versions})
    asked = insight.asked_policies(visit.conn)
    tried = {
        policy: LastTry(
            headline(result, place), f"{urls.backtest(run)}?candidate={place + 1}", at, bool(_flips(result, place))
        )
        for policy, run, at, result in latest_results(visit.conn)
        for place in [_most_flips(result)]
    }
    return PoliciesView(present.policy_rows(versions, checked, days, asked, names, visit.lens, tried))


def _flips(result: Mapping[str, Any], place: int) -> int:
    return int(result["candidates"][place]["decisions"]["flipped"])


def _most_flips(result: Mapping[str, Any]) -> int:
    """The candidate that would change most: the one to look at."""
    return max(range(len(result["candidates"])), key=lambda place: _flips(result, place))


def show(visit: Visit) -> Answer:
    """The version in force, else the newest."""
    versions = versions_of(visit)
    return version_page(visit, present.chosen_versions(versions, visit.lens)[versions[0].policy], versions)


def show_version(visit: Visit) -> Answer:
    """One version."""
    versions = versions_of(visit)
    return version_page(visit, picked(visit, versions), versions)


def show_diff(visit: Visit) -> Answer:
    """What a version changes in another: in the one named, the one it was made from, or the one before it."""
    versions = versions_of(visit)
    found = picked(visit, versions)
    others = [v.version for v in versions if v.version != found.version]
    if not others:
        raise NotFound(phrase("%(policy)s has no other version to compare with", policy=found.policy))
    earlier = [v for v in others if v < found.version]
    text = visit.text("with")
    wanted = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else found.based_on
    before = wanted if wanted in others else (earlier or others)[0]
    pairs = [(found.policy, before), (found.policy, found.version)]
    tables = checked_versions(visit, pairs)
    return diff_view(found, tables[pairs[0]].table, tables[pairs[1]].table, others, visit.lens)


def versions_of(visit: Visit) -> Sequence[PolicyVersion]:
    """The versions of the policy in the address, newest first. Raises `NotFound`."""
    policy = visit.code("policy")
    versions = visit.app.policies.versions(visit.conn, policy)
    if not versions:
        raise NotFound(phrase("there is no policy %(policy)s", policy=policy))
    return versions


def picked(visit: Visit, versions: Sequence[PolicyVersion]) -> PolicyVersion:
    """The version in the address. Raises `NotFound`."""
    number = visit.number("version")
    found = next((v for v in versions if v.version == number), None)
    if found is None:
        raise NotFound(
            phrase("there is no version %(number)s of policy %(policy)s", number=number, policy=versions[0].policy)
        )
    return found


def checked_versions(visit: Visit, versions: Collection[tuple[str, int]]) -> dict[tuple[str, int], Checked]:
    """Tables, lints and examples of versions, unfinished drafts too; one query."""
    texts = visit.app.policies.texts(visit.conn, versions)
    return {pair: check_text(text) for pair, text in texts.items()}


def version_page(
    visit: Visit,
    shown: PolicyVersion,
    versions: Sequence[PolicyVersion],
    errors: tuple[FormError, ...] = (),
) -> PolicyView:
    """The page of a version."""
    since = visit.days_ago(COUNTED_DAYS - 1)
    checked = checked_versions(visit, [(shown.policy, shown.version)])[(shown.policy, shown.version)]
    if shown.status in ("draft", "in_review"):
        checked = visit.app.policies.beside(visit.conn, visit.now, checked)
    coverage = None
    if shown.valid_from is not None:
        coverage = orders.policy_coverage(visit.conn, checked.table, shown.version, since)
    own = decision_days(visit.conn, since, visit.tenant.timezone).get(shown.policy, {})
    sampled = coverage is not None and coverage.source == "sample"
    hits_of = (
        phrase("among the last %(coverage_sample)s order decisions", coverage_sample=figure(orders.COVERAGE_SAMPLE))
        if sampled
        else phrase("in %(counted_days)s days", counted_days=COUNTED_DAYS)
    )
    evidence = evidence_of(visit.conn, shown.policy, shown.version)
    history = _history(visit, shown)
    given = stood_in_for(visit.conn, visit.ctx, "policies.approve") if shown.unreviewed else []
    people = {p for v in versions for p in (v.author, v.approver, v.emergency_by, v.reviewed_by) if p}
    names = names_of(visit, people={*people, *given, *(e.attached_by for e in evidence), *actors(history)})
    return present.policy_view(
        shown,
        checked,
        versions,
        decisions=None if sampled and not own else sum(own.values()),
        coverage=coverage,
        hits_of=hits_of,
        evidence=evidence,
        history=timeline(history, names),
        names=names,
        lens=visit.lens,
        acting_for=given,
        errors=errors,
        row=visit.text("row"),
        after=_after(visit),
        locked_by=locked_by(visit.conn, "policy", shown.policy) if visit.tenant.parent else "",
    )


def _after(visit: Visit) -> int:
    text = visit.text("after")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _history(visit: Visit, shown: PolicyVersion) -> list[AuditEntry]:
    entries = audit_list(visit.conn, subject_type="policy", subject=shown.policy, limit=MOST_HISTORY)
    return [e for e in entries if e.body.get("version") == shown.version]


DOORS = (
    Door("GET", urls.POLICIES, READ, show_all),
    Door("GET", urls.policy("{policy}"), READ, show),
    Door("GET", f"{urls.policy('{policy}')}/versions/{{version}}", READ, show_version),
    Door("GET", f"{urls.policy('{policy}')}/versions/{{version}}/diff", READ, show_diff),
)

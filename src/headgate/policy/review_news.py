"""What the log is told about emergency changes and their reviews, so that a process can keep a task for them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from psycopg import Connection

from headgate.kernel.context import Context
from headgate.ledger import NewEvent, known_events
from headgate.policy import repo
from headgate.policy.core.lifecycle import PolicyVersion
from headgate.policy.emergency import APPLIED, REVIEWED
from headgate.policy.versions import version_of

SOURCE: Final = "policies"


def change_name(version: PolicyVersion) -> str:
    """What cases about a change are named by: `price_deviation@4`."""
    return f"{version.policy}@{version.version}"


def emergency_changes(conn: Connection, names: Collection[str]) -> dict[str, PolicyVersion]:
    """Those of these versions (`price_deviation@4`) that were applied in an emergency, by name."""
    found = [version_of(row) for row in conn.execute(repo.EMERGENCIES_NAMED, {"names": sorted(names)})]
    return {change_name(version): version for version in found}


def outcome_of(version: PolicyVersion) -> str:
    """What came of the review of an emergency change: `waiting`, `confirmed` or `reverted`."""
    if version.unreviewed:
        return "waiting"
    reverted = version.status == "retired" and version.valid_until == version.reviewed_at
    return "reverted" if reverted else "confirmed"


def review_news(conn: Connection, ctx: Context) -> list[NewEvent]:
    """Emergency changes that wait for a review and that the log does not know, and reviews of those that it knows."""
    changes = [version_of(row) for row in conn.execute(repo.EMERGENCIES, {"now": ctx.now})]
    if not changes:
        return []
    events = {change_name(v): (_event(APPLIED, v, ctx), _event(REVIEWED, v, ctx)) for v in changes}
    known = known_events(conn, SOURCE, [event.event_id for both in events.values() for event in both])
    told = []
    for version in changes:
        applied, reviewed = events[change_name(version)]
        begun = applied.event_id in known
        if version.unreviewed and not begun:
            told.append(applied)
        elif not version.unreviewed and begun and reviewed.event_id not in known:
            told.append(reviewed)
    return told


def _event(type_: str, version: PolicyVersion, ctx: Context) -> NewEvent:
    name = change_name(version)
    data: dict[str, object] = {"change": name, "policy": version.policy, "version": version.version}
    by = version.emergency_by if type_ == APPLIED else version.reviewed_by
    if type_ == APPLIED:
        data |= {
            "title": version.title,
            "applied_by": by,
            "reason": version.emergency_reason,
            "review_due": version.review_due,
        }
    else:
        data |= {"reviewed_by": by, "outcome": outcome_of(version)}
    return NewEvent(
        source=SOURCE,
        event_id=f"{type_}:{name}",
        type=type_,
        subject=name,
        key=f"policy_change:{name}",
        time=ctx.now,
        data=data,
        actor=by or ctx.principal.id,
    )

"""The subject port and the actions of the process `policy_review`: a task for whoever reviews an emergency change.

What an event says is not believed: every action looks at the version as it is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from psycopg import Connection

from headgate.kernel.canonical import instant_text
from headgate.kernel.context import Context
from headgate.kernel.errors import refused
from headgate.ledger import NewEvent
from headgate.policy import PolicyVersion, emergency_changes, outcome_of, review_news
from headgate.process.core.running import ActionCall, ActionResult
from headgate.process.core.signature import Signature, instant, number, text
from headgate.process.definitions import Definitions
from headgate.process.registry import TenantProfile, Work

SUBJECT: Final = "policy_change"


@dataclass(frozen=True, slots=True)
class PolicyChangePort:
    """Loads the emergency changes of a batch; writes nothing, for the policy floor keeps them."""

    def load(self, conn: Connection[Any], ctx: Context, work: Sequence[Work], profile: TenantProfile) -> object:
        return emergency_changes(conn, {w.subject for w in work})

    def apply(self, facts: object, records: Sequence[object]) -> None:
        return

    def flush(
        self, conn: Connection[Any], ctx: Context, facts: object, records: Sequence[object]
    ) -> Sequence[NewEvent]:
        return ()


def read_change(call: ActionCall) -> ActionResult:
    """`policy_change.read`: what was applied, by whom and why, until when it is to be reviewed, and what came of that
    (`waiting`, `confirmed`, `reverted`). Refuses a version that was not applied in an emergency."""
    version = _version(call)
    assert version.review_due is not None, "set with every emergency change"
    return ActionResult(
        {
            "policy": version.policy,
            "version": version.version,
            "title": version.title,
            "applied_by": version.emergency_by,
            "reason": version.emergency_reason,
            "review_due": instant_text(version.review_due),
            "outcome": outcome_of(version),
        }
    )


def _version(call: ActionCall) -> PolicyVersion:
    known = call.facts
    assert isinstance(known, Mapping)
    found = known.get(call.case.subject)
    if not isinstance(found, PolicyVersion):
        raise refused(
            SUBJECT,
            call.case.subject,
            "is no policy version that was applied in an emergency",
            "Name it as policy@version.",
        )
    return found


ACTIONS: Final = {"policy_change.read": read_change}
SIGNATURES: Final = {
    "policy_change.read": Signature(
        "says what was applied in an emergency, and what came of its review",
        gives={
            "policy": text("the policy"),
            "version": number("its version"),
            "title": text("what people call it"),
            "applied_by": text("who applied it"),
            "reason": text("why"),
            "review_due": instant("until when it is to be reviewed"),
            "outcome": text("what came of that", "waiting", "confirmed", "reverted"),
        },
    )
}


def taken_news(conn: Connection[Any], ctx: Context, definitions: Definitions) -> list[NewEvent]:
    """`policy.review_news` for the process that takes such events, under its keys; none where none does."""
    news = review_news(conn, ctx)
    if not news:
        return []
    router = definitions.router(conn)
    routed = [(event, *router(event.type, event.data)) for event in news if event.type in router.definitions.takers]
    return [replace(event, key=key, subject=subject) for event, key, subject in routed]

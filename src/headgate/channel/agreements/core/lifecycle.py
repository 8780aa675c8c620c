"""The lifecycle of an agreement: draft, in review, approved, active, retired; or withdrawn on the way."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from headgate.kernel.errors import Conflict, DutyConflict
from headgate.kernel.phrases import phrase

# Step: (statuses it starts from, status it leads to).
STEPS: dict[str, tuple[frozenset[str], str]] = {
    "submit": (frozenset({"draft"}), "in_review"),
    "send_back": (frozenset({"in_review", "approved"}), "draft"),
    "approve": (frozenset({"in_review"}), "approved"),
    "activate": (frozenset({"approved"}), "active"),
    "retire": (frozenset({"active"}), "retired"),
    "withdraw": (frozenset({"draft", "in_review", "approved"}), "withdrawn"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What the lifecycle needs to know of an agreement."""

    agreement: str
    code: str
    revision: int
    kind: str
    status: str
    author: str
    submitted_by: str
    digest: str
    valid_from: datetime
    active_from: datetime | None
    terms: int

    @property
    def name(self) -> str:
        """The agreement as people cite it."""
        return f"{self.code} r{self.revision}"


def check_step(step: str, found: Collection[Standing]) -> str:
    """The status the step leads to. Raises `Conflict` naming the first agreement that cannot take it."""
    starts, leads_to = STEPS[step]
    for standing in found:
        if standing.status not in starts:
            wanted = " or ".join(sorted(starts)).replace("_", " ")
            verb = step.replace("_", " ")
            raise Conflict(
                phrase(
                    "%(name)s is %(replace)s; only %(wanted)s agreements can %(verb)s",
                    name=standing.name,
                    replace=standing.status.replace("_", " "),
                    wanted=wanted,
                    verb=verb,
                )
            )
    return leads_to


def check_duties(found: Collection[Standing], approvers: Collection[str]) -> None:
    """Raises `DutyConflict` where an approver (or the one approved for) wrote or submitted the agreement."""
    for standing in found:
        for side in approvers:
            if side and side in (standing.author, standing.submitted_by):
                raise DutyConflict(
                    phrase(
                        "%(side)s wrote or submitted %(name)s and cannot approve it; someone else must",
                        side=side,
                        name=standing.name,
                    )
                )

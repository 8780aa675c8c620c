"""The life of a policy version: draft → in review → approved → active → retired, and who may take which step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from headgate.kernel.canonical import instant_text
from headgate.kernel.errors import Conflict, DutyConflict, Stale, invalid

STATUSES = ("draft", "in_review", "approved", "active", "retired")
NO_SECOND_PAIR = "the author of a policy version may not approve it, nor anyone acting for the author"


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """A version as stored, without its text. It decides from `valid_from` to before `valid_until`.

    `digest` is SHA-256 (hex) of the text; `pack` names the solution pack that brought it, or is empty.
    """

    policy: str
    version: int
    title: str
    status: str
    digest: str
    author: str
    approver: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    created_at: datetime
    pack: str

    def in_force(self, at: datetime) -> bool:
        """Whether this version decides at that instant."""
        started = self.valid_from is not None and self.valid_from <= at
        return started and (self.valid_until is None or at < self.valid_until)

    def standing(self, at: datetime) -> str:
        """draft, in_review, approved, scheduled, active, superseded or retired."""
        if self.status != "active" or self.in_force(at):
            return self.status
        return "scheduled" if self.valid_from is not None and at < self.valid_from else "superseded"


@dataclass(frozen=True, slots=True)
class Window:
    """From when until when a version decides (until: exclusive; None: without end)."""

    version: int
    valid_from: datetime
    valid_until: datetime | None


def expect_status(version: PolicyVersion, wanted: str, act: str) -> None:
    """Raises `Conflict` unless the version stands where the act needs it."""
    if version.status != wanted:
        name = f"{version.policy} version {version.version}"
        raise Conflict(f"cannot {act} {name}: it is {_words(version.status)}, not {_words(wanted)}")


def expect_second_person(version: PolicyVersion, principal: str, on_behalf_of: str | None) -> None:
    """Raises `DutyConflict` when author and approver are the same person, also through a delegation."""
    if version.author in (principal, on_behalf_of):
        raise DutyConflict(NO_SECOND_PAIR)


def expect_digest(version: PolicyVersion, digest: str | None) -> None:
    """Raises `Stale` when what was read is not what is stored."""
    if digest is not None and digest != version.digest:
        raise Stale(f"{version.policy} version {version.version} has changed since it was read; read it again")


def windows(
    versions: Sequence[PolicyVersion], new: int, valid_from: datetime, now: datetime
) -> tuple[Window, list[Window]]:
    """The window of a version activated at `valid_from`, and the changed windows of the policy's other versions.

    The version in force until then ends where the new one starts; the new one ends where an already scheduled later one
    starts. Raises `Invalid` for a start in the past, `Conflict` when another version starts at the same instant.
    """
    if valid_from < now:
        raise invalid(
            "valid_from",
            instant_text(valid_from),
            "lies in the past",
            f"Use {instant_text(now)} or later: history stays.",
        )
    until: datetime | None = None
    changed: list[Window] = []
    for other in versions:
        if other.version == new or other.status != "active" or other.valid_from is None:
            continue
        if other.valid_from == valid_from:
            raise Conflict(
                f"{other.policy} version {other.version} starts at that instant; retire it or choose another"
            )
        if other.valid_from > valid_from:
            until = other.valid_from if until is None else min(until, other.valid_from)
        elif other.valid_until is None or other.valid_until > valid_from:
            changed.append(Window(other.version, other.valid_from, valid_from))
    return Window(new, valid_from, until), changed


def _words(status: str) -> str:
    return status.replace("_", " ")

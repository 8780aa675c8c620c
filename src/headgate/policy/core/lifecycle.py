"""The life of a policy version: draft → in review → approved → active → retired, and who may take which step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from headgate.kernel.canonical import instant_text
from headgate.kernel.errors import Conflict, DutyConflict, Stale, invalid
from headgate.kernel.phrases import phrase

STATUSES = ("draft", "in_review", "approved", "active", "retired")
MOST_WORDS = 2_000
NO_SECOND_PAIR = phrase("the author of a policy version may not approve it, nor anyone acting for the author")


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """A version as stored, without its text. It decides from `valid_from` to before `valid_until`.

    `digest` is SHA-256 (hex) of the text; `pack` names the solution pack that brought it, or is empty. `origin` is the
    short name of the tenant above that it was copied from, with the number and the digest it has there.
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
    editors: tuple[str, ...] = ()
    based_on: int | None = None
    submitted_at: datetime | None = None
    retire_at: datetime | None = None
    emergency_by: str | None = None
    emergency_reason: str | None = None
    review_due: datetime | None = None
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None
    origin: str | None = None
    origin_name: str | None = None
    origin_version: int | None = None
    origin_digest: str | None = None

    @property
    def writers(self) -> frozenset[str]:
        """Everybody who wrote at its text."""
        return frozenset((self.author, *self.editors))

    @property
    def hands(self) -> frozenset[str]:
        """Everybody who wrote, approved, applied or reviewed it."""
        return self.writers | {who for who in (self.approver, self.emergency_by, self.reviewed_by) if who}

    @property
    def unreviewed(self) -> bool:
        """Whether it was applied in an emergency and nobody else has looked at it since."""
        return self.emergency_by is not None and self.reviewed_at is None

    @property
    def inherited(self) -> str:
        """Where it comes from, in words; empty for a version of the tenant's own."""
        if not self.origin:
            return ""
        return phrase(
            "inherited from %(origin)s, version %(version)s", origin=self.origin_name, version=self.origin_version
        )

    def in_force(self, at: datetime) -> bool:
        """Whether this version decides at that instant."""
        started = self.valid_from is not None and self.valid_from <= at
        return started and (self.valid_until is None or at < self.valid_until)

    def standing(self, at: datetime) -> str:
        """draft, in_review, approved, scheduled, active, superseded, retired or withdrawn (it never decided)."""
        if self.status == "retired" and (self.valid_from is None or self.valid_from == self.valid_until):
            return "withdrawn"
        if self.status != "active" or self.in_force(at):
            return self.status
        if self.valid_from is not None and at < self.valid_from:
            return "scheduled"
        return "retired" if self.retire_at is not None and self.retire_at == self.valid_until else "superseded"


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
        raise Conflict(
            phrase(
                "cannot %(act)s %(name)s: it is %(words)s, not %(words2)s",
                act=act,
                name=name,
                words=_words(version.status),
                words2=_words(wanted),
            )
        )


def expect_second_person(version: PolicyVersion, principal: str, on_behalf_of: str | None) -> None:
    """Raises `DutyConflict` when author and approver are the same person, also through a delegation."""
    if version.writers & {principal, on_behalf_of}:
        raise DutyConflict(NO_SECOND_PAIR)


def expect_reviewer(version: PolicyVersion, principal: str, on_behalf_of: str | None) -> None:
    """Raises `DutyConflict` when who applied an emergency change, or wrote it, would also review it."""
    expect_second_person(version, principal, on_behalf_of)
    if version.emergency_by in (principal, on_behalf_of):
        raise DutyConflict("who applied an emergency change may not review it, nor anyone acting for them")


def expect_digest(version: PolicyVersion, digest: str | None) -> None:
    """Raises `Stale` when what was read is not what is stored."""
    if digest is not None and digest != version.digest:
        raise Stale(
            phrase(
                "%(policy)s version %(version)s has changed since it was read; read it again",
                policy=version.policy,
                version=version.version,
            )
        )


def reason_of(reason: str, fix: str) -> str:
    """A reason somebody gave, trimmed. Raises `Invalid` when there is none, or more than 2,000 characters of it."""
    told = reason.strip()
    if not told:
        raise invalid("reason", reason, "is missing", fix)
    if len(told) > MOST_WORDS:
        raise invalid(
            "reason",
            told,
            phrase("is longer than %(most_words)s characters", most_words=MOST_WORDS),
            "Keep to what matters.",
        )
    return told


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
            phrase("Use %(instant_text)s or later: history stays.", instant_text=instant_text(now)),
        )
    until: datetime | None = None
    changed: list[Window] = []
    for other in versions:
        if other.version == new or other.status != "active" or other.valid_from is None:
            continue
        if other.valid_from == valid_from:
            raise Conflict(
                phrase(
                    "%(policy)s version %(version)s starts at that instant; retire it or choose another",
                    policy=other.policy,
                    version=other.version,
                )
            )
        if other.valid_from > valid_from:
            until = other.valid_from if until is None else min(until, other.valid_from)
        elif other.valid_until is None or other.valid_until > valid_from:
            changed.append(Window(other.version, other.valid_from, valid_from))
    return Window(new, valid_from, until), changed


def resumed(versions: Sequence[PolicyVersion], gone: PolicyVersion) -> list[Window]:
    """The changed windows when a scheduled version will not start: the one it would have ended goes on, until the next
    one starts or an end that was set for it."""
    start = gone.valid_from
    if start is None:
        return []
    others = [v for v in versions if v.version != gone.version and v.status == "active" and v.valid_from is not None]
    changed = []
    for other in others:
        if other.valid_until != start or other.retire_at == start:
            continue
        ends = [v.valid_from for v in others if v.valid_from is not None and v.valid_from >= start]
        ends += [other.retire_at] if other.retire_at is not None else []
        assert other.valid_from is not None
        changed.append(Window(other.version, other.valid_from, min(ends, default=None)))
    return changed


def retirement(version: PolicyVersion, at: datetime, now: datetime) -> Window:
    """The window of an active version that ends at `at`. Raises `Invalid` for the past, `Conflict` when it ends or is
    replaced before that, or would end before it starts."""
    assert version.valid_from is not None, "an active version has a start"
    name = f"{version.policy} version {version.version}"
    if at < now:
        raise invalid(
            "at",
            instant_text(at),
            "lies in the past",
            phrase("Use %(instant_text)s or later: history stays.", instant_text=instant_text(now)),
        )
    if version.valid_until is not None and version.valid_until < at:
        raise Conflict(
            phrase(
                "%(name)s ends already at %(instant_text)s", name=name, instant_text=instant_text(version.valid_until)
            )
        )
    if at < version.valid_from:
        raise Conflict(
            phrase(
                "%(name)s starts at %(instant_text)s; withdraw it instead",
                name=name,
                instant_text=instant_text(version.valid_from),
            )
        )
    return Window(version.version, version.valid_from, at)


def _words(status: str) -> str:
    return status.replace("_", " ")

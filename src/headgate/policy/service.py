"""Policy versions: drafting, review, approval by a second person, effect in time, and what is in force when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from psycopg import Connection

from headgate.access.inheritance import expect_unlocked, followed, inherits_any, note_overridden
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import Conflict
from headgate.kernel.phrases import phrase
from headgate.policy import repo
from headgate.policy.authoring import keep_text
from headgate.policy.bringing import Packed, bring_in, expect_fitting_together
from headgate.policy.checking import FILE, Checked, check_text, expect_clean
from headgate.policy.core.lifecycle import (
    PolicyVersion,
    Window,
    expect_digest,
    expect_second_person,
    expect_status,
    reason_of,
    retirement,
    windows,
)
from headgate.policy.core.model import Issue, PolicyTable, refuse
from headgate.policy.core.parse import parse_policy
from headgate.policy.core.policy_set import PolicySet
from headgate.policy.fitting import (
    Change,
    Misfits,
    Reader,
    expect_fitting,
    expect_read,
    expect_unread,
    misfits,
    with_misfits,
    with_stale,
)
from headgate.policy.kept import Kept
from headgate.policy.library import Library
from headgate.policy.versions import (
    audit,
    locked,
    locked_in_turn,
    pick,
    read,
    set_status,
    set_windows,
    take_turn,
    unschedule,
    version_of,
)

INHERITED = "policy"  # the kind, among what is inherited


@dataclass(frozen=True, slots=True)
class Drafted:
    """A saved draft and what the lints remarked that does not stop it."""

    version: PolicyVersion
    remarks: tuple[Issue, ...]


class PolicyService(Library):
    """Use cases over policy versions, over their library. `readers` read what policies decide: no version takes from
    them what they read.

    Whether the principal may author or approve is checked by the caller; that author and approver differ, here.
    """

    def __init__(self, readers: Sequence[Reader] = (), kept: Kept | None = None) -> None:
        super().__init__(kept)
        self._readers = tuple(readers)

    def draft(self, conn: Connection, ctx: Context, text: str, *, file: str = "", pack: str = "") -> Drafted:
        """Save a text as a draft; its author may replace it until it is submitted. Saving the same text again is fine.

        Raises `Invalid` listing every error that parser and lints found, `Conflict` when that version number is taken.
        """
        checked = expect_clean(text, file or FILE)
        saved = self._save(conn, ctx, checked.table, text, pack)
        return Drafted(saved, self.beside(conn, ctx.now, checked).issues)

    def beside(self, conn: Connection, now: datetime, checked: Checked) -> Checked:
        """A checked text with what it would break of what is in force, now or from a later change on, and with the
        sentences that still say what the version in force does."""
        beside = self.during(conn, now)
        return with_misfits(with_stale(checked, beside[now]), misfits(conn, checked.table, beside, self._readers))

    def expect_fit(
        self, conn: Connection, table: PolicyTable, window: Window, instead_of: PolicyTable | None = None
    ) -> None:
        """Raises `Invalid` where a table that decides in this window would break what reads it, or misses what it
        reads. `instead_of` would have decided; left out, the one in force does."""
        expect_fitting(self._misfits(conn, table, window.valid_from, window.valid_until, instead_of))

    def _misfits(
        self,
        conn: Connection,
        table: PolicyTable,
        start: datetime,
        until: datetime | None = None,
        instead_of: PolicyTable | None = None,
    ) -> Misfits:
        return misfits(conn, table, self.during(conn, start, until), self._readers, instead_of)

    def _save(self, conn: Connection, ctx: Context, table: PolicyTable, text: str, pack: str) -> PolicyVersion:
        expect_unlocked(conn, INHERITED, table.policy)
        known = locked(conn, table.policy)
        same = next((v for v in known if v.version == table.version), None)
        if same is not None and same.digest == table.digest:
            return same
        if same is None and known and table.version < known[-1].version:
            raise Conflict(
                phrase(
                    "%(policy)s has a version %(version)s; number this one %(version2)s",
                    policy=table.policy,
                    version=known[-1].version,
                    version2=known[-1].version + 1,
                )
            )
        row = conn.execute(
            repo.SAVE_DRAFT,
            {
                "policy": table.policy,
                "version": table.version,
                "title": table.title,
                "body": text,
                "digest": bytes.fromhex(table.digest),
                "author": ctx.principal.id,
                "now": ctx.now,
                "pack": pack,
                "based_on": known[-1].version if same is None and known else same.based_on if same else None,
            },
        ).fetchone()
        if row is None:
            raise Conflict(
                phrase(
                    "%(policy)s version %(version)s is %(status)s with another text; number this one %(version2)s",
                    policy=table.policy,
                    version=table.version,
                    status=same.status if same else "taken",
                    version2=(known[-1].version if known else table.version) + 1,
                )
            )
        saved = version_of(row)
        keep_text(conn, ctx, saved, text)
        audit(conn, ctx, "policy.drafted", saved)
        return saved

    def submit(self, conn: Connection, ctx: Context, policy: str, version: int) -> PolicyVersion:
        """Hand a draft to review; from here on its text stands.

        Raises `NotFound`, `Conflict`, and `Invalid` listing every lint error and failing example of its text, or what
        it would break of those who read its decisions.
        """
        found = pick(locked(conn, policy), policy, version)
        expect_status(found, "draft", "submit")
        checked = expect_clean(self.text(conn, policy, version))
        expect_read(self._misfits(conn, checked.table, ctx.now))
        conn.execute(repo.SUBMITTED, {"policy": policy, "version": version, "now": ctx.now})
        after = set_status(conn, found, "in_review")
        audit(conn, ctx, "policy.submitted", after)
        return after

    def send_back(self, conn: Connection, ctx: Context, policy: str, version: int, reason: str) -> PolicyVersion:
        """Give a version under review back to its author. Raises `NotFound`, `Conflict`, `Invalid` without a reason."""
        why = reason_of(reason, "Say what the author should change.")
        found = pick(locked(conn, policy), policy, version)
        expect_status(found, "in_review", "send back")
        after = set_status(conn, found, "draft")
        audit(conn, ctx, "policy.sent_back", after, reason=why)
        return after

    def approve(
        self,
        conn: Connection,
        ctx: Context,
        policy: str,
        version: int,
        *,
        digest: str | None = None,
        on_behalf_of: str | None = None,
        justification: str = "",
    ) -> PolicyVersion:
        """Approve a version under review; `digest` (hex) is of the text that the approver read.

        Raises `DutyConflict` when the approver, or whom they act for, is the author; `Stale` when the text is not the
        one read; `Invalid` when it would break what others read of its decisions; `NotFound`, `Conflict`.
        """
        found = pick(locked(conn, policy), policy, version)
        expect_status(found, "in_review", "approve")
        expect_second_person(found, ctx.principal.id, on_behalf_of)
        expect_digest(found, digest)
        expect_read(self._misfits(conn, self.compiled(conn, policy, version).table, ctx.now))
        after = set_status(conn, found, "approved", ctx.principal.id)
        audit(conn, ctx, "policy.approved", after, on_behalf_of=on_behalf_of, justification=justification)
        return after

    def activate(
        self, conn: Connection, ctx: Context, policy: str, version: int, valid_from: datetime | None = None
    ) -> PolicyVersion:
        """Let an approved version decide from `valid_from` (left out: now) on; the one before ends there.

        One that is scheduled and has not started can so be given another start. Raises `Invalid` for a start in the
        past and where policies that read each other, or processes that read them, would not fit together at any time in
        which it decides, `Conflict` (also for a policy that a tenant above has locked), `NotFound`.
        """
        expect_unlocked(conn, INHERITED, policy)
        versions = locked_in_turn(conn, policy)
        found = pick(versions, policy, version)
        if found.standing(ctx.now) == "scheduled":
            versions = unschedule(conn, versions, found)
        else:
            expect_status(found, "approved", "activate")
        window, ended = windows(versions, version, valid_from or ctx.now, ctx.now)
        self.expect_fit(conn, self.compiled(conn, policy, version).table, window)
        set_windows(conn, policy, [window, *ended])
        after = set_status(conn, found, "active")
        details = {
            "valid_from": window.valid_from,
            "valid_until": window.valid_until,
            "ends": [e.version for e in ended],
        }
        audit(conn, ctx, "policy.activated", after, **details)
        note_overridden(conn, ctx, INHERITED, policy)
        return after

    def withdraw(self, conn: Connection, ctx: Context, policy: str, version: int, reason: str) -> PolicyVersion:
        """Give up a version that does not decide yet: a draft, one in review, approved, or scheduled for later. What a
        scheduled one would have replaced goes on. Raises `NotFound`, `Conflict`, `Invalid` without a reason."""
        why = reason_of(reason, "Say why it is given up.")
        versions = locked_in_turn(conn, policy)
        found = pick(versions, policy, version)
        standing = found.standing(ctx.now)
        if standing not in ("draft", "in_review", "approved", "scheduled"):
            raise Conflict(
                phrase(
                    "cannot withdraw %(policy)s version %(version)s: it is %(standing)s; retire it instead",
                    policy=policy,
                    version=version,
                    standing=standing,
                )
            )
        if standing == "scheduled":
            self._own_now(conn, ctx, policy)
            self._expect_return(conn, found, unschedule(conn, versions, found))
        after = set_status(conn, found, "retired")
        audit(conn, ctx, "policy.withdrawn", after, was=standing, reason=why)
        return after

    def _expect_return(self, conn: Connection, gone: PolicyVersion, versions: Sequence[PolicyVersion]) -> None:
        """What goes on in the place of a scheduled version fits what was made to fit that one."""
        start = gone.valid_from
        assert start is not None, "it was scheduled"
        goes_on = next((v for v in versions if v.version != gone.version and v.in_force(start)), None)
        if goes_on is None:
            self.expect_unread(conn, gone, start)
        else:
            made = self.compiled_many(conn, [(v.policy, v.version) for v in (gone, goes_on)])
            window = Window(goes_on.version, start, gone.valid_until)
            was, back = (made[v.policy, v.version].table for v in (gone, goes_on))
            self.expect_fit(conn, back, window, instead_of=was)

    def expect_unread(self, conn: Connection, gone: PolicyVersion, end: datetime) -> None:
        """Raises `Invalid` naming who would read a version's decisions from `end` on, until it would have ended."""
        table = self.compiled(conn, gone.policy, gone.version).table
        expect_unread(conn, table, self.during(conn, end, gone.valid_until), self._readers)

    def _own_now(self, conn: Connection, ctx: Context, policy: str) -> None:
        """The tenant changes an inherited policy itself: refused where it is locked, noted where it is open."""
        expect_unlocked(conn, INHERITED, policy)
        note_overridden(conn, ctx, INHERITED, policy)

    def retire(
        self,
        conn: Connection,
        ctx: Context,
        policy: str,
        version: int,
        reason: str = "",
        *,
        at: datetime | None = None,
    ) -> PolicyVersion:
        """End an active version, now or at a later instant; nothing takes its place.

        Raises `NotFound`, `Conflict`, `Invalid` for an end in the past, and naming who would still read its decisions.
        """
        found = pick(locked_in_turn(conn, policy), policy, version)
        expect_status(found, "active", "retire")
        self._own_now(conn, ctx, policy)
        assert found.valid_from is not None, "an active version has a start"
        ends = max(at or ctx.now, ctx.now, found.valid_from)
        if found.valid_until is None or ends < found.valid_until:
            self.expect_unread(conn, found, ends)
        if at is not None and at > ctx.now:
            window = retirement(found, at, ctx.now)
            conn.execute(repo.SET_END, {"policy": policy, "version": version, "at": at})
            after = read(conn, policy, version)
            audit(conn, ctx, "policy.retirement_scheduled", after, valid_until=window.valid_until, reason=reason)
            return after
        if at is not None and at < ctx.now:
            retirement(found, at, ctx.now)  # says that it lies in the past
        until = ctx.now if found.valid_until is None else min(found.valid_until, ctx.now)
        # One that was still to start ends where it would have started, so it never decides.
        window = Window(version, found.valid_from, max(until, found.valid_from))
        set_windows(conn, policy, [window])
        after = set_status(conn, found, "retired")
        audit(conn, ctx, "policy.retired", after, valid_until=window.valid_until, reason=reason)
        return after

    def install(self, conn: Connection, ctx: Context, text: str, *, file: str = "", pack: str) -> PolicyVersion:
        """Bring a pack's policy into force at once: the pack is its author, the principal approves and activates it.

        Does nothing when the tenant has that version or a newer one already, whatever it did with it. Raises as
        `draft`. A pack may change a policy together with who reads it, so who installs it looks at the end whether all
        of it fits: `expect_still_read`.
        """
        table = parse_policy(text, file or "policy.yaml")
        take_turn(conn)
        known = self.versions(conn, table.policy)
        newer = [v for v in known if v.version >= table.version]
        if newer:
            return newer[-1]
        if known and followed(conn, INHERITED, table.policy):
            return known[0]  # what is inherited counts, not what a pack brings
        packed = replace(ctx, principal=Principal(id=f"pack:{pack}", kind="system", name=pack))
        alone = PolicyService(kept=self._kept)
        alone.draft(conn, packed, text, file=file, pack=pack)
        alone.submit(conn, packed, table.policy, table.version)
        alone.approve(conn, ctx, table.policy, table.version)
        return alone.activate(conn, ctx, table.policy, table.version)

    def install_all(self, conn: Connection, ctx: Context, files: Sequence[tuple[str, str]], *, pack: str) -> None:
        """`install` of each of a pack's (file name, text), in their order; at once for a tenant new to all of them."""
        take_turn(conn)
        packed = [Packed(text, check_text(text, file)) for file, text in files]
        names = [each.table.policy for each in packed]
        known = conn.execute(repo.KNOWN, {"policies": names}).fetchone() is not None
        if known or inherits_any(conn, INHERITED, names) or len(set(names)) < len(names):
            for file, text in files:
                self.install(conn, ctx, text, file=file, pack=pack)
            return
        for file, text in files:
            expect_clean(text, file)
        expect_fitting_together(packed, self.during(conn, ctx.now))
        bring_in(conn, ctx, f"pack:{pack}", pack, packed)

    def expect_still_read(self, conn: Connection, now: datetime, before: PolicySet) -> None:
        """Raises `Invalid` where readers of decisions lost something since the policies in force were these."""
        after = self.active(conn, now)
        change = Change(*({name: p.table for name, p in each.items()} for each in (before, after)))
        lost = [issue for reader in self._readers for told in reader(conn, [change]) for issue in told]
        if lost:
            raise refuse(lost)

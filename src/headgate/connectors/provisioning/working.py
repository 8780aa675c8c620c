"""Doing a run that was asked for, under a lease: read what should be there and what is, plan, take the steps.

Transactions are short, and none is open while the outside is spoken to. Each step is written down with its link and its
entry in the audit trail at once. Whoever dies in between leaves the run to be begun anew when its lease is over: what
was done is there by then and is found, so it is not done twice.

This is what loads the libraries of SCIM, so it is no public name of the package: who does runs imports it from here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from headgate.access import require
from headgate.connectors.provisioning import noting, repo
from headgate.connectors.provisioning.core.model import Desired, Link, Plan, Remote, Rule
from headgate.connectors.provisioning.core.plan import plan, too_many
from headgate.connectors.provisioning.core.words import Abilities
from headgate.connectors.provisioning.desired import desired_of, fingerprint_of
from headgate.connectors.provisioning.looking import look
from headgate.connectors.provisioning.model import ProvisioningTarget, Run
from headgate.connectors.provisioning.outside import Later, Outside, Waiting
from headgate.connectors.provisioning.provisioner import Provisioner
from headgate.connectors.provisioning.runs import get_run
from headgate.connectors.provisioning.system import Failure, System
from headgate.connectors.provisioning.taking import Hands
from headgate.connectors.provisioning.targets import WRITE, get_target, links_of, token_of
from headgate.kernel.context import Context
from headgate.kernel.crashpoints import crashpoint
from headgate.kernel.errors import Busy, HeadgateError
from headgate.kernel.phrases import phrase

LEASE: Final = timedelta(minutes=10)
MOST_ATTEMPTS: Final = 5
# So many steps in a row that fail because the system does not answer, and the rest is left to another run.
MOST_DOWN: Final = 3

GoesOn = Callable[[], bool]
# How many steps are taken, of how many.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class _Job:
    """A claimed run with what it needs of the database."""

    ctx: Context
    owner: str
    run: Run
    target: ProvisioningTarget
    token: str
    desired: Desired
    links: tuple[Link, ...]

    @property
    def rule(self) -> Rule:
        return Rule(self.target.match_by, self.target.leavers, frozenset(self.run.chosen))


class LeftOff(Exception):
    """The run is not this process's any more, or its loop ends."""


def work_run(
    by: Provisioner,
    ctx: Context,
    owner: str,
    sleep: Callable[[float], bool],
    goes_on: GoesOn = lambda: True,
    progress: Progress = lambda _done, _all: None,
    run: UUID | None = None,
) -> Run | None:
    """Take the tenant's run that waits (or this one), if any, and bring it to its end; None when there is none."""
    job = _claim(by, ctx, owner, run)
    if job is None or isinstance(job, Run):
        return job
    try:
        _do(by, job, Waiting(by.clock, sleep, by.chance), goes_on, progress)
    except LeftOff:
        _put_off(by, job, timedelta())
    except Later as later:
        _put_off(by, job, later.pause)
    except Failure as failure:
        _finish(by, job, "failed", failure.words)
    except HeadgateError as error:
        if isinstance(error, Busy):
            raise
        _finish(by, job, "failed", error.message)
    with by.database.transaction(ctx.tenant_id, read_only=True) as conn:
        return get_run(conn, job.run.id)


def short_sleep(seconds: float) -> bool:
    """A caller waits for a moment and not for what a busy system asks for."""
    if seconds > 2:
        return False
    time.sleep(seconds)
    return True


def check_connection(by: Provisioner, ctx: Context, target: UUID, sleep: Callable[[float], bool]) -> ProvisioningTarget:
    """Ask a system what it can, at once, and keep the answer. What went wrong stands in `check_error`. Three steps:
    read, ask without a transaction, write. Raises `NotFound`, `Forbidden`."""
    require(ctx.principal, WRITE)
    with by.database.transaction(ctx.tenant_id, read_only=True) as conn:
        found = get_target(conn, target)
        token = token_of(conn, by.sealer, ctx.tenant_id, target)
    outside = Outside(by.wire, found.url, token, Waiting(by.clock, sleep, by.chance))
    abilities, error = None, ""
    try:
        system = System.meet(outside, (token,))
        system.knock()
        abilities = system.abilities
    except Failure as failure:
        error = failure.words
    except Later as later:
        error = phrase("the system asks for a pause of %(minutes)s minutes", minutes=later.pause.seconds // 60 + 1)
    with by.database.transaction(ctx.tenant_id) as conn:
        noting.checked(conn, ctx, target, abilities, error)
        return get_target(conn, target)


def _claim(by: Provisioner, ctx: Context, owner: str, run: UUID | None) -> _Job | Run | None:
    now = by.clock.now()
    with by.database.transaction(ctx.tenant_id) as conn:
        values = {"owner": owner, "lease": now + LEASE, "now": now, "run": run}
        row = conn.execute(repo.CLAIM, values).fetchone()
        if row is None:
            return None
        claimed = get_run(conn, row[0])
        target = get_target(conn, claimed.target)
        at = replace(ctx, now=now)
        job = _Job(at, owner, claimed, target, "", Desired(), ())
        if claimed.attempts > MOST_ATTEMPTS:
            words = phrase("its process ended %(times)s times before it was done", times=MOST_ATTEMPTS)
            noting.finished(conn, job.ctx, owner, claimed, target, "failed", words, by.chance())
            return get_run(conn, claimed.id)
        try:
            token = token_of(conn, by.sealer, ctx.tenant_id, target.id)
            desired = desired_of(conn, at, target)
        except HeadgateError as error:
            if isinstance(error, Busy):
                raise
            noting.finished(conn, job.ctx, owner, claimed, target, "failed", error.message, by.chance())
            return get_run(conn, claimed.id)
        kept_links = links_of(conn, target.id)
    links = tuple(
        Link(each.resource, each.local, each.remote_id, each.ignored) for each in kept_links if each.remote_id
    )
    return replace(job, token=token, desired=desired, links=links)


def _do(by: Provisioner, job: _Job, waiting: Waiting, goes_on: GoesOn, progress: Progress) -> None:
    outside = Outside(by.wire, job.target.url, job.token, waiting)
    system = System.meet(outside, (job.token,))
    remote = look(system, job.desired, job.links, job.rule)
    made = plan(job.desired, remote, job.links, job.rule)
    many = too_many(made, job.target.most_leaving, job.target.most_leaving_percent, frozenset(job.run.confirmed))
    first = _keep_plan(by, job, made, remote, many, system.abilities)
    progress(0, len(made.steps))
    if job.run.kind == "preview":
        return _finish(by, job, "done", "")
    if many:
        words = phrase(
            "%(count)s accounts would end at once, more than may without a person's word: confirm this run, or look at "
            "why so many people left",
            count=many,
        )
        return _finish(by, job, "held", words)
    crashpoint("provisioning.planned")
    return _take_all(by, job, system, made, first, goes_on, progress)


def _take_all(
    by: Provisioner, job: _Job, system: System, made: Plan, first: int, goes_on: GoesOn, progress: Progress
) -> None:
    people = {person.local: person for person in job.desired.people}
    hands = Hands(
        system, job.rule, people, {link.local: link.remote_id for link in job.links if link.resource == "user"}
    )
    failed = down = 0
    words = ""
    for place, step in enumerate(made.steps):
        if not goes_on():
            raise LeftOff
        taken = hands.take(step)
        crashpoint("provisioning.sent")
        failed += bool(taken.error)
        down = down + 1 if taken.failure in ("down", "shut") else 0
        now = by.clock.now()
        with by.database.transaction(job.ctx.tenant_id) as conn:
            noting.step_taken(conn, replace(job.ctx, now=now), job.run, first + place, step, taken)
            mine = _hold(conn, job, now, failed=bool(taken.error))
        if not mine:
            raise LeftOff
        crashpoint("provisioning.noted")
        progress(place + 1, len(made.steps))
        if down >= MOST_DOWN or taken.failure == "shut":
            words = taken.error
            break
    if words:
        return _finish(by, job, "failed", words)
    return _finish(by, job, "partly" if failed else "done", "")


def _keep_plan(by: Provisioner, job: _Job, made: Plan, remote: Remote, many: int, abilities: Abilities) -> int:
    """Write the plan down; the place of its first step."""
    now = by.clock.now()
    with by.database.transaction(job.ctx.tenant_id) as conn:
        first = noting.planned(conn, job.run.id, made)
        values = {
            "run": job.run.id,
            "owner": job.owner,
            "lease": now + LEASE,
            "steps": first + len(made.steps),
            "people": len(job.desired.people),
            "leaving": many or len(made.leaving),
            "orphans": len(made.orphans),
            "complete": remote.complete,
        }
        if conn.execute(repo.PLANNED, values).fetchone() is None:
            raise LeftOff
        noting.described(conn, replace(job.ctx, now=now), job.target.id, abilities)
        return first


def _hold(conn: Connection[Any], job: _Job, now: datetime, *, failed: bool) -> bool:
    counts = {"done": int(not failed), "failed": int(failed)}
    values = {"run": job.run.id, "owner": job.owner, "lease": now + LEASE, **counts}
    return conn.execute(repo.HOLD, values).fetchone() is not None


def _finish(by: Provisioner, job: _Job, status: str, words: str) -> None:
    now = by.clock.now()
    seen = fingerprint_of(job.target, job.desired)
    with by.database.transaction(job.ctx.tenant_id) as conn:
        at = replace(job.ctx, now=now)
        noting.finished(conn, at, job.owner, job.run, job.target, status, words, by.chance(), seen)


def _put_off(by: Provisioner, job: _Job, pause: timedelta) -> None:
    until = by.clock.now() + pause
    with by.database.transaction(job.ctx.tenant_id) as conn:
        conn.execute(repo.PUT_OFF, {"run": job.run.id, "owner": job.owner, "until": until})


__all__ = ["GoesOn", "LeftOff", "Progress", "Provisioner", "check_connection", "work_run"]

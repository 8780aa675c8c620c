"""A client takes copies of what tenants above offer, in its own transaction, and both audit chains tell it.

The job is safe to repeat: what is as it should be is not touched. What cannot be taken says why, holds nothing else up,
and is tried again later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from psycopg import Connection

from headgate.access.core.roles import require
from headgate.access.inheritance import repo
from headgate.access.inheritance.standing import Inherited
from headgate.access.inheritance.wanted import Wanted
from headgate.access.recording import record
from headgate.access.tenants import get_tenant
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import Conflict, HeadgateError, NotFound
from headgate.kernel.phrases import phrase
from headgate.store.stewarding import reporting

RETRY: Final = timedelta(minutes=10)
_LONGEST_PROBLEM: Final = 500


class Taker(Protocol):
    """How one kind of thing is copied."""

    @property
    def permission(self) -> str:
        """What it takes to go back to the inherited one."""

    def take(self, conn: Connection[Any], ctx: Context, offer: Wanted, body: str) -> int:
        """Copy it and bring it into force; the version it has here. Raises `HeadgateError` where it does not fit."""

    def has_own(self, conn: Connection[Any], ctx: Context, name: str) -> bool:
        """Whether something that the tenant made itself counts now, which an open offer leaves alone."""

    def release(self, conn: Connection[Any], ctx: Context, name: str) -> None:
        """Nobody above offers it any more: what was copied stays, what has not started yet does not start."""


Takers = Mapping[str, Taker]


@dataclass(frozen=True, slots=True)
class _Result:
    offer: Wanted
    state: str
    local: int | None = None
    problem: str = ""


def take_offers(conn: Connection[Any], ctx: Context, takers: Takers) -> Sequence[Any]:
    """The job of a client: take what is new from above, let go what is gone. No events."""
    _let_go(conn, ctx, takers)
    rows = conn.execute(repo.DUE, {"retry": ctx.now - RETRY}).fetchall()
    if not rows:
        return ()
    bodies = _bodies(conn, [row[0] for row in rows])
    done: list[_Result] = []
    news: list[_Result] = []
    for row in rows:
        offer, (state, before) = Wanted(*row[:-2]), row[-2:]
        result = _take(conn, ctx, takers[offer.kind], offer, bodies.get(offer.id, ""), state)
        done.append(result)
        if not result.problem or result.problem != before:
            news.append(result)
    _put(conn, ctx, done)
    _tell(conn, ctx, news)
    return ()


def go_back(conn: Connection[Any], ctx: Context, takers: Takers, kind: str, name: str) -> Inherited:
    """Follow again what is offered from above, instead of something of one's own.

    Raises `NotFound` where nothing of that name is offered, `Conflict` when it is followed already, `Forbidden`, and
    whatever keeps it from being taken.
    """
    taker = takers.get(kind)
    found = _standing(conn, kind, name)
    if taker is None or found is None:
        raise NotFound(phrase("no %(kind)s %(name)s is inherited", kind=kind, name=name))
    require(ctx.principal, taker.permission)
    row = conn.execute(repo.ONE_ABOVE, {"kind": kind, "name": name}).fetchone()
    if row is None:
        raise Conflict(phrase("nobody above offers %(name)s any more; it is your own now", name=name))
    if found.state == "following" and found.taken == row[0]:
        raise Conflict(phrase("%(name)s is the inherited one already", name=name))
    offer = Wanted(*row)
    local = taker.take(conn, ctx, offer, _bodies(conn, [offer.id])[offer.id])
    result = _Result(offer, "following", local)
    _put(conn, ctx, [result])
    record(conn, ctx, "inheritance.resumed", kind, name, **_told(result))
    again = _standing(conn, kind, name)
    assert again is not None, "it was put just now"
    return again


def _take(conn: Connection[Any], ctx: Context, taker: Taker, offer: Wanted, body: str, state: str | None) -> _Result:
    if not offer.locked and (state == "overridden" or (state is None and taker.has_own(conn, ctx, offer.name))):
        return _Result(offer, "overridden")
    try:
        with conn.transaction():
            return _Result(offer, "following", taker.take(conn, ctx, offer, body))
    except HeadgateError as error:
        told = "; ".join(map(str, error.problems)) or error.message
        return _Result(offer, "following", None, told[:_LONGEST_PROBLEM])


def _put(conn: Connection[Any], ctx: Context, done: Sequence[_Result]) -> None:
    offers = [each.offer for each in done]
    values: dict[str, list[Any]] = {
        key: [getattr(offer, key) for offer in offers]
        for key in ("kind", "name", "provider", "provider_slug", "provider_name", "version", "title", "digest")
    }
    values |= {
        "locked": [offer.locked for offer in offers],
        "effective_at": [offer.effective_at for offer in offers],
        "offer": [offer.id for offer in offers],
        "state": [each.state for each in done],
        "taken": [each.offer.id if each.local is not None else None for each in done],
        "taken_version": [each.offer.version if each.local is not None else None for each in done],
        "local_version": [each.local for each in done],
        "problem": [each.problem for each in done],
        "by": [ctx.principal.id] * len(done),
        "now": [ctx.now] * len(done),
    }
    conn.execute(repo.PUT, values)


def _let_go(conn: Connection[Any], ctx: Context, takers: Takers) -> None:
    gone = [Inherited(*row) for row in conn.execute(repo.GONE)]
    if not gone:
        return
    values = {"kinds": [each.kind for each in gone], "names": [each.name for each in gone]}
    conn.execute(repo.RELEASE, values | {"by": ctx.principal.id, "now": ctx.now})
    for each in gone:
        if each.state == "following" and each.taken is not None:
            takers[each.kind].release(conn, ctx, each.name)
        told = {"provider": each.provider_slug, "version": each.taken_version, "was": each.state}
        record(conn, ctx, "inheritance.released", each.kind, each.name, **told)


def _tell(conn: Connection[Any], ctx: Context, done: Iterable[_Result]) -> None:
    """In the client's own chain first, then in those of the providers: chains are locked from below upwards."""
    by_provider: dict[UUID, list[_Result]] = {}
    for each in done:
        record(conn, ctx, f"inheritance.{_what(each)}", each.offer.kind, each.offer.name, **_told(each))
        by_provider.setdefault(each.offer.provider, []).append(each)
    slug = get_tenant(conn).slug
    for provider, results in sorted(by_provider.items()):
        above = Context(provider, SYSTEM, ctx.now, ctx.trace)
        with suppress(NotFound), reporting(conn, provider):
            for each in results:
                told = {"kind": each.offer.kind, "name": each.offer.name, "offer": str(each.offer.id)}
                more = {"version": each.offer.version} | ({"problem": each.problem} if each.problem else {})
                record(conn, above, f"client_tenant.offer_{_what(each)}", "client_tenant", slug, **told, **more)


def _what(each: _Result) -> str:
    if each.problem:
        return "failed"
    return "taken" if each.local is not None else "kept_out"


def _told(each: _Result) -> dict[str, Any]:
    offer = each.offer
    told: dict[str, Any] = {
        "provider": offer.provider_slug,
        "offer": str(offer.id),
        "version": offer.version,
        "digest": offer.digest.hex(),
        "locked": offer.locked,
    }
    if each.local is not None:
        told["local_version"] = each.local
    return told | ({"problem": each.problem} if each.problem else {})


def _bodies(conn: Connection[Any], ids: Sequence[UUID]) -> dict[UUID, str]:
    return dict(conn.execute(repo.BODIES, {"ids": list(ids)}).fetchall())


def _standing(conn: Connection[Any], kind: str, name: str) -> Inherited | None:
    row = conn.execute(repo.LOCK_INHERITED, {"kind": kind, "name": name}).fetchone()
    return None if row is None else Inherited(*row)

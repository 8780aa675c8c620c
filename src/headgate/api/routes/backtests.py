"""Backtests: start one, watch it, cancel it, read what it found."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from psycopg import Connection

from headgate.api.auth import PoliciesBacktest, PoliciesRead
from headgate.api.idempotency import Once, write_once
from headgate.api.models.backtests import (
    BacktestLine,
    BacktestView,
    CancelBacktest,
    CandidateView,
    FlipDetail,
    FlipView,
    MissedView,
    PairView,
    SaidView,
    StartBacktest,
)
from headgate.api.models.common import PageOf
from headgate.api.openapi import FIND, READ, WRITE, problems
from headgate.api.parameters import Cursor, Filter, Limit, PolicyPath
from headgate.api.strict import StrictRoute
from headgate.channel.masters import decode_cursor, encode_cursor
from headgate.kernel.errors import NotFound, invalid
from headgate.policy.backtest import (
    Run,
    Said,
    Wanted,
    get_result,
    get_run,
    list_flips,
    list_runs,
)

router = APIRouter(route_class=StrictRoute)
RunPath = Annotated[UUID, Path(description="The id of a backtest.")]
Place = Annotated[int, Path(ge=1, le=2**31 - 1)]
Candidate = Annotated[int, Query(ge=1, le=5, description="Which candidate, from 1.")]


@router.post(
    "/policies/{name}/backtests",
    tags=["policies"],
    status_code=201,
    response_model=BacktestView,
    responses=problems(*WRITE),
)
def start_backtest(
    request: Request, caller: PoliciesBacktest, name: PolicyPath, body: StartBacktest, once: Once = None
) -> Response:
    """Weigh past decisions again under other versions. A small one is done in the answer; watch a larger one."""
    wanted = Wanted(
        name,
        _day("first_day", body.first_day),
        _day("last_day", body.last_day),
        tuple(body.versions),
        tuple((each.name, each.text) for each in body.texts),
    )

    def act(conn: Connection[Any]) -> BacktestView:
        return _view(conn, caller.app.backtests.start(conn, caller.ctx, wanted))

    return write_once(request, caller, once, body, act, status=201)


@router.get("/backtests", tags=["policies"], responses=problems(*READ, 422))
def list_backtests(
    caller: PoliciesRead, policy: Filter = "", cursor: Cursor = "", limit: Limit = 50
) -> PageOf[BacktestLine]:
    """Backtests, newest first."""
    with caller.reading() as conn:
        found = list_runs(conn, policy, before=_before(cursor), limit=limit + 1)
    kept = found[:limit]
    more = encode_cursor(kept[-1].requested_at.isoformat(), str(kept[-1].run)) if len(found) > limit else ""
    return PageOf(items=[_line(run) for run in kept], next_cursor=more)


@router.get("/backtests/{run}", tags=["policies"], responses=problems(*FIND))
def get_backtest(caller: PoliciesRead, run: RunPath) -> BacktestView:
    """One backtest: how far it is, and what it found when it is done."""
    with caller.reading() as conn:
        return _view(conn, get_run(conn, run))


@router.post("/backtests/{run}/cancel", tags=["policies"], response_model=BacktestView, responses=problems(*WRITE))
def cancel_backtest(
    request: Request, caller: PoliciesBacktest, run: RunPath, body: CancelBacktest, once: Once = None
) -> Response:
    """Stop a backtest that is not over; nothing of what it found is kept."""

    def act(conn: Connection[Any]) -> BacktestView:
        return _view(conn, caller.app.backtests.cancel(conn, caller.ctx, run))

    return write_once(request, caller, once, body, act)


@router.get("/backtests/{run}/flips", tags=["policies"], responses=problems(*FIND, 422))
def list_backtest_flips(
    caller: PoliciesRead,
    run: RunPath,
    candidate: Candidate = 1,
    kind: Literal["", "outcome", "approvals", "inner"] = "",
    direction: Literal["", "stricter", "looser", "other"] = "",
    partner: Filter = "",
    product: Filter = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> PageOf[FlipView]:
    """What flips: changed outcomes first, the largest amount first."""
    with caller.reading() as conn:
        get_run(conn, run)
        wanted = {"kind": kind, "direction": direction, "partner": partner, "product": product}
        found = list_flips(conn, run, candidate - 1, after=_place(cursor), limit=limit + 1, **wanted)
    kept = found[:limit]
    more = encode_cursor(str(kept[-1].place)) if len(found) > limit else ""
    return PageOf(items=[FlipView(**asdict(flip)) for flip in kept], next_cursor=more)


@router.get("/backtests/{run}/flips/{place}", tags=["policies"], responses=problems(*FIND))
def get_backtest_flip(caller: PoliciesRead, run: RunPath, place: Place, candidate: Candidate = 1) -> FlipDetail:
    """Why one decision flips: which row applied then, and which would apply."""
    with caller.reading() as conn:
        if candidate > len(get_run(conn, run).candidates):
            raise NotFound(f"backtest {run} has no candidate {candidate}")
        found = caller.app.backtests.explain(conn, run, candidate - 1, place)
    pairs = [
        PairView(
            product=pair.product,
            facts=dict(pair.facts),
            then=_said(pair.then),
            now=_said(pair.now),
            missed=[MissedView(row=m.row, column=m.column, test=m.test) for m in pair.missed],
        )
        for pair in found.pairs
    ]
    return FlipDetail(**asdict(found.flip), evaluations=pairs)


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise invalid(name, text, "is not a day", "Write it like 2026-03-31.") from None


def _before(cursor: str) -> tuple[datetime, UUID] | None:
    if not cursor:
        return None
    at, run = decode_cursor(cursor, 2)
    try:
        return datetime.fromisoformat(at), UUID(run)
    except ValueError:
        raise invalid("cursor", cursor, "is not a cursor of this list", "Start again without it.") from None


def _place(cursor: str) -> int:
    if not cursor:
        return 0
    (place,) = decode_cursor(cursor, 1)
    if not (place.isascii() and place.isdigit() and len(place) <= 9):
        raise invalid("cursor", cursor, "is not a cursor of this list", "Start again without it.")
    return int(place)


def _fields(run: Run) -> dict[str, Any]:
    return {
        **{name: getattr(run, name) for name in BacktestLine.model_fields if hasattr(run, name)},
        "first_day": run.first.isoformat(),
        "last_day": run.last.isoformat(),
        "candidates": [CandidateView(**each.as_json()) for each in run.candidates],
    }


def _line(run: Run) -> BacktestLine:
    return BacktestLine(**_fields(run))


def _view(conn: Connection[Any], run: Run) -> BacktestView:
    return BacktestView(**_fields(run), result=get_result(conn, run.run))


def _said(said: Said) -> SaidView:
    return SaidView(
        version=said.version,
        rows=list(said.rows),
        outputs=dict(said.outputs),
        reasons=list(said.reasons),
        clauses=list(said.clauses),
    )

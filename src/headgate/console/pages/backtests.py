"""Try a policy on the past: ask for a backtest, watch it, read what it found."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from starlette.responses import Response

from headgate.channel.masters import decode_cursor, encode_cursor
from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.present import backtests as present
from headgate.console.views.backtests import AskView, BacktestsView
from headgate.console.views.common import Notice
from headgate.console.visit import Answer, Door, Go, Shown, Visit
from headgate.kernel.errors import Conflict, HeadgateError, Invalid, NotFound, invalid
from headgate.kernel.phrases import phrase, sentence, worded
from headgate.policy import CompiledPolicy
from headgate.policy.backtest import (
    Run,
    Wanted,
    get_result,
    get_run,
    list_flips,
    list_runs,
    results_of,
)
from headgate.ui.web import problem_told

PAGE = 25
READ, TRY = ("policies.read",), ("policies.backtest",)
PICK = "version-"
KINDS = frozenset({"outcome", "approvals", "inner"})


def show_all(visit: Visit) -> Answer:
    """Backtests, newest first."""
    policy = visit.text("policy")
    found = list_runs(visit.conn, policy, before=_before(visit), limit=PAGE + 1)
    kept = found[:PAGE]
    results = results_of(visit.conn, [run.run for run in kept if run.status == "done"])
    names = names_of(visit, people={run.requested_by for run in kept})
    cursor = encode_cursor(kept[-1].requested_at.isoformat(), str(kept[-1].run)) if len(found) > PAGE else ""
    return BacktestsView(policy, present.rows(kept, results, names), visit.further(urls.BACKTESTS, cursor))


def ask(visit: Visit) -> Answer:
    """The form, with the usual days and the versions still to be decided about picked."""
    policy = visit.code("policy")
    begin, end = visit.day("from"), visit.day("to")
    if begin is None or end is None:
        first, last = visit.app.backtests.usual_days(visit.conn, policy, visit.today(), visit.tenant.timezone)
        begin, end = begin or first, end or last
    picked = [int(v) for v in visit.request.query_params.getlist("version") if v.isascii() and v.isdigit()][:5]
    return _form(visit, policy, picked, begin.isoformat(), end.isoformat())


def start(visit: Visit) -> Answer:
    """Start it; what is wrong is said in the form."""
    policy = visit.code("policy")
    names = [name.removeprefix(PICK) for name in visit.form if name.startswith(PICK)]
    picked = [int(v) for v in names if v.isascii() and v.isdigit() and len(v) < 10]
    first, last, text = visit.form.get("from", ""), visit.form.get("to", ""), visit.form.get("text", "").strip()
    try:
        texts = (("Pasted text", text),) if text else ()
        wanted = Wanted(policy, _day("from", first), _day("to", last), tuple(picked), texts)
        run = visit.app.backtests.start(visit.conn, visit.ctx, wanted)
    except (Invalid, NotFound, Conflict) as error:
        return Shown(_form(visit, policy, picked, first, last, text=text, error=_said(error)), 422)
    notice = (
        None
        if run.status == "done"
        else Notice("done", phrase("It has been asked for; this page shows how far it is."))
    )
    return Go(urls.backtest(run.run), notice)


def show(visit: Visit) -> Answer:
    """How far it is, or what it found."""
    run = get_run(visit.conn, visit.uuid("run"))
    if visit.part == "progress" and not run.under_way:
        return Response(headers={"HX-Refresh": "true"})
    result = get_result(visit.conn, run.run)
    place = _candidate(visit, len(run.candidates))
    filters = {"partner": visit.text("partner"), "product": visit.text("product"), "kind": visit.choice("kind", KINDS)}
    after = visit.cursor()
    behind = int(after) if after.isascii() and after.isdigit() and len(after) < 10 else 0
    flips = list_flips(visit.conn, run.run, place, after=behind, limit=PAGE + 1, **filters) if result else []
    kept = flips[:PAGE]
    told = result["candidates"][place]["partners"]["items"][: present.MOST_BARS] if result else []
    partners = {f.partner for f in kept} | {p["partner"] for p in told} | {filters["partner"]}
    products = {p["product"] for p in result["candidates"][place]["products"]["items"]} if result else set()
    people = {run.requested_by, run.cancelled_by or ""}
    versions = visit.app.policies.versions(visit.conn, run.policy)
    return present.view(
        run,
        result,
        kept,
        place=place,
        title=worded(versions[0].title) if versions else run.policy,
        filters=filters,
        more=visit.further(urls.backtest(run.run), str(kept[-1].place) if len(flips) > PAGE else ""),
        names=names_of(visit, people=people, partners=partners - {""}, products={*products, filters["product"]} - {""}),
        lens=visit.lens,
        may_cancel=visit.may(*TRY),
        tables=_tables(visit, run, place) if result and result["candidates"][place]["lacking"] else {},
    )


def _tables(visit: Visit, run: Run, place: int) -> dict[str, CompiledPolicy]:
    """The candidate as it was tried, and beside it the policies in force: whichever may miss a fact."""
    tried = visit.app.backtests.candidates(visit.conn, run.run)[place]
    return {**visit.app.policies.active(visit.conn, visit.now), run.policy: tried}


def cancel(visit: Visit) -> Answer:
    """Stop it."""
    run = visit.uuid("run")
    try:
        visit.app.backtests.cancel(visit.conn, visit.ctx, run)
    except Conflict as error:
        return Go(urls.backtest(run), Notice("risk", sentence(error.message)))
    return Go(urls.backtest(run), Notice("done", phrase("It is cancelled. Nothing of it was kept.")))


def show_flip(visit: Visit) -> Answer:
    """Why one decision flips."""
    run = get_run(visit.conn, visit.uuid("run"))
    place = visit.number("candidate") - 1
    if not 0 <= place < len(run.candidates):
        raise NotFound("there is nothing under this address")
    found = visit.app.backtests.explain(visit.conn, run.run, place, min(visit.number("place"), 2**31 - 1))
    table = visit.app.backtests.candidates(visit.conn, run.run)[place]
    names = names_of(
        visit,
        partners=[found.flip.partner] if found.flip.partner else [],
        products={pair.product for pair in found.pairs} - {""},
    )
    return present.flip_view(run, found, place, table, run.candidates[place].title, names, visit.lens)


def _form(
    visit: Visit, policy: str, picked: list[int], first: str, last: str, *, text: str = "", error: str = ""
) -> AskView:
    versions = visit.app.policies.versions(visit.conn, policy)
    if not versions:
        raise NotFound(phrase("there is no policy %(policy)s", policy=policy))
    if not picked and not error:
        picked = [v.version for v in versions if v.status in ("draft", "in_review", "approved")][:5]
    return AskView(
        policy=policy,
        title=worded(versions[0].title),
        choices=present.choices(versions, picked, visit.lens),
        first=first,
        last=last,
        presets=present.presets(policy, visit.today(), (first, last), picked),
        text=text,
        error=error,
    )


def _said(error: HeadgateError) -> str:
    problems = error.problems
    if not problems:
        return sentence(error.message)
    words = {"candidates": phrase("What to try"), "from": phrase("The first day"), "to": phrase("The last day")}
    first = problems[0]
    return problem_told(first, words.get(first.field, first.field))


def _day(name: str, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise invalid(name, value, "is not a date", "Write it like 2026-03-31.") from None


def _candidate(visit: Visit, count: int) -> int:
    value = visit.text("candidate")
    place = int(value) - 1 if value.isascii() and value.isdigit() and len(value) < 4 else 0
    return place if 0 <= place < count else 0


def _before(visit: Visit) -> tuple[datetime, UUID] | None:
    cursor = visit.cursor()
    if not cursor:
        return None
    at, run = decode_cursor(cursor, 2)
    try:
        return datetime.fromisoformat(at), UUID(run)
    except ValueError:
        raise invalid("cursor", cursor, "is not a cursor of this list", "Start again without it.") from None


DOORS = (
    Door("GET", urls.BACKTESTS, READ, show_all),
    Door("GET", urls.backtest("{run}"), READ, show),
    Door("POST", urls.backtest_cancel("{run}"), TRY, cancel),
    Door("GET", urls.backtest_flip("{run}", "{candidate}", "{place}"), READ, show_flip),
    Door("GET", urls.backtest_new("{policy}"), TRY, ask),
    Door("POST", urls.backtest_new("{policy}"), TRY, start),
)

"""Decide many approvals at once: pick, see what each leads to, decide. Each is bound to exactly what was seen."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from headgate.console import urls
from headgate.console.pages.held import news_for
from headgate.console.pages.loading import names_of
from headgate.console.pages.order import DECIDE
from headgate.console.present import bulk as present
from headgate.console.present.approving import named_in
from headgate.console.present.held import being_of
from headgate.console.present.names import Names
from headgate.console.views.bulk import OUTCOMES, Foretold, LeftOut, ManyCheckView, ManyDoneView, ManyView
from headgate.console.views.common import FormError
from headgate.console.visit import Answer, Door, Go, Later, Shown, Visit
from headgate.kernel.errors import Conflict, HeadgateError, Invalid
from headgate.kernel.phrases import joined, phrase
from headgate.process import Approval, Choice, desk, ways
from headgate.process.being_decided import being_decided
from headgate.process.bulk import MOST_AT_ONCE, Item, Taken, decide_each, stakes
from headgate.process.core.outlook import outlook
from headgate.process.holding import hold
from headgate.process.repo import approvals_of_cases, get_approvals

PICK, BEHALF = "pick:", "for:"
LONGEST_REASON = 2000


def choose(visit: Visit) -> Answer:
    """What waits for the reader, to pick from."""
    return _list(visit, None if visit.text("all") == "1" else (), "approve", "")


def check(visit: Visit) -> Answer:
    """What would become of each of those picked. Nothing is decided."""
    items, errors = _asked(visit)
    if errors:
        picked = [item.approval for item in items]
        return Shown(
            _list(visit, picked, visit.form.get("outcome", ""), visit.form.get("justification", ""), errors), 422
        )
    taken = decide_each(visit.conn, visit.ctx, visit.app.engine, items, only_check=True)
    good = [(each.asked, item) for each, item in zip(taken, items, strict=True) if each.asked and not each.error]
    names = _names(visit, taken, items)
    rows = []
    for asked, item in good:
        assert visit.voter is not None, "who may decide is a voter"
        after = outlook(asked, visit.voter, item.choice.on_behalf_of, item.choice.outcome, visit.now)
        row = present.many_row(asked, item.choice.on_behalf_of, (), names, visit.lens)
        rows.append(Foretold(row, present.then_of(after)))
    outcome, total = items[0].choice.outcome, stakes(taken)
    return ManyCheckView(
        outcome=outcome,
        title=present.title_of(outcome, len(rows), done=False),
        button=present.button_of(outcome, [each.row for each in rows], total, visit.lens),
        justification=items[0].choice.justification,
        items=tuple(rows),
        left_out=_left_out(visit, taken, names),
        stake=visit.lens.money(total),
    )


def decide(visit: Visit) -> Answer:
    """Decide them: held for a moment, so that it can be undone, unless the installation wants them to count at once."""
    items, errors = _asked(visit)
    if errors:
        raise Invalid(joined(" ", [each.message for each in errors]))
    seconds = visit.app.settings.undo_seconds
    return _hold(visit, items, seconds) if seconds else _at_once(visit, items)


def _hold(visit: Visit, items: Sequence[Item], seconds: int) -> Answer:
    proved_at = visit.live.session.proved_at if visit.live is not None else None
    held, taken = hold(visit.conn, visit.ctx, visit.app.engine, items, seconds, proved_at=proved_at)
    if held is None:
        return _done(visit, items, taken, ())
    if items[0].choice.outcome == "approve":
        # Takes back what was just held, until it was proved. What it would come to is then looked at again.
        visit.prove_for(stakes(taken), urls.APPROVALS, urls.APPROVALS_CHECK)
    return Go(urls.held(held))


def _at_once(visit: Visit, items: Sequence[Item]) -> Answer:
    """Let them take effect now, and tell what came of each."""
    taken = decide_each(visit.conn, visit.ctx, visit.app.engine, items)
    if items[0].choice.outcome == "approve":
        # Takes back what was just decided, as above.
        visit.prove_for(stakes(taken), urls.APPROVALS, urls.APPROVALS_CHECK)
    tenant, runner = visit.ctx.tenant_id, visit.app.runner()
    settled: set[int] = set()

    def run() -> None:
        settled.update(runner.settle_all(tenant, [each.seq for each in taken if each.seq is not None]))

    return Later(run, lambda after: _done(after, items, taken, settled))


def _done(visit: Visit, items: Sequence[Item], taken: Sequence[Taken], settled: Collection[int]) -> Answer:
    now = get_approvals(visit.conn, [each.approval for each in taken])
    names, rows, refused = _names(visit, taken, items), [], []
    for each, item in zip(taken, items, strict=True):
        after = now.get(each.approval)
        if each.seq is None or each.asked is None or after is None:
            refused.append(each)
            continue
        row = present.many_row(each.asked, item.choice.on_behalf_of, (), names, visit.lens)
        if any(vote.event_seq == each.seq for vote in after.votes):
            rows.append(Foretold(row, present.then_of(after)))
        elif each.seq in settled:
            refused.append(replace(each, error=Conflict("something else came in between, so it was not decided")))
        else:
            rows.append(Foretold(row, phrase("It is in the log and takes effect in a moment.")))
    total = sum((f.row.stake.amount for f in rows if f.row.stake is not None), Decimal(0))
    return ManyDoneView(
        title=present.title_of(items[0].choice.outcome, len(rows), done=True),
        items=tuple(rows),
        left_out=_left_out(visit, refused, names),
        stake=visit.lens.money(total),
    )


def _list(
    visit: Visit,
    picked: Collection[UUID] | None,
    outcome: str,
    justification: str,
    errors: tuple[FormError, ...] = (),
) -> ManyView:
    """The list; with `picked` None everything is picked."""
    waiting = desk.desk_tasks(visit.conn, visit.now, visit.reader, "mine", only_approvals=True, limit=MOST_AT_ONCE)
    order = list(dict.fromkeys(row["approval"] for row in waiting))
    found = get_approvals(visit.conn, order)
    mine = {each: found[each] for each in order if each in found and visit.voter and ways(found[each], visit.voter)}
    behalf = {each: _whose(visit, approval) for each, approval in mine.items()}
    names = names_of(
        visit,
        people=[who for who in behalf.values() if who],
        partners=[a.partner for a in mine.values() if a.partner],
    )
    being = being_decided(visit.conn, visit.me.id, list(mine))
    chosen = set(mine) - set(being) if picked is None else set(picked)
    sums = visit.sums["decisions"]
    return ManyView(
        rows=tuple(
            replace(present.many_row(a, behalf[each], chosen, names, visit.lens), being=being_of(being.get(each)))
            for each, a in mine.items()
        ),
        matching=sums.count,
        stake=visit.lens.money(sums.stake),
        outcome=outcome if outcome in {each.value for each in OUTCOMES} else "approve",
        justification=justification,
        errors=errors,
        news=news_for(visit),
    )


def _whose(visit: Visit, approval: Approval) -> str:
    """'' where the reader decides in their own right, else the first delegator for whom they may."""
    found = ways(approval, visit.voter) if visit.voter is not None else ()
    return "" if "" in found or not found else found[0]


def _asked(visit: Visit) -> tuple[list[Item], tuple[FormError, ...]]:
    """What the form asks for, and what is missing in it."""
    form, errors = visit.form, []
    outcome, reason = form.get("outcome", ""), form.get("justification", "").strip()
    items = []
    for name, digest in form.items():
        if not name.startswith(PICK):
            continue
        try:
            approval = UUID(name.removeprefix(PICK))
        except ValueError:
            raise Invalid("This form is not one of ours; open the list again.") from None
        whose = form.get(f"{BEHALF}{approval}", "")
        items.append(Item(approval, Choice(outcome, reason, digest, whose)))
    if not items:
        errors.append(FormError("picks", phrase("Pick at least one request.")))
    if len(items) > MOST_AT_ONCE:
        errors.append(FormError("picks", phrase("Pick at most %(most_at_once)s at once.", most_at_once=MOST_AT_ONCE)))
    if outcome not in {each.value for each in OUTCOMES}:
        errors.append(FormError("outcome", phrase("Choose what to decide.")))
    if not 3 <= len(reason) <= LONGEST_REASON:
        errors.append(
            FormError(
                "justification",
                phrase(
                    "Say in a few words why, in at most %(longest_reason)s characters.", longest_reason=LONGEST_REASON
                ),
            )
        )
    return items, tuple(errors)


def _names(visit: Visit, taken: Sequence[Taken], items: Sequence[Item]) -> Names:
    asked = [each.asked for each in taken if each.asked is not None]
    named = {found for each in taken if each.error for found in named_in(each.error.message)}
    people = {item.choice.on_behalf_of for item in items if item.choice.on_behalf_of} | named
    return names_of(visit, people=people, partners=[a.partner for a in asked if a.partner])


def _left_out(visit: Visit, taken: Sequence[Taken], names: Names) -> tuple[LeftOut, ...]:
    """Those that cannot be decided, each with what is asked in its place now."""
    refused: list[tuple[Taken, HeadgateError]] = [(each, each.error) for each in taken if each.error is not None]
    cases = [each.asked.case_id for each, _ in refused if each.asked is not None]
    known = approvals_of_cases(visit.conn, cases) if cases else {}
    return tuple(
        present.left_out(
            each.asked,
            error,
            present.replaced_in(known, each.asked) if each.asked is not None else None,
            names,
            visit.lens,
        )
        for each, error in refused
    )


DOORS = (
    Door("GET", urls.APPROVALS, DECIDE, choose),
    Door("POST", urls.APPROVALS_CHECK, DECIDE, check),
    Door("POST", urls.APPROVALS_DECIDE, DECIDE, decide),
)

"""Acts on tasks of the queue: looked at before they are done, done to each that allows it, and undone."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import cast
from uuid import UUID

from headgate.access import accounts_in_roles
from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.present import work as present
from headgate.console.views.common import FormError, Notice, Option
from headgate.console.views.handling import HandledRow, HandleView
from headgate.console.visit import Answer, Door, Go, Shown, Visit
from headgate.kernel.errors import HeadgateError, Invalid, NotFound, invalid
from headgate.kernel.phrases import Phrase, counted, joined, phrase, sentence
from headgate.process import desk
from headgate.process.handling import MOST_AT_ONCE, Act, Handled, Kind, handle

# What the page says before, on its button, and after: of one task and of several.
WORDS: Mapping[str, tuple[str, str, str, str]] = {
    "take": (phrase("Take"), phrase("Take"), phrase("The task is yours now."), "%(count)s tasks are yours now."),
    "give_back": (
        phrase("Give back"),
        phrase("Give back"),
        phrase("You gave the task back; anybody of the role can take it."),
        "You gave %(count)s tasks back.",
    ),
    "hand_over": (
        phrase("Hand over"),
        phrase("Hand over"),
        phrase("You handed the task over."),
        "You handed %(count)s tasks over.",
    ),
    "snooze": (
        phrase("Snooze"),
        phrase("Snooze"),
        phrase("The task sleeps until then."),
        "%(count)s tasks sleep until then.",
    ),
    "wake": (
        phrase("Wake"),
        phrase("Wake"),
        phrase("The task is back in your list."),
        "%(count)s tasks are back in your list.",
    ),
    "put_back": (phrase("Undo"), phrase("Undo"), "Undone.", "Undone for %(count)s tasks."),
}
ASKED = ("take", "give_back", "hand_over", "snooze")


def show(visit: Visit) -> Answer:
    """What an act would do to each of the tasks chosen."""
    kind = visit.choice("act", ASKED)
    tasks = _tasks(visit.request.query_params.getlist("task"))
    if not kind or not tasks:
        return Go(_back(visit.text("scope")), Notice("waiting", phrase("Choose tasks first.")))
    return _page(visit, cast(Kind, kind), tasks, visit.text("scope"), {})


def act(visit: Visit) -> Answer:
    """Do it, and say what was done and what was not."""
    form = visit.form
    kind, scope = form.get("act", ""), form.get("scope", "")
    was = _was(form.get("was", "")) if kind == "put_back" else {}
    tasks = list(was) or _tasks(form.get("tasks", "").split())
    try:
        wanted = Act(cast(Kind, kind), form.get("to", ""), _until(visit), form.get("reason", ""), was)
        done = handle(visit.conn, visit.ctx, visit.app.engine, tasks, wanted)
    except Invalid as error:
        if kind not in ("hand_over", "snooze"):
            raise
        return Shown(_page(visit, cast(Kind, kind), tasks, scope, form, error), 400)
    return Go(_back(scope, kind, done), _said(kind, done))


def _said(kind: str, done: Sequence[Handled]) -> Notice:
    changed = [each for each in done if each.error is None]
    refused = [each.error for each in done if each.error is not None]
    text: Phrase | str = ""
    if changed:
        text = counted(WORDS[kind][2], WORDS[kind][3], len(changed))
    if refused:
        why = sentence(joined("; ", dict.fromkeys(error.message for error in refused)))
        left = phrase("%(refused)s left as they were: %(why)s", refused=len(refused), why=why)
        text = joined(" ", [text, left] if text else [left]) if len(done) > 1 else why
    return Notice("done" if not refused else "waiting", text)


def _back(scope: str, kind: str = "", done: Sequence[Handled] = ()) -> str:
    """The list one came from, with what it takes to undo what was just done."""
    changed = [each for each in done if each.error is None]
    undo = ""
    if kind in ("take", "give_back", "hand_over", "snooze") and changed:
        undo = _undo_text({each.task: each.before for each in changed})
    known = scope if scope in present.SCOPES and scope != "mine" else ""
    return urls.query(urls.WORK, [("scope", known), ("undo", undo)])


def _page(
    visit: Visit, kind: Kind, tasks: Sequence[UUID], scope: str, form: Mapping[str, str], error: Invalid | None = None
) -> HandleView:
    rows = desk.tasks_of(visit.conn, visit.now, visit.reader, tasks)
    if not rows:
        raise NotFound("these tasks are not open any more")
    found = [row["task"] for row in rows]
    names = names_of(
        visit,
        people=[r["assignee"] for r in rows if r["assignee"]],
        partners=[r["partner"] for r in rows if r["partner"]],
    )
    refusals = _refusals(visit, kind, found)
    shown = present.task_rows(rows, names, visit.lens)
    ready = [row for row in rows if row["task"] not in refusals]
    return HandleView(
        act=kind,
        title=WORDS[kind][0],
        verb=WORDS[kind][1],
        rows=tuple(HandledRow(row, refusals.get(row.task, "")) for row in shown),
        ready=len(ready),
        stake=visit.lens.money(sum((r["stake"] for r in ready if r["stake"] is not None), start=0)),
        back=_back(scope),
        people=_people(visit, rows) if kind == "hand_over" else (),
        times=_times(visit) if kind == "snooze" else (),
        values={"scope": scope, **form},
        errors=() if error is None else tuple(FormError(e.field, e.fix or sentence(e.message)) for e in error.problems),
        reason_needed=kind == "snooze" or any(r["assignee"] not in (None, visit.me.id) for r in ready),
    )


def _refusals(visit: Visit, kind: Kind, tasks: Sequence[UUID]) -> dict[UUID, str]:
    """Why nothing would be done, by task; tried with what is surely right for the rest."""
    trial = Act(kind, visit.me.id, visit.now + timedelta(minutes=1), phrase("looked at"))
    tried = handle(visit.conn, visit.ctx, visit.app.engine, tasks, trial, only_check=True)
    return {each.task: sentence(each.error.message) for each in tried if each.error is not None}


def _people(visit: Visit, rows: Sequence[Mapping[str, object]]) -> tuple[Option, ...]:
    """Who can get the work: people that hold a role of every task chosen."""
    wanted = [{str(r["role"]), str(r["also_role"])} - {""} for r in rows]
    accounts = accounts_in_roles(visit.conn, sorted(set().union(*wanted)), visit.now)
    return tuple(
        Option(a.principal, a.name)
        for a in sorted(accounts, key=lambda a: a.name)
        if a.kind == "person" and a.partner is None and all(roles & set(a.roles) for roles in wanted)
    )


def _times(visit: Visit) -> tuple[Option, ...]:
    """When a snooze may end: later today, and mornings at nine of the reader's own clock."""
    zone = visit.lens.fmt.zone
    now = visit.now.astimezone(zone)
    nine = [datetime.combine(now.date() + timedelta(days=n), time(9), zone) for n in range(1, 8)]
    monday = next(at for at in nine if at.weekday() == 0)
    fmt = visit.lens.fmt
    offered = {
        phrase("In an hour"): visit.now + timedelta(hours=1),
        phrase("In four hours"): visit.now + timedelta(hours=4),
        phrase("Tomorrow morning"): nine[0],
        phrase("Monday morning"): monday,
    }
    return tuple(Option(at.isoformat(), f"{fmt.say(label)} · {fmt.minute(at)}") for label, at in offered.items())


def _until(visit: Visit) -> datetime | None:
    text = visit.form.get("until", "")
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise invalid("until", text, "is not a time", "Choose one of the list.") from None
    return at if at.tzinfo else at.replace(tzinfo=visit.lens.fmt.zone)


def _tasks(texts: Sequence[str]) -> list[UUID]:
    try:
        return list(dict.fromkeys(UUID(text) for text in texts[: MOST_AT_ONCE + 1]))
    except ValueError:
        raise NotFound("there is no such task") from None


def _undo_text(was: Mapping[UUID, str | None]) -> str:
    """Who had which tasks, short enough for an address: `principal=` and ids in base64, for each who had any."""
    held: dict[str, list[str]] = {}
    for task, who in was.items():
        held.setdefault(who or "", []).append(urlsafe_b64encode(task.bytes).decode().rstrip("="))
    return " ".join(f"{who}={'.'.join(ids)}" for who, ids in held.items())


def _was(text: str) -> dict[UUID, str | None]:
    """The opposite of `_undo_text`. Raises `NotFound` for what is none of ours."""
    found: dict[UUID, str | None] = {}
    for part in text.split()[:MOST_AT_ONCE]:
        who, _, ids = part.rpartition("=")
        try:
            tasks = [UUID(bytes=urlsafe_b64decode(f"{each}==")) for each in ids.split(".")[: MOST_AT_ONCE + 1]]
        except ValueError:
            raise NotFound("there is no such task") from None
        found |= dict.fromkeys(tasks, who or None)
    return found


def undo_of(visit: Visit) -> str:
    """What the address says can be undone; '' when it is nothing of ours."""
    text = visit.request.query_params.get("undo", "")[:8000]
    try:
        return text if text and _was(text) else ""
    except HeadgateError:
        return ""


DOORS = (
    Door("GET", urls.WORK_ACT, ("cases.read",), show),
    Door("POST", urls.WORK_ACT, ("cases.read",), act),
)

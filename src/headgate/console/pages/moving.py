"""Move running cases to another version of their process: rehearse it, then let it happen and watch how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.present import moving as present
from headgate.console.views.common import FormError, Notice
from headgate.console.views.moving import MigrationView, MoveView
from headgate.console.visit import Answer, Door, Go, Later, Shown, Visit
from headgate.kernel.errors import Conflict, Invalid, NotFound
from headgate.kernel.phrases import phrase, sentence
from headgate.process import Definition
from headgate.process.core.differences import Difference, differences
from headgate.process.core.moving import Renaming
from headgate.process.migration.rehearsal import rehearse
from headgate.process.migration.service import go_on, migration_of, migrations_of, start, undo

READ, MOVE = ("cases.read",), ("processes.migrate",)
# What one request queues and applies; the page asks again until all are through.
BATCH = 200
_LONGEST, _MOST_FIELDS = 100, 400


def ask(visit: Visit) -> Answer:
    """Which version, and once one is chosen what moving there would do. Nothing is written."""
    fields = {k: v.replace("\0", "")[:_LONGEST] for k, v in list(visit.request.query_params.items())[:_MOST_FIELDS]}
    return _rehearsal(visit, fields, ())


def begin(visit: Visit) -> Answer:
    """Decide it; the first cases are moved at once."""
    process, form = visit.code("process"), visit.form
    to = _number(form.get("to", ""))
    try:
        with visit.conn.transaction():
            found = start(
                visit.conn,
                visit.ctx,
                visit.app.engine,
                process,
                to or 0,
                present.renaming_of(form),
                form.get("reason", ""),
                _number(form.get("from", "")),
            )
    except (Invalid, Conflict) as error:
        field = "reason" if any(problem.field == "reason" for problem in error.problems) else ""
        said = phrase("Say in a few words why; it stays in the record.") if field else sentence(error.message)
        return Shown(_rehearsal(visit, form, (FormError(field, said),)), 422)
    return _advance(visit, found)


def show(visit: Visit) -> Answer:
    """How far a migration is."""
    return _progress(visit, visit.uuid("migration"))


def carry_on(visit: Visit) -> Answer:
    """Move the next cases, forward or back."""
    found = visit.uuid("migration")
    migration_of(visit.conn, found)
    return _advance(visit, found)


def take_back(visit: Visit) -> Answer:
    """Move back what was moved and has not gone on since."""
    found = visit.uuid("migration")
    try:
        undo(visit.conn, visit.ctx, found)
    except Conflict as error:
        return Go(urls.migration(found), Notice("risk", sentence(error.message)))
    return _advance(visit, found)


def _advance(visit: Visit, found: UUID) -> Later:
    """Queue the next cases and let them be applied, each in a transaction of its own; then say how far it is."""

    def run() -> None:
        app, tenant = visit.app, visit.ctx.tenant_id
        with app.database.transaction(tenant) as conn:
            go_on(conn, replace(visit.ctx, now=app.clock.now()), app.engine, found, BATCH)
        app.runner().drain(tenant)

    def tell(after: Visit) -> Answer:
        return _progress(after, found) if after.part == "progress" else Go(urls.migration(found))

    return Later(run, tell)


def _rehearsal(visit: Visit, fields: Mapping[str, str], errors: tuple[FormError, ...]) -> MoveView:
    process = visit.code("process")
    installed = visit.app.engine.definitions.installed(visit.conn)
    definitions = {v: d for (p, v), d in installed.versions.items() if p == process}
    if not definitions:
        raise NotFound(phrase("there is no process %(process)s", process=process))
    active = installed.current.get(process)
    current = active.version if active is not None else None
    past = migrations_of(visit.conn, process)
    to = _number(fields.get("to", ""))
    if to not in definitions:
        return present.move_view(definitions, current, past, current=current, fields=fields, errors=errors)
    only = _number(fields.get("from", ""))
    try:
        renaming = present.renaming_of(fields)
        found = rehearse(visit.conn, visit.app.engine.definitions, process, to, renaming, only)
    except (Invalid, NotFound) as error:  # an old address, or one made by hand
        errors = (*errors, FormError("", sentence(error.message)))
        found = rehearse(visit.conn, visit.app.engine.definitions, process, to, Renaming())
    before = {group.from_version for group in found.groups}
    changes = differences(definitions[max(before)], definitions[to]) if before else _against(definitions, to)
    return present.move_view(
        definitions, to, past, current=current, found=found, changes=changes, fields=fields, errors=errors
    )


def _against(definitions: Mapping[int, Definition], to: int) -> list[Difference]:
    """Against the version before, where no case runs that would tell."""
    older = [v for v in definitions if v < to]
    return differences(definitions[max(older)], definitions[to]) if older else []


def _progress(visit: Visit, migration: UUID) -> MigrationView:
    found = migration_of(visit.conn, migration)
    head = next(each for each in migrations_of(visit.conn, found.process) if each["migration"] == migration)
    definition = visit.app.engine.definitions.versions(visit.conn, [(found.process, found.to)]).get(
        (found.process, found.to)
    )
    return present.migration_view(
        found,
        head,
        definition.title if definition is not None else found.process,
        names_of(visit, people=[head["started_by"]]),
        may_act=visit.may(*MOVE),
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


DOORS = (
    Door("GET", urls.process_move("{process}"), MOVE, ask),
    Door("POST", urls.process_move("{process}"), MOVE, begin),
    Door("GET", urls.migration("{migration}"), READ, show),
    Door("POST", urls.migration_act("{migration}", "go-on"), MOVE, carry_on),
    Door("POST", urls.migration_act("{migration}", "take-back"), MOVE, take_back),
)

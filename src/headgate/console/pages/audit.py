"""The audit trail: search, one entry, and the verification of the whole chain, which runs beside the request."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from headgate.access import find_people
from headgate.channel.masters import decode_cursor, encode_cursor
from headgate.console import urls
from headgate.console.pages.loading import VERIFIED, last_verification, names_of, proofs_of
from headgate.console.present import audit as present
from headgate.console.present.history import about_whom, audit_lines
from headgate.console.views.audit import AuditFilters, AuditView, VerifyRun
from headgate.console.views.common import Notice, Option
from headgate.console.visit import Answer, Door, Go, Later, Visit
from headgate.kernel.context import Context
from headgate.kernel.errors import Forbidden, invalid
from headgate.kernel.phrases import phrase
from headgate.ledger import AuditDraft, AuditEntry, append_audit, audit_get, checkpoint_state, verify_audit
from headgate.ledger.log import NEWEST
from headgate.ledger.search import audit_head, audit_values, search_audit
from headgate.ui.actions import acted
from headgate.ui.words import humanise
from headgate.wiring import App

log = logging.getLogger("headgate.console")

PAGE = 50
# How long the answer waits for a verification to end before it shows how far it is.
PATIENCE_SECONDS = 1.5
PROOF = "proof"


def show(visit: Visit) -> Answer:
    """The trail, newest first."""
    filters = _filters(visit)
    entries = _search(visit, filters)
    kept, more = entries[:PAGE], entries[PAGE - 1].seq if len(entries) > PAGE else None
    whole = visit.part not in AuditView.parts
    verified = last_verification(visit)
    people = {who for entry in kept for who in (entry.actor, about_whom(entry)) if who} | (
        {verified.entry.actor} if verified.entry else set()
    )
    names = names_of(visit, people=people)
    head_seq, head_digest = audit_head(visit.conn)
    return AuditView(
        filters=filters,
        applied=present.applied(filters, visit.lens),
        actions=_options(visit, "action", acted) if whole else (),
        subject_types=_options(visit, "subject_type", humanise) if whole else (),
        entries=audit_lines(kept, proofs_of(visit, kept), verified.reached, names),
        entries_total=head_seq,
        head_seq=head_seq,
        head_digest=head_digest,
        verified=present.result_of(verified, names),
        can_verify=True,
        more=visit.further(urls.AUDIT, encode_cursor(str(more)) if more else ""),
        running=_running(visit),
        signed=checkpoint_state(visit.conn),
    )


def show_entry(visit: Visit) -> Answer:
    """One entry, with the state of its proof."""
    entry = audit_get(visit.conn, visit.number("seq"))
    if not visit.may("audit.read") and not present.own_subjects(entry):
        raise Forbidden(
            phrase(
                "%(id)s may not read entries about %(subject_type)s", id=visit.me.id, subject_type=entry.subject_type
            )
        )
    names = names_of(visit, people=[who for who in (entry.actor, about_whom(entry)) if who])
    return present.entry_view(entry, proofs_of(visit, [entry]).get(entry.seq), last_verification(visit), names)


def verify(visit: Visit) -> Answer:
    """Start a verification of the whole chain, unless one runs; the result is kept as an entry of the chain."""
    app, ctx = visit.app, visit.ctx
    return Later(lambda: RUNS.start(app, ctx), _started)


def progress(visit: Visit) -> Answer:
    """How far the verification is; the result when it has ended. For readers without scripts: the trail."""
    return _proof(visit) if visit.part == PROOF else Go(urls.AUDIT)


def _started(visit: Visit) -> Answer:
    if visit.part == PROOF:
        return _proof(visit)
    if _running(visit) is not None:
        return Go(
            urls.AUDIT,
            Notice("waiting", phrase("The chain is being verified. Load the page again to see how far it is.")),
        )
    failed = RUNS.failure(visit.ctx.tenant_id)
    if failed:
        return Go(
            urls.AUDIT, Notice("risk", phrase("The verification could not end: %(failed)s. Try again.", failed=failed))
        )
    return Go(urls.AUDIT, Notice("done", phrase("The chain was verified.")))


def _proof(visit: Visit) -> AuditView:
    """Only what the part `proof` shows."""
    verified = last_verification(visit)
    names = names_of(visit, people=[verified.entry.actor] if verified.entry else [])
    head_seq, head_digest = audit_head(visit.conn)
    result = present.result_of(verified, names)
    signed = checkpoint_state(visit.conn)
    return AuditView(
        AuditFilters(), (), (), (), (), head_seq, head_seq, head_digest, result, True, "", _running(visit), signed
    )


def _search(visit: Visit, filters: AuditFilters) -> list[AuditEntry]:
    actors = [filters.actor] if ":" in filters.actor or filters.actor == "system" else []
    if filters.actor and not actors:
        actors = find_people(visit.conn, filters.actor) or [filters.actor]
    return search_audit(
        visit.conn,
        text=filters.text,
        actors=actors,
        action=filters.action,
        subject_type=filters.subject_type,
        subject=filters.subject,
        since=visit.midnight(filters.since) if filters.since else None,
        until=visit.midnight(filters.until + timedelta(days=1)) if filters.until else None,
        before=_before(visit),
        limit=PAGE + 1,
    )


def _filters(visit: Visit) -> AuditFilters:
    return AuditFilters(
        text=visit.text("q"),
        actor=visit.text("actor"),
        action=visit.text("action"),
        subject_type=visit.text("subject_type"),
        subject=visit.text("subject"),
        since=visit.day("since"),
        until=visit.day("until"),
    )


def _options(visit: Visit, column: str, told: Callable[[str], str]) -> tuple[Option, ...]:
    return tuple(Option(value, told(value)) for value in audit_values(visit.conn, column))


def _before(visit: Visit) -> int:
    (text,) = decode_cursor(visit.cursor(), 1)
    if not text:
        return NEWEST
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise invalid("after", visit.cursor(), "is not a place in this list", "Start again without it.")
    return int(text)


def _running(visit: Visit) -> VerifyRun | None:
    return RUNS.state(visit.ctx.tenant_id)


@dataclass(slots=True)
class _Run:
    """A verification under way in this process."""

    what: str = "entries"
    done: int = 0
    total: int = 0
    failed: str = ""
    thread: threading.Thread | None = None

    def note(self, what: str, done: int, total: int) -> None:
        """Called by the verification every few thousand rows."""
        self.what, self.done, self.total = what, done, total


@dataclass(slots=True)
class Runs:
    """The verifications of this process, at most one per tenant: each reads a whole chain."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _runs: dict[UUID, _Run] = field(default_factory=dict)

    def start(self, app: App, ctx: Context, patience: float = PATIENCE_SECONDS) -> None:
        """Start one unless the tenant has one, and wait a moment for it: most chains are walked within it."""
        with self._lock:
            run = self._runs.get(ctx.tenant_id)
            if run is None or run.thread is None or not run.thread.is_alive():
                run = _Run()
                run.thread = threading.Thread(target=_verify, args=(app, ctx, run), name="verify-audit", daemon=True)
                self._runs[ctx.tenant_id] = run
                run.thread.start()
        if run.thread is not None:
            run.thread.join(patience)

    def state(self, tenant: UUID) -> VerifyRun | None:
        """How far the tenant's verification is; None when none is under way."""
        run = self._runs.get(tenant)
        alive = run is not None and run.thread is not None and run.thread.is_alive()
        return VerifyRun(run.what, run.done, run.total) if run is not None and alive else None

    def failure(self, tenant: UUID) -> str:
        """Why the tenant's last verification could not end, or ''."""
        run = self._runs.get(tenant)
        return run.failed if run is not None else ""


RUNS = Runs()


def _verify(app: App, ctx: Context, run: _Run, tell: Callable[[], float] = time.monotonic) -> None:
    """Walk the chain in one transaction, keep what was found in another: the walk itself writes nothing."""
    began = tell()
    try:
        with app.database.transaction(ctx.tenant_id, read_only=True) as conn:
            report = verify_audit(conn, progress=run.note, checks=app.content_checks())
        body = present.report_body(report, tell() - began)
        draft = AuditDraft(VERIFIED, "audit", "chain", ctx.principal.id, body)
        with app.database.transaction(ctx.tenant_id) as conn:
            append_audit(conn, app.clock.now(), [draft])
    except Exception as error:
        run.failed = type(error).__name__
        log.exception("a verification of the audit chain could not end")


READ = ("audit.read",)
DOORS = (
    Door("GET", urls.AUDIT, READ, show),
    Door("GET", urls.AUDIT_VERIFY, READ, progress),
    Door("POST", urls.AUDIT_VERIFY, READ, verify),
    # Whoever sees an order may see the entries that prove it.
    Door("GET", f"{urls.AUDIT}/{{seq}}", ("audit.read", "orders.read", "cases.read"), show_entry),
)

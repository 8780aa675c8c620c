"""Tables of the case engine. Every key begins with the tenant."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from headgate.store import tenant_table


def _ts(name: str, *, null: bool = True) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=null)


process_versions = tenant_table(
    "process_versions",
    Column("process", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("status", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("pack", Text, nullable=False, server_default=""),
    _ts("valid_from"),
    _ts("valid_until"),
    _ts("created_at", null=False),
    primary_key=("process", "version"),
    portal="read",
)

cases = tenant_table(
    "cases",
    Column("case_id", Uuid, nullable=False),
    Column("process", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("subject_type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("partner", Text),
    Column("stage", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("outcome", Text, nullable=False, server_default=""),
    Column("exceptions", ARRAY(Text), nullable=False, server_default="{}"),
    Column("owner_role", Text, nullable=False, server_default=""),
    Column("stake", Numeric),
    Column("currency", Text),
    Column("data", JSONB, nullable=False),
    _ts("opened_at", null=False),
    _ts("updated_at", null=False),
    _ts("closed_at"),
    _ts("due_at"),
    _ts("warn_at"),
    Column("sla_state", Text, nullable=False, server_default=""),
    primary_key=("case_id",),
)
cases.append_constraint(UniqueConstraint("tenant_id", "process", "key", name="uq_cases_process_key"))
Index("ix_cases_open", cases.c.tenant_id, cases.c.due_at, postgresql_where=cases.c.due_at.isnot(None))
# Those that had left the straight path, as the list shows them; the many that never did are not in it.
Index(
    "ix_cases_closed",
    cases.c.tenant_id,
    cases.c.closed_at,
    cases.c.case_id,
    postgresql_where=(cases.c.status == "closed") & (cases.c.sla_state != ""),
)
Index("ix_cases_subject", cases.c.tenant_id, cases.c.subject_type, cases.c.subject)

approvals = tenant_table(
    "approvals",
    Column("approval", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("subject_type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("partner", Text),
    Column("digest", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("barred", ARRAY(Text), nullable=False, server_default="{}"),
    _ts("requested_at", null=False),
    _ts("expires_at", null=False),
    Column("stake", Numeric),
    Column("currency", Text),
    Column("exceptions", ARRAY(Text), nullable=False, server_default="{}"),
    Column("summary", JSONB, nullable=False),
    _ts("decided_at"),
    Column("decision", Uuid),
    Column("branch", Text, nullable=False, server_default=""),
    _ts("paused_at"),  # since when its clocks stand still, while its stage waits for somebody outside
    primary_key=("approval",),
)
Index("ix_approvals_case", approvals.c.tenant_id, approvals.c.case_id)
Index(
    "ix_approvals_pending",
    approvals.c.tenant_id,
    approvals.c.requested_at,
    postgresql_where=approvals.c.status == "pending",
)
# What waits for a task: with this the planner has no choice that reads all that waits for each of many tasks.
Index(
    "ix_approvals_pending_of_case",
    approvals.c.tenant_id,
    approvals.c.case_id,
    approvals.c.branch,
    postgresql_where=approvals.c.status == "pending",
)

approval_steps = tenant_table(
    "approval_steps",
    Column("approval", Uuid, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("step", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("quorum", SmallInteger, nullable=False),
    Column("status", Text, nullable=False),
    _ts("due_at"),
    Column("sla_hours", Numeric, nullable=False),
    Column("escalate_to", Text, nullable=False, server_default=""),
    Column("escalated", SmallInteger, nullable=False, server_default="0"),
    Column("matrix_row", Text, nullable=False, server_default=""),
    Column("of_people", SmallInteger, nullable=False, server_default="0"),
    Column("veto", SmallInteger, nullable=False, server_default="0"),
    Column("note", Text, nullable=False, server_default=""),
    Column("keep_if", Text, nullable=False, server_default=""),
    Column("remind_hours", Numeric),
    primary_key=("approval", "level", "step"),
)

approval_votes = tenant_table(
    "approval_votes",
    Column("approval", Uuid, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("principal", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("on_behalf_of", Text, nullable=False, server_default=""),
    Column("outcome", Text, nullable=False),
    Column("justification", Text, nullable=False),
    Column("edit", JSONB),
    _ts("at", null=False),
    Column("event_seq", BigInteger, nullable=False),
    primary_key=("approval", "level", "principal"),
    app="append",
)

tasks = tenant_table(
    "tasks",
    Column("task", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("also_role", Text, nullable=False, server_default=""),
    Column("level", SmallInteger, nullable=False, server_default="0"),
    Column("assignee", Text),
    Column("status", Text, nullable=False),
    _ts("due_at"),
    Column("stake", Numeric),
    Column("currency", Text),
    Column("partner", Text),
    _ts("created_at", null=False),
    _ts("closed_at"),
    _ts("snoozed_until"),
    Column("branch", Text, nullable=False, server_default=""),
    # How far its case was escalated: 0 not, 1 to the first role above, and so on. What is higher stands first.
    Column("priority", SmallInteger, nullable=False, server_default="0"),
    primary_key=("task",),
)
Index("ix_tasks_open", tasks.c.tenant_id, tasks.c.due_at, postgresql_where=tasks.c.status == "open")
Index("ix_tasks_case", tasks.c.tenant_id, tasks.c.case_id)

timers = tenant_table(
    "timers",
    Column("timer", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("process", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False),
    _ts("fire_at", null=False),
    _ts("created_at", null=False),
    primary_key=("timer",),
)
timers.append_constraint(UniqueConstraint("tenant_id", "case_id", "name", name="uq_timers_case_name"))
Index("ix_timers_due", timers.c.tenant_id, timers.c.fire_at)

# Which case started which: written with the event that starts the child, before the child exists.
case_links = tenant_table(
    "case_links",
    Column("link", Uuid, nullable=False),
    Column("parent", Uuid, nullable=False),
    Column("parent_process", Text, nullable=False),
    Column("parent_key", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("branch", Text, nullable=False, server_default=""),
    Column("process", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("subject_type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("take", JSONB, nullable=False),
    Column("status", Text, nullable=False),  # started | detached | ended | cancelled
    Column("outcome", Text, nullable=False, server_default=""),
    _ts("started_at", null=False),
    _ts("ended_at"),
    primary_key=("link",),
)
Index("ix_case_links_parent", case_links.c.tenant_id, case_links.c.parent)
Index("ix_case_links_child", case_links.c.tenant_id, case_links.c.process, case_links.c.key)

# What a partner and staff write to each other about a case. `text` holds a marker; what it says is kept with personal
# values, so that it can be erased. `seen_at`: when the other side opened it first.
case_messages = tenant_table(
    "case_messages",
    Column("message", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("subject_type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("partner", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("author_name", Text, nullable=False),
    Column("from_staff", Boolean, nullable=False),
    Column("text", Text, nullable=False),
    _ts("at", null=False),
    _ts("seen_at"),
    primary_key=("message",),
    partner_column="partner",
)
Index("ix_case_messages_case", case_messages.c.tenant_id, case_messages.c.case_id, case_messages.c.at)
Index("ix_case_messages_partner", case_messages.c.tenant_id, case_messages.c.partner, case_messages.c.at)

# Forms that a partner has sent and that are not applied yet; `seq` is the event they were sent as.
sent_forms = tenant_table(
    "sent_forms",
    Column("kind", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("partner", Text, nullable=False),
    Column("fields", JSONB, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("sent_by", Text, nullable=False),
    _ts("sent_at", null=False),
    primary_key=("partner", "kind", "number"),
    partner_column="partner",
)
Index("ix_sent_forms_seq", sent_forms.c.tenant_id, sent_forms.c.seq)

# What a second person has to confirm before it is done; what needs no second is an event at once.
interventions = tenant_table(
    "interventions",
    Column("intervention", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),  # skip | retry | jump
    Column("at", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("take_back", Boolean, nullable=False),
    Column("status", Text, nullable=False),  # waiting | confirmed | turned_down | withdrawn
    Column("asked_by", Text, nullable=False),
    _ts("asked_at", null=False),
    _ts("seen", null=False),
    Column("decided_by", Text),
    _ts("decided_at"),
    primary_key=("intervention",),
)
Index("ix_interventions_case", interventions.c.tenant_id, interventions.c.case_id)

# Cases of older versions of a process on their way to a newer one.
migrations = tenant_table(
    "process_migrations",
    Column("migration", Uuid, nullable=False),
    Column("process", Text, nullable=False),
    Column("to_version", Integer, nullable=False),
    Column("mapping", JSONB, nullable=False),
    Column("reason", Text, nullable=False),
    Column("status", Text, nullable=False),  # running | queued | undoing | undone
    Column("started_by", Text, nullable=False),
    _ts("started_at", null=False),
    primary_key=("migration",),
)

migration_cases = tenant_table(
    "process_migration_cases",
    Column("migration", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("from_version", Integer, nullable=False),
    Column("from_stage", Text, nullable=False),
    Column("status", Text, nullable=False),  # queued | moved | stayed | undoing | undone | kept
    Column("why", Text, nullable=False, server_default=""),
    _ts("moved_at"),
    primary_key=("migration", "case_id"),
)

# Decisions that a person made about several approvals and can still take back, with what became of them. They are not
# in the log before they are carried out.
held_decisions = tenant_table(
    "held_decisions",
    Column("held", Uuid, nullable=False),
    Column("by", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("justification", Text, nullable=False),
    Column("status", Text, nullable=False),  # held | undone | carried_out | given_up
    _ts("held_at", null=False),
    _ts("due_at", null=False),
    _ts("next_at", null=False),
    Column("tries", SmallInteger, nullable=False, server_default="0"),
    _ts("ended_at"),
    _ts("seen_at"),  # when who made it took notice of how it ended
    _ts("proved_at"),  # when who made it had last proved who they are
    Column("stake", Numeric),
    primary_key=("held",),
)
Index(
    "ix_held_decisions_due",
    held_decisions.c.tenant_id,
    held_decisions.c.next_at,
    postgresql_where=held_decisions.c.status == "held",
)
Index("ix_held_decisions_by", held_decisions.c.tenant_id, held_decisions.c.by, held_decisions.c.held_at)

held_items = tenant_table(
    "held_decision_items",
    Column("held", Uuid, nullable=False),
    Column("place", SmallInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("approval", Uuid, nullable=False),
    Column("digest", Text, nullable=False),
    Column("on_behalf_of", Text, nullable=False, server_default=""),
    Column("status", Text, nullable=False),  # held | undone | decided | refused
    Column("event_seq", BigInteger),
    Column("problem", Text, nullable=False, server_default=""),
    Column("reason", JSONB),  # why it was refused: the phrase, and the values in it
    Column("edit", JSONB),  # what it changes, where it approves with changes
    primary_key=("held", "place"),
)
# Nobody decides the same request twice at the same time.
Index(
    "uq_held_decision_items_open",
    held_items.c.tenant_id,
    held_items.c.by,
    held_items.c.approval,
    unique=True,
    postgresql_where=held_items.c.status == "held",
)

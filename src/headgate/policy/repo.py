"""The policy floor's SQL. Row-level security limits every statement to the tenant of the transaction."""

from __future__ import annotations

_VERSION = """
    policy, version, title, status, encode(digest, 'hex'), author, approver, valid_from, valid_until, created_at, pack,
    editors, based_on, submitted_at, retire_at, emergency_by, emergency_reason, review_due, reviewed_by, reviewed_at,
    origin_slug, origin_name, origin_version, encode(origin_digest, 'hex')
"""

# A fresh draft, or a new text for one that is still a draft of the same author. No row: somebody was there before.
SAVE_DRAFT = f"""
insert into policy_versions (policy, version, title, body, digest, status, author, created_at, pack, based_on)
values (%(policy)s, %(version)s, %(title)s, %(body)s, %(digest)s, 'draft', %(author)s, %(now)s, %(pack)s, %(based_on)s)
on conflict (tenant_id, policy, version) do update
    set title = excluded.title, body = excluded.body, digest = excluded.digest, created_at = excluded.created_at
    where policy_versions.status = 'draft' and policy_versions.author = excluded.author
returning {_VERSION}
"""

# A copy of a version that was approved at a tenant above.
ADD_COPY = f"""
insert into policy_versions (
    policy, version, title, body, digest, status, author, approver, created_at, based_on, submitted_at, origin_tenant,
    origin_slug, origin_name, origin_version, origin_digest)
values (
    %(policy)s, %(version)s, %(title)s, %(body)s, %(digest)s, 'approved', %(author)s, %(approver)s, %(now)s,
    %(based_on)s, %(now)s, %(provider)s, %(slug)s, %(name)s, %(origin_version)s, %(origin_digest)s)
returning {_VERSION}
"""

# Whether the tenant has, or once had, a version of any of these.
KNOWN = "select 1 from policy_versions where policy = any(%(policies)s) limit 1"

# Policies of a pack in force at once, their texts kept for good as those of any draft.
BRING_IN = """
with made as (
    insert into policy_versions (
        policy, version, title, body, digest, status, author, approver, created_at, pack, submitted_at, valid_from)
    select policy, version, title, body, digest, 'active', %(author)s, %(approver)s, %(now)s, %(pack)s, %(now)s, %(now)s
    from unnest(%(policy)s::text[], %(version)s::int[], %(title)s::text[], %(body)s::text[], %(digest)s::bytea[])
        as p(policy, version, title, body, digest)
    returning policy, version, digest, body, author, created_at)
insert into policy_texts (policy, version, digest, body, saved_by, saved_at) select * from made
on conflict (tenant_id, policy, version, digest) do nothing
"""

# The caller has locked the row and seen that it is a draft.
EDIT_DRAFT = f"""
update policy_versions
set title = %(title)s, body = %(body)s, digest = %(digest)s, created_at = %(now)s,
    editors = case when author = %(by)s or %(by)s = any(editors) then editors else editors || %(by)s::text end
where policy = %(policy)s and version = %(version)s
returning {_VERSION}
"""

KEEP_TEXT = """
insert into policy_texts (policy, version, digest, body, saved_by, saved_at)
values (%(policy)s, %(version)s, %(digest)s, %(body)s, %(by)s, %(now)s)
on conflict (tenant_id, policy, version, digest) do nothing
"""

LAST_SAVED = """
select saved_by, saved_at from policy_texts
where policy = %(policy)s and version = %(version)s and digest = %(digest)s
"""

KEPT_TEXT = """
select body from policy_texts where policy = %(policy)s and version = %(version)s and digest = %(digest)s
"""

# Whoever changes which version decides when waits for the others of the tenant.
TURN = "select pg_advisory_xact_lock(hashtext('headgate.policies'), hashtext(current_setting('headgate.tenant')))"
LOCK_VERSIONS = f"select {_VERSION} from policy_versions where policy = %(policy)s order by version for update"
VERSIONS = f"select {_VERSION} from policy_versions where policy = %(policy)s order by version desc"
LIST = f"select {_VERSION} from policy_versions order by policy, version desc"
# What waits for somebody else than those who wrote it, the longest waiting first.
IN_REVIEW = f"""
select {_VERSION} from policy_versions
where status = 'in_review' and author <> %(who)s and %(who)s <> all (editors)
order by submitted_at, policy, version limit %(limit)s
"""
GET = f"select {_VERSION} from policy_versions where policy = %(policy)s and version = %(version)s"
BODY = "select body from policy_versions where policy = %(policy)s and version = %(version)s"

SET_STATUS = f"""
update policy_versions
set status = %(status)s, approver = coalesce(%(approver)s, approver)
where policy = %(policy)s and version = %(version)s
returning {_VERSION}
"""

SUBMITTED = "update policy_versions set submitted_at = %(now)s where policy = %(policy)s and version = %(version)s"

SET_END = """
update policy_versions set valid_until = %(at)s, retire_at = %(at)s
where policy = %(policy)s and version = %(version)s returning version
"""

CLEAR_WINDOW = """
update policy_versions set valid_from = null, valid_until = null, retire_at = null
where policy = %(policy)s and version = %(version)s
"""

SET_EMERGENCY = """
update policy_versions
set emergency_by = %(by)s, emergency_reason = %(reason)s, review_due = %(due)s
where policy = %(policy)s and version = %(version)s
"""

SET_REVIEWED = """
update policy_versions set reviewed_by = %(by)s, reviewed_at = %(now)s, approver = coalesce(approver, %(by)s)
where policy = %(policy)s and version = %(version)s
"""

# Told once: whoever finds them marks them in the same statement.
OVERDUE_REVIEWS = f"""
update policy_versions set alarmed_at = %(now)s
where emergency_by is not null and reviewed_at is null and alarmed_at is null and review_due <= %(now)s
returning {_VERSION}
"""

# Reviews that were made long ago have been told.
EMERGENCIES = f"""
select {_VERSION} from policy_versions
where emergency_by is not null and (reviewed_at is null or reviewed_at > %(now)s - interval '90 days')
order by policy, version
"""

EMERGENCIES_NAMED = f"""
select {_VERSION} from policy_versions
where emergency_by is not null and policy || '@' || version = any(%(names)s) order by policy, version
"""

ATTACH = """
insert into policy_evidence (policy, version, evidence, kind, digest, content, attached_by, attached_at)
values (%(policy)s, %(version)s, %(evidence)s, %(kind)s, %(digest)s, %(content)s::jsonb, %(by)s, %(now)s)
"""

EVIDENCE = """
select evidence, kind, encode(digest, 'hex'), content, attached_by, attached_at
from policy_evidence where policy = %(policy)s and version = %(version)s
order by attached_at desc, evidence desc limit %(limit)s
"""

SET_WINDOWS = """
update policy_versions v
set valid_from = w.valid_from, valid_until = w.valid_until
from unnest(%(version)s::int[], %(valid_from)s::timestamptz[], %(valid_until)s::timestamptz[])
    as w(version, valid_from, valid_until)
where v.policy = %(policy)s and v.version = w.version
"""

# The few columns that say which text decides when. Texts are fetched once per digest.
IN_FORCE = """
select digest from policy_versions
where status in ('active', 'retired') and valid_from <= %(at)s and (valid_until is null or %(at)s < valid_until)
order by policy
"""

# What decides at some instant from one on, and before another where there is one.
DURING = """
select digest, valid_from, valid_until from policy_versions
where status in ('active', 'retired') and valid_from is distinct from valid_until
  and (valid_until is null or %(start)s < valid_until)
  and (%(until)s::timestamptz is null or valid_from < %(until)s)
order by policy
"""

BODIES = "select digest, body from policy_versions where digest = any(%(digests)s)"

BODIES_OF = """
select digest, body from policy_versions
where (policy, version) in (select * from unnest(%(policy)s::text[], %(version)s::int[]))
"""

ORIGINS = """
select policy, version, origin_name, origin_version from policy_versions
where (policy, version) in (select * from unnest(%(policy)s::text[], %(version)s::int[])) and origin_slug is not null
order by policy, version
"""

TEXTS_OF = """
select policy, version, body from policy_versions
where (policy, version) in (select * from unnest(%(policy)s::text[], %(version)s::int[]))
"""

# Row ids are identifiers, so a comma keeps them apart.
RECORD_DECISIONS = """
insert into decisions
    (decision, at, policy, version, subject_type, subject, case_id, event_seq, outcome, row_ids, inputs, outputs,
     evaluations, digest)
select decision, at, policy, version, subject_type, subject, case_id, event_seq, outcome,
       string_to_array(row_ids, ','), inputs::jsonb, outputs::jsonb, evaluations::json, digest
from unnest(
    %(decision)b::uuid[], %(at)s::timestamptz[], %(policy)s::text[], %(version)s::int[], %(subject_type)s::text[],
    %(subject)b::text[], %(case_id)b::uuid[], %(event_seq)s::bigint[], %(outcome)s::text[], %(row_ids)b::text[],
    %(inputs)b::text[], %(outputs)b::text[], %(evaluations)b::text[], %(digest)b::bytea[]
) as d(decision, at, policy, version, subject_type, subject, case_id, event_seq, outcome, row_ids, inputs, outputs,
       evaluations, digest)
"""

_DECISION = """
    decision, at, policy, version, subject_type, subject, case_id, event_seq, outcome, row_ids, inputs, outputs,
    evaluations::text, encode(digest, 'hex')
"""

GET_DECISIONS = f"select {_DECISION} from decisions where decision = any(%(decisions)s)"

# Newest first; the cursor is the last row's instant and id.
LIST_DECISIONS = f"""
select {_DECISION} from decisions
where (at, decision) < (%(before_at)s, %(before_decision)s) {{filters}}
order by at desc, decision desc limit %(limit)s
"""

COUNT_DECISIONS = """
select policy, version, count(*) from decisions where at >= %(since)s group by policy, version
"""

DECISION_DAYS = """
select policy, (at at time zone %(zone)s)::date, count(*) from decisions where at >= %(since)s group by 1, 2
"""

# A decision made of several evaluations (an approval matrix asked about several exceptions) keeps them as a list.
COUNT_ROWS = """
select r.id, count(*) from decisions d
cross join lateral (
    select unnest(d.row_ids) as id where json_typeof(d.evaluations) <> 'array'
    union all
    select json_array_elements_text(e -> 'rows')
    from json_array_elements(case when json_typeof(d.evaluations) = 'array' then d.evaluations else '[]' end) e
) r
where d.policy = %(policy)s and d.version = %(version)s and d.at >= %(since)s group by r.id
"""

BROKEN_DECISIONS = """
select decision, event_seq, encode(digest, 'hex'), encode(sha256(convert_to(evaluations::text, 'UTF8')), 'hex')
from decisions where digest <> sha256(convert_to(evaluations::text, 'UTF8')) order by at, decision limit 100
"""

COUNT_ALL_DECISIONS = "select count(*) from decisions"

"""SQL of mails to those who have to decide. Row-level security limits every statement to the transaction's tenant."""

from __future__ import annotations

# The longest waiting first; nobody is asked while somebody outside has the ball. What has nobody to decide it now comes
# with the rest and is left.
PENDING = """
select approval from approvals where status = 'pending' and paused_at is null and expires_at > %(now)s
order by requested_at, approval limit %(limit)s
"""

# Who has taken the task of a level, and until when it sleeps: others are not asked about it.
TAKEN = """
select a.approval, t.level, t.assignee, t.snoozed_until
from approvals a join tasks t on t.case_id = a.case_id and t.branch = a.branch
where a.approval = any(%(approvals)s) and t.status = 'open' and t.kind = 'approval'
    and (t.assignee is not null or t.snoozed_until is not null)
"""

SENT = """
select approval, level, principal, max(turn), max(sent_at) from approval_mails
where approval = any(%(approvals)s) group by approval, level, principal
"""

NOTE = """
insert into approval_mails (approval, level, principal, turn, token_hash, sent_at, expires_at)
select a, l, p, t, h, %(now)s, e from unnest(
    %(approvals)s::uuid[], %(levels)s::smallint[], %(principals)s::text[], %(turns)s::smallint[],
    %(hashes)s::bytea[], %(ends)s::timestamptz[]) x(a, l, p, t, h, e)
"""

FIND = "select approval, principal, expires_at, followed_at from approval_mails where token_hash = %(token_hash)s"

FOLLOW = """
update approval_mails set followed_at = %(now)s
where token_hash = %(token_hash)s and principal = %(principal)s and followed_at is null and expires_at > %(now)s
returning approval
"""

FORGET = "delete from approval_mails where sent_at < %(before)s"

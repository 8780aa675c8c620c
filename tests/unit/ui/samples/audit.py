"""The audit trail."""

from __future__ import annotations

import json
from dataclasses import replace

from headgate.console.views.audit import AuditEntryView, AuditFilters, AuditView, VerifyCheck, VerifyResult
from headgate.console.views.common import (
    AppliedFilter,
    AuditLine,
    Option,
)
from tests.unit.ui.samples.base import (
    ANA,
    JONAS,
    MIRA,
    SHOP,
    SYSTEM,
    ago,
    uid,
)

ENTRIES = tuple(
    AuditLine(48602 - n, ago(minutes=5 * n), who, action, kind, subject, digest * 4, "verified" if n > 2 else "linked")
    for n, (who, action, kind, subject, digest) in enumerate(
        [
            (MIRA, "approval.voted", "approval", "12.4 % below contract", "9f2c11ab77e0d1c2"),
            (SYSTEM, "order.decided", "order", "WEB1-10044", "77ab02c4e1f09d33"),
            (SHOP, "order.submitted", "order", "WEB1-10044", "c0ffee12ab9034de"),
            (ANA, "policy.approved", "policy", "margin_floor@3", "19f0aa31cc55de02"),
            (JONAS, "case.noted", "case", "WEB1-10023", "33cd90ab12ef4410"),
            (SYSTEM, "timer.fired", "case", "WEB2-20398", "a0b1c2d3e4f50617"),
        ]
    )
)


VERIFIED = VerifyResult(
    at=ago(hours=1),
    by=MIRA,
    entries=48_602,
    seconds=3,
    head_seq=48602,
    head_digest="9f2c11ab77e0d1c2" * 4,
    checks=(
        VerifyCheck("entries hashed again from their stored content", 48_602, True),
        VerifyCheck("links from each entry to the one before", 48_601, True),
        VerifyCheck("events compared with the digest recorded for them", 31_877, True),
        VerifyCheck("numbers in sequence, none missing", 48_602, True),
        VerifyCheck("chain head", 1, True, "equals the last entry"),
    ),
)


AUDIT = AuditView(
    filters=AuditFilters(),
    applied=(),
    actions=(Option("approval.voted", "approval.voted"), Option("order.decided", "order.decided")),
    subject_types=(Option("order", "order"), Option("policy", "policy")),
    entries=ENTRIES,
    entries_total=48_602,
    head_seq=48602,
    head_digest="9f2c11ab77e0d1c2" * 4,
    verified=VERIFIED,
    can_verify=True,
    more="/audit?after=48597",
)


BROKEN_AUDIT = replace(
    AUDIT,
    applied=(AppliedFilter("About", "order WEB1-10023", "/audit"),),
    entries=(replace(ENTRIES[0], proof="broken"),),
    more="",
    verified=replace(
        VERIFIED,
        broken_at=31_204,
        broken_why="The stored content of entry 31,204 gives another hash than the one recorded.",
        checks=(replace(VERIFIED.checks[0], held=False, detail="at entry 31,204"), *VERIFIED.checks[1:]),
    ),
)


UNVERIFIED_AUDIT = replace(AUDIT, verified=None, entries=(), more="")


AUDIT_ENTRY = AuditEntryView(
    seq=48602,
    at=ago(minutes=30),
    actor=MIRA,
    action="approval.voted",
    subject_type="approval",
    subject="12.4 % below contract",
    subject_href="/approvals/1",
    named="",
    case_id=uid("c2"),
    event_seq=88_410,
    body=json.dumps(
        {
            "approval": str(uid("a1")),
            "digest": "b1946ac9…",
            "justification": "Fine for me if Ana agrees.",
            "level": 2,
            "outcome": "approve",
        },
        indent=2,
        ensure_ascii=False,
    ),
    previous="77ab02c4e1f09d33" * 4,
    digest="9f2c11ab77e0d1c2" * 4,
    proof="verified",
    verified_at=ago(hours=1),
    earlier=48601,
    later=None,
)

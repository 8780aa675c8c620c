"""Actions of the audit trail as people read them: `policy.sent_back` is *Policy: sent back*."""

from __future__ import annotations

from headgate.kernel.phrases import Phrase, joined
from headgate.ui.words import humanise

# What entries are about and what was done, in codes; their words are phrases.
SUBJECTS = (
    *("access_review", "agreement", "api_key", "approval", "audit", "backtest", "backup", "calendar", "case", "client"),
    *("client_tenant", "clock", "command", "credit_account", "customer", "deal", "deal_programme", "decisions"),
    *(
        "delegation",
        "device",
        "domain",
        "duties",
        "erasure",
        "event",
        "exemption",
        "fx_rate",
        "group_role",
        "guest",
        "hold",
    ),
    *("identity", "identity_provider", "import", "inheritance", "inventory", "mails", "master", "offer", "opportunity"),
    *("order", "parent", "partner", "passkey", "password", "policy", "portal", "price_exception", "principal"),
    *(
        "process",
        "product",
        "provisioning",
        "quarantine",
        "recovery_code",
        "recovery_codes",
        "retention",
        "return",
        "rma",
        "role",
    ),
    *("roles", "saved_view", "scim", "second_factor", "security", "session", "shipment", "sign_in", "sla", "source"),
    *("stock", "subcase", "subscription", "support", "task", "tax_rate", "tenant", "tenant_export", "territory"),
    *("timer", "token", "totp"),
)
VERBS = (
    *("account_changed", "account_created", "account_deactivated", "account_deleted", "account_failed"),
    *("account_linked", "account_reactivated", "account_refused", "account_unlinked", "group_failed", "group_linked"),
    *("group_refused", "group_unlinked", "run_asked", "run_cancelled", "run_finished", "target_activated"),
    *("target_changed", "target_checked", "target_created", "target_paused", "target_removed", "target_token_changed"),
    *("activated", "activity_recorded", "added", "adopted", "amended", "answered", "appealed", "approved", "asked"),
    *("assigned", "began", "brand_changed", "breached", "break_glass_used", "cancelled", "carried_out", "changed"),
    *("chosen", "completed", "confirmed", "consented", "created", "dead", "decided", "deleted", "deletion_asked"),
    *("deletion_confirmed", "deletion_withdrawn", "dismissed", "downloaded", "drafted", "emergency_applied", "ended"),
    *("emergency_reviewed", "entered", "escalated", "evidence_attached", "expired", "exported", "extension_requested"),
    *("failed", "finished", "fired", "forgotten", "given_up", "granted", "guest_asked", "guest_ended", "held"),
    *("inherited", "inspected", "intervened", "intervention_asked", "intervention_turned_down", "invited", "issued"),
    *("key_rotated", "lifted", "link_renewed", "linked", "locked", "lost", "made", "message_sent", "messages_read"),
    *("migrated", "migration_started", "migration_undone", "mitigation_approved", "mitigation_asked", "moved"),
    *("mitigation_ended", "named", "noted", "opened", "overridden", "parked", "paused", "placed", "placed_in_tree"),
    *("portal_host_set", "prepared", "proposed", "protection_ending", "proved", "published", "purged", "put_out"),
    *("quotas_set", "received", "recheck_requested", "recorded", "refused", "rejected", "released", "remembered"),
    *("removed", "renamed", "reopened", "replayed", "requested", "reset", "reset_asked", "restored", "resumed"),
    *("retired", "retirement_scheduled", "returned", "review_overdue", "reviewers_set", "revoked", "rotated"),
    *("rules_set", "secret_added", "secret_rotated", "secrets_retired", "sent", "sent_back", "set", "settling"),
    *("shared", "signed", "snoozed", "spared", "started", "submitted", "superseded", "suspended", "synchronised"),
    *("taken", "tested", "threshold_breached", "threshold_recovered", "undone", "unlinked", "unshared", "used"),
    *("user_changed", "user_created", "user_deleted", "group_changed", "group_created", "group_deleted", "verified"),
    *("viewed", "voted", "warned", "withdrawn", "woken", "won", "checkpoint_refused", "rewrite_detected"),
    *("confirmed_in_review", "filters_replaced", "unanswered", "late", "claimed", "found_again", "lapsed", "missing"),
    *("proven", "trusted"),
)


def acted(action: str) -> Phrase:
    """An action in words; one that a pack brought is told by its code."""
    subject, _, verb = action.partition(".")
    if not verb:
        return humanise(action)
    return joined(": ", (humanise(subject), humanise(verb).lower()))

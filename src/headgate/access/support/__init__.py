"""Support sees what somebody sees: with an administrator's consent, for a while, without acting, all audited."""

from headgate.access.support.service import (
    LOOKS_FOR,
    Consent,
    Look,
    Looking,
    begin_look,
    consent,
    end_look,
    is_support,
    list_consents,
    list_looks,
    note_page,
    open_look,
    read_look,
    support_tenant,
    withdraw,
)

__all__ = [
    "LOOKS_FOR",
    "Consent",
    "Look",
    "Looking",
    "begin_look",
    "consent",
    "end_look",
    "is_support",
    "list_consents",
    "list_looks",
    "note_page",
    "open_look",
    "read_look",
    "support_tenant",
    "withdraw",
]

"""Support in every state."""

from __future__ import annotations

from dataclasses import replace

from headgate.console.views.common import FormError, Option
from headgate.console.views.support import ConsentRow, LookRow, SupportLinkView, SupportView
from tests.unit.ui.samples.base import ago

_CONSENT = ConsentRow(
    "Ana Nord",
    "totals look wrong, ticket 4711",
    "active",
    ago(hours=-3),
    "Adam Adler",
    "/x",
)
SUPPORT = SupportView(
    consents=(_CONSENT, replace(_CONSENT, state="expired", until=ago(days=4)), replace(_CONSENT, state="revoked")),
    looks=(
        LookRow("operator:kim", "Ana Nord", "ticket 4711", ago(minutes=4), ago(minutes=-26), True),
        LookRow("operator:kim", "Ben Berg", "ticket 4700", ago(days=9), ago(days=9), False),
    ),
)
NO_SUPPORT = SupportView((), ())
REFUSED = replace(
    SUPPORT,
    error=FormError("hours", "Hours is not between 1 and 72."),
    people=(Option("ana@nordwind.example", "Ana Nord"), Option("ben@nordwind.example", "Ben Berg")),
    typed={"subject": "ana@nordwind.example", "hours": "99", "reason": "ticket 4711"},
)
LINK = SupportLinkView("/support/x")
LINK_OVER = SupportLinkView("/support/x", "this link was used, is over, or the consent was withdrawn")

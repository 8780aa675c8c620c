"""Guests as the client sees them: who asks, who may come in, who no more."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from headgate.access.tenancy import Guest
from headgate.console.present.guests import guests_page
from tests.unit.ui.samples.base import NOW, ago

ASKED = Guest(
    UUID(int=1),
    UUID(int=90),
    "westhafen",
    "Westhafen Systemhaus GmbH",
    "user:olga@westhafen.example",
    "Olga <b>Featherstonehaugh</b>-Schwarzenberger",
    ("operations", "tenant_admin"),
    "the quarterly upgrade of the ERP bridge, and whatever it brings to light",
    "provider:westhafen/user:otto@westhafen.example",
    ago(hours=2),
    ago(days=-7),
    "",
    None,
    None,
    None,
    None,
)
INSIDE = replace(
    ASKED,
    id=UUID(int=2),
    person_name="Otto Berg",
    person="user:otto@westhafen.example",
    roles=("support",),
    decision="granted",
    decided_by="user:ada@nordwind.example",
    decided_at=ago(days=1),
)
REVOKED = replace(INSIDE, id=UUID(int=3), ended_by="user:ada@nordwind.example", ended_at=ago(hours=1))
PAST = replace(INSIDE, id=UUID(int=4), valid_until=ago(days=1))
DECLINED = replace(ASKED, id=UUID(int=5), decision="refused", decided_by="user:ada@nordwind.example")
EVERY = [PAST, REVOKED, DECLINED, INSIDE, ASKED]
GUESTS = guests_page(EVERY, NOW)
NO_GUESTS = guests_page([], NOW)
REFUSED = guests_page(
    EVERY[:2], NOW, "olga may not hold finance and order_desk together: who enters orders does not approve exceptions"
)

"""Inheritance as a client and as a provider see it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from headgate.access import CustomRole
from headgate.access.inheritance import Fate, Fates, Inherited, Offered
from headgate.console.present.inheritance import choices, fate_rows, inherited_rows, offer_rows
from headgate.console.present.names import Names
from headgate.console.views.inheritance import InheritanceView
from tests.unit.ui.samples.base import NOW, ago
from tests.unit.ui.samples.brand import LENS

FOLLOWED = Inherited(
    "policy",
    "price_deviation",
    UUID(int=90),
    "westhafen",
    "Westhafen Systemhaus GmbH",
    UUID(int=1),
    4,
    "How far a price may be <b>off</b> the contract",
    "ab" * 32,
    True,
    ago(days=3),
    "following",
    UUID(int=1),
    4,
    2,
    "",
    "system",
    ago(days=3),
)
OWN = replace(FOLLOWED, name="margin_floor", title="What a line must earn", locked=False, state="overridden")
COMING = replace(
    FOLLOWED,
    name="order_release",
    title="Whether an order goes",
    effective_at=ago(days=-9),
    local_version=3,
    locked=False,
)
FAILED = replace(
    FOLLOWED,
    kind="role",
    name="desk-lead",
    title="Desk lead",
    taken=None,
    taken_version=None,
    local_version=None,
    problem="kim@nordwind.example holds finance besides and would have orders.write and approvals.decide: who enters"
    " orders does not approve their exceptions",
)
PACK = replace(FOLLOWED, kind="pack", name="channel_revenue", title="Channel revenue", version=1, locked=False)
GONE = replace(OWN, name="tax_rules", title="Which taxes apply", state="released")
EVERY = [GONE, PACK, COMING, OWN, FOLLOWED, FAILED]
OFFER = Offered(
    UUID(int=1),
    "policy",
    "price_deviation",
    4,
    "How far a price may be <b>off</b> the contract",
    "ab" * 32,
    True,
    ago(days=3),
    "user:ana@westhafen.example",
    "user:bo@westhafen.example",
    "user:olga@westhafen.example",
    ago(days=3),
    None,
    None,
)
OFFERS = [OFFER, replace(OFFER, id=UUID(int=2), kind="role", name="desk-lead", title="Desk lead", locked=False)]
ROLE = CustomRole("desk-lead", "Desk lead", "leads", frozenset(), frozenset(), 1, "active", "user:ada", NOW, None)
CHOICES = choices([], [ROLE], [("order_governance", "Order governance")], LENS)
NAMES = Names({}, {})
INHERITED = InheritanceView(inherited_rows(EVERY, LENS))
NOTHING = InheritanceView(())
FATES = Fates(
    {("policy", "price_deviation"): {"taken": 1, "changed": 1, "waiting": 1}, ("role", "desk-lead"): {"failed": 3}},
    tuple(
        Fate("nord", "Nord <b>Handel</b>", "policy", "price_deviation", OFFER.title, 4, fate, has, ago(hours=n))
        for n, (fate, has) in enumerate(
            [("changed", 4), ("declined", None), ("failed", 3), ("waiting", 3), ("elsewhere", None), ("taken", 4)], 1
        )
    ),
)
PROVIDER = InheritanceView(
    (),
    offer_rows(OFFERS, NAMES, NOW, FATES),
    True,
    CHOICES,
    {"what": "role:desk-lead"},
    fates=fate_rows(FATES),
    all_fates=900,
)
EMPTY_PROVIDER = InheritanceView((), (), True, (), {}, "cannot offer limits version 3: it is a draft")

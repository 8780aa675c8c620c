"""Pages of people and roles."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from headgate.access import ROLES, Account, MatrixVersion
from headgate.access.core.duties import SHIPPED, Matrix, clashes
from headgate.access.duties import Held, Holder, Mitigation
from headgate.console.present import duties
from headgate.console.present import people as present
from headgate.console.present.names import Names
from headgate.console.views.people import PeopleView
from tests.unit.ui.samples.base import NOW, ago

ADA = "user:ada@nordwind.example"
MAX = "user:max@nordwind.example"
HOLDERS = [
    Holder(
        MAX,
        "person",
        "Maximiliane Featherstonehaugh-Schwarzenberger",
        "max@nordwind.example",
        None,
        "active",
        ago(hours=2),
        (
            Held("finance", None, ago(days=-30), ADA, ago(days=40)),
            Held("order_desk", None, None, ADA, ago(days=400)),
            Held("support", ago(days=90), ago(days=10), ADA, ago(days=90)),
            Held("auditor", ago(days=-5), None, ADA, ago(days=1)),
        ),
    ),
    Holder("service:erp", "service", "ERP bridge", None, None, "active", None, ()),
    Holder("user:kim@kestrel.example", "person", "Kim Lee", None, "P-1007", "suspended", None, ()),
]
ALLOWED = {role: ROLES[role] for role in ("finance", "order_desk", "support", "auditor")}
_CLASHES = clashes({role: ALLOWED[role] for role in ("finance", "order_desk")}, SHIPPED)
_RULE = _CLASHES[0].rule
_CONTROL = Mitigation(
    id=UUID(int=1),
    principal=MAX,
    first=_RULE.first,
    second=_RULE.second,
    control="Fiona looks at every approval of Maximiliane's each Friday",
    valid_from=ago(days=3),
    valid_until=ago(days=-30),
    asked_by=ADA,
    asked_at=ago(days=3),
    approved_by="user:fiona@nordwind.example",
    approved_at=ago(days=3),
    ended_at=None,
    ended_by=None,
)
_BROKEN = {MAX: [(clash, None) for clash in _CLASHES]}
_NAMES = Names({ADA: Account(ADA, "person", "Ada Voss", None, None, "active", None, ago(days=500), ())}, {})
OPTIONS = present.role_options(())
PEOPLE = PeopleView(present.person_rows(HOLDERS, _BROKEN, _NAMES, (), NOW), "", "", OPTIONS, more="/people?after=x")
NOBODY = PeopleView((), "zzz", "", OPTIONS)
PERSON = present.person_page(
    HOLDERS[0], ALLOWED, [(clash, None) for clash in _CLASHES], (), _NAMES, NOW, may_grant=True
)
WATCHED_PERSON = replace(
    present.person_page(
        HOLDERS[0], ALLOWED, [(clash, _CONTROL) for clash in _CLASHES], (), _NAMES, NOW, may_grant=False
    )
)
REFUSED_PERSON = replace(
    PERSON,
    error="Max may not hold finance and order desk together: who enters orders does not approve their exceptions.",
    chosen="finance",
    until="2026-06-30",
)
NEW_PERSON = present.person_page(HOLDERS[2], {}, (), (), _NAMES, NOW, may_grant=True)
_MITIGATIONS = (_CONTROL, replace(_CONTROL, id=UUID(int=2), approved_at=None, approved_by=None))
DUTIES = duties.duties_page(SHIPPED, (), _MITIGATIONS, _NAMES, MAX, NOW, may_ask=True, may_decide=True)
_WAITING = MatrixVersion(3, SHIPPED.rules[1:], "asked for by internal audit", "proposed", ADA, ago(days=1), None, None)
PROPOSED_DUTIES = duties.duties_page(
    Matrix(2, SHIPPED.rules[2:]), (_WAITING,), (), _NAMES, MAX, NOW, may_ask=False, may_decide=True
)
OWN_DUTIES = duties.duties_page(SHIPPED, (_WAITING,), (), _NAMES, ADA, NOW, may_ask=True, may_decide=True)
REFUSED_DUTIES = duties.duties_page(
    SHIPPED,
    (),
    (),
    _NAMES,
    ADA,
    NOW,
    may_ask=True,
    may_decide=True,
    error="reason: is no reason. Say in 5 to 300 characters why they stay apart.",
    typed={"note": "we grew", "first-1": "orders.write", "second-1": "admin", "reason-1": "no"},
)

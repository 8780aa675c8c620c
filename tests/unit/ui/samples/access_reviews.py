"""Pages of access reviews."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from headgate.access import Account
from headgate.access.reviews import Progress, Review, ReviewConflict, ReviewItem
from headgate.console.present import access_reviews as present
from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.present.people import role_options
from headgate.console.views.access_reviews import AccessReviewsView, AccessReviewView
from headgate.kernel.context import Principal
from headgate.ui.format import Formatter
from tests.unit.ui.samples.base import NOW, ago
from tests.unit.ui.samples.people import ADA, MAX

FIONA = "user:fiona@nordwind.example"
CARL = "user:carl@nordwind.example"


def _account(principal: str, name: str, *roles: str) -> Account:
    return Account(principal, "person", name, None, None, "active", None, ago(days=500), roles)


_ACCOUNTS = {
    FIONA: _account(FIONA, "Fiona Castellanos-Oyelaran", "finance_director"),
    CARL: _account(CARL, "Carl Berg", "channel_manager"),
    ADA: _account(ADA, "Ada Voss", "tenant_admin"),
}
NAMES = Names(_ACCOUNTS, {})
OPEN = Review(
    UUID(int=1),
    "Access, first quarter, with everybody of the storefronts that were taken over last year",
    "all",
    "",
    (CARL, FIONA),
    "open",
    ADA,
    ago(days=3),
    ago(days=-11),
    0,
    None,
    None,
    "",
    None,
    Progress(412, 201, 9, 2),
)
LATE = replace(OPEN, id=UUID(int=2), title="Order desk", scope="role", role="order_desk", due_at=ago(days=4))
SIGNED = replace(
    OPEN,
    id=UUID(int=3),
    title="Access, last quarter",
    status="signed",
    closed_by=ADA,
    closed_at=ago(days=90),
    due_at=ago(days=88),
    statement="all grants were looked at by those who answer for them",
    digest=bytes(range(32)),
    progress=Progress(398, 380, 18, 0),
)
_RULE = ("orders.write", "approvals.decide", "who enters orders does not approve their exceptions")
_BARE, _WATCHED = (
    ReviewConflict(*_RULE, "order_desk"),
    ReviewConflict(*_RULE, "finance", "Fiona looks at every approval each Friday", "2026-06-30T00:00:00.000000Z"),
)
_ITEM = ReviewItem(
    item=1,
    principal=MAX,
    kind="person",
    name="Maximiliane Featherstonehaugh-Schwarzenberger",
    partner=None,
    account="active",
    role="finance",
    title="",
    granted_by=ADA,
    granted_at=ago(days=40),
    valid_from=None,
    valid_until=ago(days=-30),
    last_used=ago(hours=2),
    conflicts=(_BARE,),
    decision="",
    reason="",
    outcome="",
    decided_by=None,
    decided_at=None,
)
ITEMS = [
    _ITEM,
    replace(_ITEM, item=2, role="order_desk", valid_until=None, conflicts=(_WATCHED,), now="changed"),
    replace(_ITEM, item=3, principal=CARL, name="Carl Berg", role="channel_manager", conflicts=(), last_used=None),
    replace(
        _ITEM,
        item=4,
        principal="service:erp",
        kind="service",
        name="ERP bridge",
        role="erp_reader",
        title="ERP reader",
        conflicts=(),
        decision="keep",
        decided_by=CARL,
        decided_at=ago(hours=5),
    ),
    replace(
        _ITEM,
        item=5,
        principal="user:kim@kestrel.example",
        name="Kim Lee",
        partner="P-1007",
        account="suspended",
        role="partner_admin",
        conflicts=(),
        last_used=ago(days=200),
        decision="revoke",
        reason="left the company in spring and nobody told us",
        outcome="removed",
        decided_by=FIONA,
        decided_at=ago(hours=4),
        now="gone",
    ),
]


def _lens(who: str, *permissions: str) -> Lens:
    me, zone = Principal(who, "person", permissions=frozenset(permissions)), ZoneInfo("Europe/Berlin")
    return Lens(me, NOW, zone, "EUR", Formatter("en_GB", zone, NOW))


def _page(review: Review, who: str, *permissions: str, **more: Any) -> AccessReviewView:
    told: dict[str, Any] = {
        "shown": "",
        "text": "",
        "here": "/access-reviews/1",
        "pick_all": "/access-reviews/1?pick=all",
        **more,
    }
    items = told.pop("items", ITEMS)
    return present.review_page(review, items, NAMES, _lens(who, *permissions), **told)


_FORM = present.open_form(role_options(()), [_ACCOUNTS[FIONA], _ACCOUNTS[CARL]])
REVIEWS = AccessReviewsView(present.review_rows((LATE, OPEN, SIGNED), CARL, NOW), _FORM)
NO_REVIEWS = AccessReviewsView((), None)
REFUSED_OPENING = AccessReviewsView(
    (),
    present.open_form(
        role_options(()),
        [_ACCOUNTS[FIONA], _ACCOUNTS[CARL]],
        picked=(FIONA,),
        title="All",
        scope="role",
        role="finance",
        due="2020-01-01",
        error="due_at: is not within the next year (got 2020-01-02). Give reviewers a day to come.",
    ),
)
NOBODY_REVIEWS = AccessReviewsView((), present.open_form(role_options(()), ()))
DECIDING = _page(OPEN, CARL, "access.review", picked=None, more="/access-reviews/1?after=x")
REFUSED_DECISION = _page(
    LATE, FIONA, "access.review", picked=[1], decided=True, error="reason: is needed. Say why.", reason=""
)
SIGNING = _page(replace(OPEN, progress=Progress(412, 400, 12, 2)), ADA, "admin", "access.review", picked=())
CLOSED = _page(SIGNED, ADA, "admin", picked=())
EMPTY_TAB = _page(OPEN, ADA, "admin", picked=(), items=[], shown="unused", text="zzz")

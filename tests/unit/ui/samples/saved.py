"""Saved views: the bar above a list, and the page where they are kept in order."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from headgate.console import urls
from headgate.identity.saved.values import ListTab, SavedBar, SavedTab, Shelf, ViewRow

HREF = "/orders?status=held&partner=P-1&view=00000000-0000-0000-0000-000000000001"
LONG = "Held, over the credit limit, Österreich & Schweiz <b>only</b>"
MANY = SavedBar(
    views=(
        SavedTab("Held at Kestrel", HREF, opens=True, current=True),
        *(SavedTab(f"{LONG} {number}", f"/orders?q={number}") for number in range(12)),
        SavedTab("Below contract this quarter", "/orders?exception=price_deviation", own=False),
    ),
    current="Held at Kestrel",
    save="",
    manage=urls.WHERE.saved_views_of("orders"),
)
TO_SAVE = SavedBar((), "", urls.WHERE.saved_views_of("orders", "status=held"), urls.WHERE.saved_views_of("orders"))
CHANGED = replace(
    MANY,
    save=urls.WHERE.saved_views_of("orders", "status=held"),
    mark=str(UUID(int=1)),
    changed=True,
    replace=urls.WHERE.saved_view_filters(UUID(int=1)),
    list="orders",
    query="status=held",
)
LOST = replace(MANY, current=LONG, lost=("tier", "status"))

OWN = ViewRow(
    UUID(int=1),
    "Held at Kestrel",
    HREF,
    (("Status", "Held"), ("Partner", "P-1")),
    shared=True,
    is_default=True,
)
GONE = replace(
    OWN, view=UUID(int=2), name=LONG, filters=(), shared=False, is_default=False, lost=("tier",), href="/orders"
)
OTHERS = replace(
    OWN, view=UUID(int=3), name="Below contract this quarter", owner="Jonas Weber", can_delete=False, is_default=False
)
VIEWS = Shelf(
    where=urls.WHERE,
    list="orders",
    label="Orders",
    back=urls.ORDERS,
    tabs=(
        ListTab("Orders", urls.WHERE.saved_views_of("orders"), current=True),
        ListTab("My work", urls.WHERE.saved_views_of("work"), current=False),
        ListTab("Deals", urls.WHERE.saved_views_of("deals"), current=False),
    ),
    own=(OWN, GONE),
    others=(OTHERS, replace(OTHERS, view=UUID(int=4), name=LONG, can_delete=True, is_default=True)),
    can_share=True,
)
NO_VIEWS = replace(VIEWS, own=(), others=(), can_share=False)
NEW = replace(
    VIEWS, own=(replace(OWN, is_default=False),), others=(), query="status=held", filters=(("Status", "Held"),)
)
WRONG = replace(
    NEW,
    name="Held at Kestrel",
    shared=True,
    errors={"name": "You have a view of this name already. Choose another name."},
)
NOTHING = replace(NO_VIEWS, errors={"query": "Set a filter first; there is nothing to keep yet."})

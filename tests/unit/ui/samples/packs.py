"""The page of packs."""

from __future__ import annotations

from headgate.console.views.packs import PackRow, PacksView

_LINKS = tuple((f"/policies/p{n}", f"How <b>rule</b> {n} decides about orders of partners") for n in range(6))
PACKS = PacksView(
    (
        PackRow(
            "order_governance",
            "Governed <b>commerce</b>",
            "Orders are priced and checked.",
            1,
            "",
            2,
            "",
            _LINKS,
            (("/processes/x", "Release"), ("", "Nobody may open it")),
            ("held_orders",),
        ),
        PackRow(
            "channel_revenue",
            "Channel revenue",
            "",
            0,
            "Westhafen Systemhaus GmbH",
            1,
            "Westhafen Systemhaus GmbH",
            (),
            (),
            (),
        ),
    ),
    "nordwind",
)
NO_PACKS = PacksView((), "nordwind")

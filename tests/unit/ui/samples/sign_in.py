"""Sign-in, search, help and errors."""

from __future__ import annotations

from headgate.console import urls
from headgate.console.views.sign_in import DemoLogin, ErrorView, Hit, KeyboardView, SearchView, SignInView
from tests.unit.ui.samples.base import (
    HALBERD,
    uid,
)

SIGN_IN = SignInView(
    demo_logins=(
        DemoLogin("ana@nordwind.example", "Channel manager", "approves prices, sees every order"),
        DemoLogin("mira@nordwind.example", "Finance", "approves credit, second level of prices"),
        DemoLogin("jonas@nordwind.example", "Order desk", "fixes orders, adds notes"),
        DemoLogin("eva@nordwind.example", "Auditor", "reads everything, verifies the chain"),
    )
)


FAILED_SIGN_IN = SignInView(
    email="ana@nordwind.example", error="E-mail or password is not right. Check both and try again."
)


SEARCH = SearchView(
    words="halb",
    hits=(
        Hit("partner", "P-0007", HALBERD.name, "P-0007 · Germany · gold", urls.partner("P-0007"), "partner", "active"),
        Hit(
            "order",
            "WEB1-10023",
            "WEB1-10023",
            "Halberd Systems · €18,420.00 · 4 h ago",
            urls.order("WEB1-10023"),
            "order",
            "held",
        ),
        Hit(
            "agreement",
            "AG-2025-014",
            "Halberd frame agreement 2025",
            "AG-2025-014 · 48 terms",
            urls.agreement(uid("g1")),
            "version",
            "active",
        ),
    ),
    more=True,
)


NOTHING_FOUND = SearchView("xqz", ())


KEYBOARD = KeyboardView()


ERRORS = {
    403: ErrorView(403, trace="4f1c-88ab"),
    404: ErrorView(404),
    500: ErrorView(500, trace="4f1c-88ab"),
    409: ErrorView(409, "This agreement was changed by somebody else."),
}

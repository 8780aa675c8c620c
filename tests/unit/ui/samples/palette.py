"""The command palette, before and after typing."""

from headgate.console import urls
from headgate.console.views.palette import Choice, ChoiceGroup, PaletteView

PALETTE = PaletteView(
    "",
    (
        ChoiceGroup(
            "Most urgent for you",
            (Choice("12.4 % below contract on 3 lines", "inbox", "/approvals/1", "WEB1-10023 · 48 min left"),),
        ),
        ChoiceGroup("Go to", (Choice("Home", "home", urls.HOME, keys="g h"), Choice("My work", "inbox", urls.WORK))),
        ChoiceGroup("Do", (Choice("Use the dark theme", "moon", press="#me button[value=dark]"),)),
    ),
)
FOUND = PaletteView(
    "web1-1",
    (
        ChoiceGroup(
            "Orders",
            (
                Choice(
                    "WEB1-10023",
                    "receipt",
                    urls.order("WEB1-10023"),
                    "Halberd Systems GmbH · €18,420.00 · PO-7731",
                    state_kind="order",
                    state="held",
                ),
            ),
        ),
        ChoiceGroup("Everything", (Choice("Search everything for “web1-1”", "search", "/search?q=web1-1"),)),
    ),
)

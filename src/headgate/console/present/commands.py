"""The commands of the palette: every page, and what can be done from anywhere, with the words people look for it by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from headgate.console import urls
from headgate.console.navigation import NavCounts, navigation
from headgate.console.present.lens import Lens
from headgate.console.views.palette import Choice


@dataclass(frozen=True, slots=True)
class Command:
    """`needs`: any of these permissions, none for everybody. `words`: what else people call it."""

    label: str
    icon: str
    words: str
    href: str = ""
    press: str = ""
    keys: str = ""
    needs: tuple[str, ...] = ()


# Further pages than those of the navigation.
PAGES = (
    Command("Decide many approvals at once", "rubber-stamp", "bulk", urls.APPROVALS, needs=("approvals.decide",)),
    Command(
        "Out of office",
        "user-check",
        "away holiday vacation delegate deputy who decides for whom",
        urls.DELEGATIONS,
        needs=("cases.read", "admin", "audit.read"),
    ),
    Command("Who would be asked", "users", "preview approval matrix", urls.APPROVALS_PREVIEW, needs=("cases.read",)),
    Command("Work of my team", "users", "queue tasks colleagues", f"{urls.WORK}?scope=team", needs=("cases.read",)),
    Command(
        "Work nobody has taken", "inbox", "queue unassigned", f"{urls.WORK}?scope=unassigned", needs=("cases.read",)
    ),
    Command(
        "Orders that are held", "hourglass", "blocked waiting", f"{urls.ORDERS}?status=held", needs=("orders.read",)
    ),
    Command(
        "Cases at risk or overdue",
        "clock-exclamation",
        "late sla",
        f"{urls.CASES}?clock=at_risk",
        needs=("cases.read",),
    ),
    Command("Agreements", "file-certificate", "contracts price lists terms", urls.AGREEMENTS, needs=("orders.read",)),
    Command("Backtests", "history", "try policy past simulate", urls.BACKTESTS, needs=("policies.read",)),
    Command(
        "Messages to other systems",
        "link",
        "deliveries dead letters webhooks",
        urls.DELIVERIES,
        needs=("connections.read",),
    ),
    Command("Style guide", "table", "design system components tokens", urls.STYLEGUIDE),
)
ACTS = (
    Command("Use the light theme", "sun", "appearance bright", press="#me button[value=light]"),
    Command("Use the dark theme", "moon", "appearance night", press="#me button[value=dark]"),
    Command("Use the theme of this device", "device-desktop", "appearance system", press="#me button[value=system]"),
    Command("Show the keys", "keyboard", "shortcuts help", urls.KEYBOARD, press="[data-opens=keyboard]", keys="?"),
    Command("Sign out", "logout", "leave log off", press="#sign-out"),
)


def pages_for(lens: Lens, words: str) -> tuple[Choice, ...]:
    """The pages the reader may open whose names hold every word; all of the navigation when nothing is typed."""
    say = lens.fmt.say
    found = [
        (
            f"{say(item.label)} {item.label} {item.key}",
            Choice(say(item.label), item.icon, item.href, keys=f"g {item.shortcut}"),
        )
        for item in navigation(lens.me.permissions, NavCounts())
    ]
    if words:
        found += _offered(lens, PAGES)
    return tuple(choice for text, choice in found if _matches(text, words))


def acts_for(lens: Lens, words: str) -> tuple[Choice, ...]:
    """What can be done from anywhere, by the same rule."""
    return tuple(choice for text, choice in _offered(lens, ACTS) if _matches(text, words))


def _offered(lens: Lens, commands: Iterable[Command]) -> list[tuple[str, Choice]]:
    say = lens.fmt.say
    return [
        (
            f"{say(each.label)} {each.label} {each.words}",
            Choice(say(each.label), each.icon, each.href, press=each.press, keys=each.keys),
        )
        for each in commands
        if not each.needs or lens.may(*each.needs)
    ]


def _matches(text: str, words: str) -> bool:
    """Whether each word typed begins a word of the text."""
    known = text.lower().split()
    return all(any(each.startswith(word) for each in known) for word in words.lower().split())

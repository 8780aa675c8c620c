"""From guests to the pages that show them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from headgate.access.tenancy import Guest
from headgate.console.views.guests import GuestRow, GuestsView
from headgate.ui.words import humanise

_CAN = {"asked": ("grant", "refuse"), "in_force": ("revoke",)}


def guests_page(found: Sequence[Guest], now: datetime, error: str = "") -> GuestsView:
    """The client's page: those who wait first, then who may come in."""
    order = ("asked", "in_force", "over", "ended", "refused")
    rows = sorted(found, key=lambda each: order.index(each.state(now)))
    return GuestsView(tuple(guest_row(each, now) for each in rows), error)


def guest_row(each: Guest, now: datetime) -> GuestRow:
    """One guest."""
    state = each.state(now)
    return GuestRow(
        str(each.id),
        each.person_name,
        each.person.removeprefix("user:"),
        each.provider_name,
        tuple(map(humanise, each.roles)),
        each.reason,
        state,
        each.valid_until,
        each.asked_at,
        (each.ended_by or each.decided_by or each.asked_by).rpartition("/")[2].removeprefix("user:"),
        _CAN.get(state, ()),
    )

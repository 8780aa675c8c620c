"""Addresses of what is decided by: policies and their backtests, processes, calendars, agreements."""

from __future__ import annotations

from uuid import UUID

from headgate.console.url_parts import query, segment

AGREEMENTS = "/agreements"
POLICIES = "/policies"
BACKTESTS = "/backtests"
PROCESSES = "/processes"
MIGRATIONS = "/migrations"
CALENDARS = "/calendars"
CALENDAR_NEW = "/new-calendar"
CALENDAR_USES = "/calendar-uses"


def agreement(agreement_id: UUID | str) -> str:
    return f"{AGREEMENTS}/{agreement_id}"


def agreement_act(agreement_id: UUID | str, act: str) -> str:
    return f"{agreement(agreement_id)}/{segment(act)}"


def process(name: str) -> str:
    return f"{PROCESSES}/{segment(name)}"


def process_version(name: str, version: int) -> str:
    return f"{process(name)}/versions/{version}"


def process_file(name: str, version: int, form: str) -> str:
    return f"{process_version(name, version)}/files/{segment(form)}"


def process_move(name: str, to: int | None = None) -> str:
    """The rehearsal of moving the cases of a process, to a version where one is chosen."""
    return query(f"{process(name)}/move", [("to", "" if to is None else str(to))])


def migration(found: UUID | str) -> str:
    return f"{MIGRATIONS}/{found}"


def migration_act(found: UUID | str, act: str) -> str:
    return f"{migration(found)}/{segment(act)}"


def calendar(name: str, year: int | None = None) -> str:
    return query(f"{CALENDARS}/{segment(name)}", [("year", "" if year is None else str(year))])


def calendar_edit(name: str) -> str:
    return f"{calendar(name)}/edit"


def policy(name: str) -> str:
    return f"{POLICIES}/{segment(name)}"


def policy_version(name: str, version: int) -> str:
    return f"{policy(name)}/versions/{version}"


def policy_rows(name: str, version: int, after: int) -> str:
    """The part of a long decision table behind so many rows."""
    return query(policy_version(name, version), [("after", str(after) if after > 0 else "")])


def policy_row(name: str, version: int, row: str) -> str:
    """A row of a decision table; of a long one the part is shown in which it stands."""
    return f"{query(policy_version(name, version), [('row', row)])}#row-{segment(row)}"


def policy_act(name: str, version: int, act: str) -> str:
    return f"{policy_version(name, version)}/{segment(act)}"


def policy_export(name: str, version: int, form: str = "") -> str:
    """Of all forms, or of one as a file."""
    return policy_act(name, version, "export") + (f"/{segment(form)}" if form else "")


def policy_propose(name: str) -> str:
    return f"{policy(name)}/propose"


def policy_edit(name: str, version: int) -> str:
    return policy_act(name, version, "edit")


def policy_review(name: str, version: int) -> str:
    return policy_act(name, version, "review")


def policy_diff(name: str, version: int, before: int | None = None) -> str:
    return query(policy_act(name, version, "diff"), [("with", "" if before is None else str(before))])


def backtests_of(policy: str) -> str:
    return query(BACKTESTS, [("policy", policy)])


def backtest_new(policy: str) -> str:
    return f"{POLICIES}/{segment(policy)}/backtest"


def backtest(run: UUID | str) -> str:
    return f"{BACKTESTS}/{run}"


def backtest_cancel(run: UUID | str) -> str:
    return f"{backtest(run)}/cancel"


def backtest_flip(run: UUID | str, candidate: int | str, place: int | str) -> str:
    return f"{backtest(run)}/flips/{candidate}/{place}"


def policy_change(name: str) -> str:
    """The version that `price_deviation@4` names, where it is reviewed."""
    policy, _, version = name.rpartition("@")
    return policy_version(policy, int(version)) if version.isascii() and version.isdigit() else POLICIES

"""Groups: who of ours should be in them. Accounts that are not ours stay in a group as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headgate.connectors.provisioning.core.model import Change, Link, RemoteGroup, Step, Team
from headgate.kernel.phrases import phrase

TWO_NAMED = phrase("two groups there have this name")


def team_steps(
    teams: Sequence[Team],
    there: Sequence[RemoteGroup],
    links: Mapping[str, Link],
    users: Mapping[str, Link],
    joining: Sequence[Step],
    gone: frozenset[str],
) -> tuple[Step, ...]:
    """The steps for groups. `joining` are the steps for people, `gone` those whose accounts end with this plan."""
    by_id = {group.id: group for group in there}
    held = {link.remote_id for link in links.values()}
    by_name: dict[str, list[RemoteGroup]] = {}
    for group in there:
        if group.id not in held:
            by_name.setdefault(group.name.casefold(), []).append(group)
    ours = {link.remote_id: local for local, link in users.items()}
    ours |= {step.remote_id: step.local for step in joining if step.verb == "link"}
    # Whose account is there, or is made before the groups are looked after. Who was refused has none.
    refused = {step.local for step in joining if step.verb == "refuse" and step.local not in users}
    made = [
        step
        for team in teams
        if (step := _for_team(team, links.get(team.local), by_id, by_name, ours, refused, gone)) is not None
    ]
    wanted = {team.local for team in teams}
    left = [
        _released(link, by_id.get(link.remote_id), ours, gone) for link in links.values() if link.local not in wanted
    ]
    return (*made, *left)


def _for_team(
    team: Team,
    link: Link | None,
    by_id: Mapping[str, RemoteGroup],
    by_name: Mapping[str, list[RemoteGroup]],
    ours: Mapping[str, str],
    refused: set[str],
    gone: frozenset[str],
) -> Step | None:
    group = by_id.get(link.remote_id) if link is not None else None
    linked = group is not None
    if group is None:
        found = by_name.get(team.name.casefold(), [])
        if len(found) > 1:
            return Step("refuse", "group", team.local, "", team.name, reason=TWO_NAMED)
        group = found[0] if found else None
    members = team.members - refused
    if group is None:
        named = (Change("displayName", "", team.name),)
        return Step("create", "group", team.local, "", team.name, named, joins=tuple(sorted(members)))
    inside = {ours[id] for id in group.members if id in ours}
    joins, leaves = tuple(sorted(members - inside)), tuple(sorted(inside - members - gone))
    renamed = (Change("displayName", group.name, team.name),) if group.name != team.name else ()
    if not linked:
        return Step("link", "group", team.local, group.id, team.name, renamed, joins, leaves)
    if not (joins or leaves or renamed):
        return None
    return Step("change", "group", team.local, group.id, team.name, renamed, joins, leaves)


def _released(link: Link, group: RemoteGroup | None, ours: Mapping[str, str], gone: frozenset[str]) -> Step:
    """A group that is not kept in step any more: ours leave it, and it stays."""
    inside = () if group is None else tuple(sorted({ours[id] for id in group.members if id in ours} - gone))
    name = link.local if group is None else group.name
    return Step("forget", "group", link.local, link.remote_id, name, leaves=inside)


__all__ = ["team_steps"]
